"""The trials of a study that is kept in a folder, for those who only read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.pipelines.again import Past
from tradectl_sdk.pipelines.overfitting import Tried
from tradectl_sdk.research import SweepTable, Trial
from tradectl_sdk.runs.identity import IDENTITY_PARTS
from tradectl_sdk.runs.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

_JOURNAL, _ABOUT, _ROW = "journal.log", "about.json", "row"
_LATEST = np.iinfo(np.int64).max // 2  # later than any bar, and still a date


def study_trials(folder: Path, reference: str) -> Tried:
    """Read the trials that a study has made so far, in sample.

    Args:
        folder: Of the runs.
        reference: The study's id, or a unique beginning of it.

    Raises:
        NotFoundError: If there is no such study there.
        DataError: If it is damaged.
        UsageError: If Optuna is not installed.
    """
    place = folder / _shelf(folder).resolve(reference)
    try:
        about: dict[str, Any] = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
        rows = _rows(place / _JOURNAL)
        names, points = list(about["metrics"]), [_point(row, about) for row in rows]
        table = SweepTable.of(points, names, [_trial(n, row, names) for n, row in enumerate(rows)])
        start, end = about["in_sample"]
        past = Past(
            name=f"study {place.name[:10]}",
            identity={part: about[part] for part in IDENTITY_PARTS},
            strategy=about["strategy"],
            start=nanoseconds(start) or 0,
            end=nanoseconds(end) or _LATEST,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"study {place.name} is damaged: {error}") from error
    return Tried(name=place.name, past=past, table=table)


def _shelf(folder: Path) -> Shelf:
    return Shelf(
        root=folder,
        kind="study",
        prefix="o-",
        digits=8,
        hint="tradectl optimize prints the id; studies in a database are not looked into",
    )


def _rows(journal: Path) -> list[Any]:
    """Trials that were made, in order, as Optuna has them; some await the others of their batch."""
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise UsageError(
            "reading a study needs Optuna, which is not installed",
            hint='pip install "tradectl-sdk[optimize]"',
        ) from error
    storage = JournalStorage(JournalFileBackend(str(journal)))
    (name,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
    return [one for one in trials if _ROW in one.user_attrs]


def _point(row: Any, about: dict[str, Any]) -> dict[str, Any]:
    return {name: row.params[name] for name in about["ranges"]}


def _trial(number: int, row: Any, names: list[str]) -> Trial:
    metrics, final_equity, reason = json.loads(row.user_attrs[_ROW])[:3]
    values = tuple(np.nan if value is None else value for value in metrics)
    known = values if len(values) == len(names) else ()
    return Trial(number, known, final_equity, reason=reason)
