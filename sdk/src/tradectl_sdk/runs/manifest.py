"""The manifest: what a stored run says about itself, readable without NumPy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.identity import run_identity
from tradectl_sdk.runs.record import RUN_SCHEMA, instrument_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tradectl_sdk.runs.record import RunRecord

MANIFEST = "manifest.json"
METRICS = "metrics.json"
_FIELDS = (
    "run", "created", "strategy", "engine", "identity", "instruments", "currency",
    "initial_equity", "final_equity", "order_list_hash", "environment", "warnings", "counts",
    "time_axis", "files",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the list of runs.

    Attributes:
        run_id: The run's name.
        path: Its folder.
        manifest: What ``manifest.json`` says; empty when damaged.
        metrics: Value by name; empty when damaged.
        problem: What is wrong with it, empty for a sound run.
    """

    run_id: str
    path: Path
    manifest: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    problem: str = ""


def manifest_of(record: RunRecord, time_axis: Mapping[str, int]) -> dict[str, Any]:
    """Write the manifest of a run; ``files`` is added when they are written."""
    return {
        "schema": RUN_SCHEMA,
        "run": record.run_id,
        "created": record.created,
        "strategy": record.strategy,
        "engine": dict(record.engine),
        "identity": dict(record.identity),
        "instruments": [instrument_to_json(each) for each in record.instruments],
        "currency": record.currency,
        "initial_equity": plain(from_money(record.initial_equity)),
        "final_equity": plain(from_money(record.final_equity)),
        "order_list_hash": record.order_list_hash,
        "environment": dict(record.environment),
        "warnings": list(record.warnings),
        "counts": {
            "orders": int(record.orders.size),
            "fills": int(record.fills.size),
            "trades": int(record.trades.size),
            "points": int(record.time.size),
        },
        "time_axis": dict(time_axis),
    }


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: If it cannot be read or is something else.
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path.name} could not be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{path.name} was a {type(value).__name__}, expected an object")
    return value


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a run's manifest and hold it to the name of its folder.

    Raises:
        DataError: If it is damaged, of another schema, or another run's.
    """
    manifest = read_json(folder / MANIFEST)
    if (schema := manifest.get("schema")) != RUN_SCHEMA:
        raise DataError(f"{MANIFEST} has the schema {schema!r}, expected {RUN_SCHEMA!r}")
    if missing := [name for name in _FIELDS if name not in manifest]:
        raise DataError(f"{MANIFEST} lacks {', '.join(missing)}")
    if not isinstance(manifest["identity"], dict) or (
        run_identity(manifest["identity"]) != folder.name or manifest["run"] != folder.name
    ):
        raise DataError(f"{MANIFEST} belongs to another run")
    return manifest
