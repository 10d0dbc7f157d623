"""Bars as pandas frames, for the engines that want them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from benchmarks import datasets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measuring import Task

COLUMNS = ("open", "high", "low", "close", "volume")


def bars(task: Task, names: tuple[str, ...] = COLUMNS, zone: str | None = None) -> pd.DataFrame:
    """One instrument's bars under these column names, indexed by open time."""
    stored = datasets.read(task.data, task.key)
    return _frame(stored, names, zone)


def each(task: Task, names: tuple[str, ...] = COLUMNS) -> Iterator[pd.DataFrame]:
    """The bars of every instrument of workload C."""
    stored = datasets.read(task.data, task.key)
    for k in range(datasets.WIDTH):
        yield _frame({n: v if n == "time" else v[:, k] for n, v in stored.items()}, names, None)


def _frame(stored: dict, names: tuple[str, ...], zone: str | None) -> pd.DataFrame:  # type: ignore[type-arg]
    values = {name: stored[name.lower()] for name in names}
    return pd.DataFrame(values, index=pd.DatetimeIndex(stored["time"], tz=zone))
