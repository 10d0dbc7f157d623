"""Where sweeps are kept: one folder each, beside the runs, with one table for all trials."""

from __future__ import annotations

import json
import math
import os
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import DataError
from tradectl_sdk.research.across import middle
from tradectl_sdk.research.evidence import Evidence, weigh
from tradectl_sdk.research.neighbourhood import grid_layout
from tradectl_sdk.research.places import Place
from tradectl_sdk.research.table import SweepTable
from tradectl_sdk.runs.identity import name_of
from tradectl_sdk.runs.shelf import Shelf, ShelfStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCHEMA = "tradectl.sweep-table/1"
_MANIFEST, _TABLE, _WEIGHING = "manifest.json", "trials.npz", "overfitting.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredSweep:
    """A sweep as it is kept.

    Attributes:
        identity: Everything the results depend on; it names the sweep.
        about: What else a reader wants to know: strategy, data, when, how long.
        table: The trials.
    """

    identity: Mapping[str, Any]
    about: Mapping[str, Any]
    table: SweepTable

    @property
    def sweep_id(self) -> str:
        """``s-`` and 32 hexadecimal digits."""
        return sweep_id(self.identity)

    @property
    def sets(self) -> SweepTable:
        """One row for each parameter set: its trial, or the middle over the places it was in."""
        return middle(self.table)

    def evidence(self, metric: str) -> Evidence:
        """Say what speaks for the best set by a metric, and what against it.

        Its numbers are those of :attr:`sets`.
        """
        axes, sample = self.about["axes"], self.about.get("sample")
        whole = sample is None or sample >= math.prod(map(len, axes.values()))
        sets = self.sets
        layout = grid_layout(sets.points, axes, whole=whole)
        return weigh(sets, metric, layout, tried=len(self.table))


def sweep_id(identity: Mapping[str, Any]) -> str:
    """Name a sweep by the hash of everything its results depend on."""
    return name_of("s-", identity)


class SweepStore(ShelfStore):
    """The sweeps in a folder of runs.

    Args:
        root: The folder; made on the first save.
    """

    def __init__(self, root: Path) -> None:
        hint = "tradectl sweeps list shows them"
        super().__init__(Shelf(root=root, kind="sweep", prefix="s-", digits=8, hint=hint))

    def save(self, sweep: StoredSweep) -> str:
        """Keep a sweep in place of an earlier one of the same inputs, and return its id.

        Raises:
            DataError: If the disk refused; nothing is left behind then.
        """
        self._shelf.put(sweep.sweep_id, lambda folder: _write(sweep, folder))
        return sweep.sweep_id

    def keep_weighing(self, sweep_id: str, weighing: Mapping[str, Any]) -> None:
        """Keep with a sweep what its choice was found to be worth, in place of what was before.

        Raises:
            DataError: If the disk refused, or the sweep is not there any more.
        """
        place = self.root / sweep_id / _WEIGHING
        beside = place.with_name(f".{place.name}-{os.getpid()}")
        try:
            beside.write_text(json.dumps(weighing, allow_nan=False) + "\n", encoding="utf-8")
            beside.replace(place)
        except OSError as error:
            raise DataError(f"{place} could not be written: {error.strerror}") from error

    def weighing(self, sweep_id: str) -> Mapping[str, Any] | None:
        """Return what was kept of a sweep's choice; None where nobody asked, or it is damaged."""
        try:
            text = (self.root / sweep_id / _WEIGHING).read_text(encoding="utf-8")
            found = json.loads(text)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found.get("sweep") == sweep_id else None

    def find(self, identity: Mapping[str, Any]) -> StoredSweep | None:
        """Return the sweep with these inputs; None if there is none, or it is damaged."""
        return self._shelf.find(sweep_id(identity), _read)

    def load(self, reference: str) -> StoredSweep:
        """Read a sweep by its id, or a unique prefix of it.

        Raises:
            NotFoundError: If there is no such sweep.
            UsageError: If the prefix fits several.
            DataError: If it is damaged.
        """
        return self._shelf.read(self.resolve(reference), _read)

    def list(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return id and manifest of every sweep, the newest first; {} stands for a damaged one."""
        read = self._shelf.read_all(_manifest)
        found = [(each, {} if isinstance(one, DataError) else one) for each, one in read]
        found.sort(key=lambda pair: str(pair[1].get("about", {}).get("created", "")), reverse=True)
        return found


def _write(sweep: StoredSweep, folder: Path) -> None:
    table = sweep.table
    manifest = {
        "schema": SCHEMA,
        "identity": sweep.identity,
        "about": sweep.about,
        "points": [dict(point) for point in table.points[: table.sets]],
        "places": [place.to_json() for place in table.places],
        "metrics": list(table.metrics),
        "reasons": {str(number): reason for number, reason in table.reasons.items()},
    }
    np.savez_compressed(
        folder / _TABLE,
        allow_pickle=False,
        final_equity=table.final_equity,
        order_hashes=np.array(table.order_hashes, dtype="S64"),
        **{f"metric_{name}": column for name, column in table.metrics.items()},
    )
    (folder / _MANIFEST).write_text(json.dumps(manifest, allow_nan=False) + "\n", encoding="utf-8")


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        sound = manifest["schema"] == SCHEMA and sweep_id(manifest["identity"]) == folder.name
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, str(error)) from error
    if not sound:
        raise _damaged(folder, f"{_MANIFEST} belongs to another sweep")
    return manifest


def _read(folder: Path) -> StoredSweep:
    manifest = _manifest(folder)
    places = [
        Place(each["instrument"] or "", each["window"] or "")
        for each in manifest.get("places", ())  # sweeps of the first version have none
    ]
    try:
        with np.load(folder / _TABLE, allow_pickle=False) as stored:
            table = SweepTable(
                points=manifest["points"] * max(len(places), 1),
                metrics={name: stored[f"metric_{name}"] for name in manifest["metrics"]},
                final_equity=stored["final_equity"],
                order_hashes=[each.decode() for each in stored["order_hashes"].tolist()],
                reasons={int(number): text for number, text in manifest["reasons"].items()},
                places=places,
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _damaged(folder, str(error)) from error
    if any(len(column) != len(table) for column in table.metrics.values()):
        raise _damaged(folder, "its table has another number of trials")
    return StoredSweep(identity=manifest["identity"], about=manifest["about"], table=table)


def _damaged(folder: Path, reason: str) -> DataError:
    return DataError(
        f"sweep {folder.name} is damaged: {reason}", hint="running it again writes it anew"
    )
