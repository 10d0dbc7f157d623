"""The trials of a study that is kept in a folder or a database, for those who only read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.errors import DataError
from tradectl_sdk.pipelines.again import Past
from tradectl_sdk.pipelines.optimizing.choosing import require_optuna
from tradectl_sdk.pipelines.optimizing.database import stored_study
from tradectl_sdk.pipelines.optimizing.names import ABOUT, JOURNAL, ROW
from tradectl_sdk.pipelines.tried import Tried
from tradectl_sdk.research import SweepTable, Trial
from tradectl_sdk.runs.identity import IDENTITY_PARTS
from tradectl_sdk.runs.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

_LATEST = np.iinfo(np.int64).max // 2  # later than any bar, and still a date


def study_trials(folder: Path, reference: str, *, storage: str | None = None) -> Tried:
    """Read the trials that a study has made so far, in sample.

    Args:
        folder: Of the runs.
        reference: The study's id, or a unique beginning of it.
        storage: Address of the database that has it, as for an optimisation; the folder has it
            unless given.

    Raises:
        NotFoundError: If there is no such study there.
        DataError: If it is damaged.
        UsageError: If Optuna is not installed, or the address may not be used.
        TransportError: If the database cannot be reached.
    """
    read = _in_folder(folder, reference) if storage is None else stored_study(storage, reference)
    name, about, trials = read
    try:
        known: dict[str, Any] = json.loads(about)
        rows = [one for one in trials if ROW in one.user_attrs]
        names, points = list(known["metrics"]), [_point(row, known) for row in rows]
        table = SweepTable.of(points, names, [_trial(n, row, names) for n, row in enumerate(rows)])
        start, end = known["in_sample"]
        past = Past(
            name=f"study {name[:10]}",
            identity={part: known[part] for part in IDENTITY_PARTS},
            strategy=known["strategy"],
            start=nanoseconds(start) or 0,
            end=nanoseconds(end) or _LATEST,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"study {name} is damaged: {error}") from error
    return Tried(name=name, pasts=(past,), table=table)


def _in_folder(folder: Path, reference: str) -> tuple[str, str, list[Any]]:
    name = _shelf(folder).resolve(reference)
    try:
        about = (folder / name / ABOUT).read_text(encoding="utf-8")
        return name, about, _rows(folder / name / JOURNAL)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"study {name} is damaged: {error}") from error


def _shelf(folder: Path) -> Shelf:
    return Shelf(
        root=folder,
        kind="study",
        prefix="o-",
        digits=8,
        hint="tradectl optimize prints the id; --storage says which database has it",
    )


def _rows(journal: Path) -> list[Any]:
    """Trials that were made, in order, as Optuna has them; some await the others of their batch."""
    optuna = require_optuna()
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(journal)))
    (name,) = optuna.get_all_study_names(storage)
    trials: list[Any] = optuna.load_study(study_name=name, storage=storage).get_trials(
        deepcopy=False
    )
    return trials


def _point(row: Any, about: dict[str, Any]) -> dict[str, Any]:
    return {name: row.params[name] for name in about["ranges"]}


def _trial(number: int, row: Any, names: list[str]) -> Trial:
    metrics, final_equity, reason = json.loads(row.user_attrs[ROW])[:3]
    values = tuple(np.nan if value is None else value for value in metrics)
    known = values if len(values) == len(names) else ()
    return Trial(number, known, final_equity, reason=reason)
