"""A run as a folder of files: writing it, reading it, holding it to its checksums."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.domain.money import to_money
from tradectl_sdk.domain.records import FILL_DTYPE, ORDER_DTYPE
from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.manifest import MANIFEST, METRICS, manifest_of, read_manifest
from tradectl_sdk.runs.metrics.report import MetricsReport
from tradectl_sdk.runs.record import RunRecord, instrument_from_json
from tradectl_sdk.runs.tables import (
    AnyArray,
    narrow_records,
    pack_times,
    read_array,
    unpack_times,
    widen_records,
    write_array,
)
from tradectl_sdk.runs.trades import TRADE_DTYPE

if TYPE_CHECKING:
    from pathlib import Path


def write_run(record: RunRecord, folder: Path) -> None:
    """Write all files of a run into an empty folder, the manifest last."""
    steps, axis = pack_times(record.time)
    arrays: dict[str, AnyArray] = {
        "orders.npy": narrow_records(record.orders),
        "fills.npy": narrow_records(record.fills),
        "trades.npy": narrow_records(record.trades),
        "time.npy": steps,
        "equity.npy": record.equity,
    }
    if record.exposure is not None:
        arrays["exposure.npy"] = record.exposure
    files = {name: write_array(folder / name, values) for name, values in arrays.items()}

    metrics = _dump(metrics_to_json(record.metrics))
    (folder / METRICS).write_bytes(metrics)
    files[METRICS] = {"bytes": len(metrics), "crc32": zlib.crc32(metrics)}
    (folder / MANIFEST).write_bytes(_dump(manifest_of(record, axis) | {"files": files}))


def read_run(folder: Path) -> RunRecord:
    """Read all files of a run.

    Raises:
        DataError: If any of them is missing or not the one that was written.
    """
    manifest = read_manifest(folder)
    files: dict[str, dict[str, int]] = manifest["files"]

    def array(name: str) -> AnyArray:
        return read_array(folder / name, files[name])

    time = unpack_times(array("time.npy"), manifest["time_axis"])
    equity = array("equity.npy")
    if equity.shape != time.shape:
        raise DataError(f"equity.npy has {equity.shape} values, expected {time.shape}")
    return RunRecord(
        identity=manifest["identity"],
        strategy=manifest["strategy"],
        engine=manifest["engine"],
        instruments=tuple(instrument_from_json(row) for row in manifest["instruments"]),
        currency=manifest["currency"],
        initial_equity=to_money(manifest["initial_equity"]),
        final_equity=to_money(manifest["final_equity"]),
        orders=widen_records(array("orders.npy"), ORDER_DTYPE),
        fills=widen_records(array("fills.npy"), FILL_DTYPE),
        trades=widen_records(array("trades.npy"), TRADE_DTYPE),
        time=time,
        equity=equity,
        exposure=array("exposure.npy") if "exposure.npy" in files else None,
        metrics=_read_metrics(folder, files[METRICS]),
        order_list_hash=manifest["order_list_hash"],
        environment=manifest["environment"],
        warnings=tuple(manifest["warnings"]),
        created=manifest["created"],
    )


def metrics_to_json(report: MetricsReport) -> dict[str, Any]:
    """Write a metrics report as JSON: values, reasons for what is undefined, conventions."""
    return {
        "values": dict(report.values),
        "undefined": dict(report.undefined),
        "conventions": dict(report.conventions),
    }


def _read_metrics(folder: Path, expected: dict[str, int]) -> MetricsReport:
    try:
        content = (folder / METRICS).read_bytes()
    except OSError as error:
        raise DataError(f"{METRICS} could not be read: {error.strerror}") from error
    if len(content) != expected["bytes"] or zlib.crc32(content) != expected["crc32"]:
        raise DataError(f"{METRICS} is not the file that was written")
    return MetricsReport(**json.loads(content))


def _dump(value: object) -> bytes:
    """Write JSON that people can read too; NaN is refused."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=_plain_number)
    return (text + "\n").encode()


def _plain_number(value: object) -> int | float:
    """Turn a NumPy number into Python's; anything else is an error."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
