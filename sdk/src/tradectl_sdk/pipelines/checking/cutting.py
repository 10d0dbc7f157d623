"""What is checked, and the same run on a part of its data, made again as far as it can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.pipelines.series import Resampling, to_columns

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.engine import Outcome, Plan
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.prepared import ColumnMaker
    from tradectl_sdk.strategy import Strategy

NOTHING = -(2**63)
LEAST = 20  # bars before and after a cut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """What is checked.

    Attributes:
        job: The run.
        outcome: What it produced.
        reference: The strategy as it was asked for.
        settings: Everything that was assumed.
        makers: Prepared columns that can be made again, by name.
        bars: How many of its first bars are gone through bar by bar.
        seed: Of all draws.
    """

    job: Job
    outcome: Outcome
    reference: str | type[Strategy]
    settings: Settings
    makers: Mapping[str, ColumnMaker]
    bars: int
    seed: int = 0

    @property
    def times(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """When the bars of all series closed that are gone through one by one."""
        first = [one.time[: self.bars] for one in self.job.plan.columns]
        return np.unique(np.concatenate(first))[: self.bars]

    @property
    def earliest(self) -> int:
        """From when on every series has a bar."""
        return max(int(one.time[0]) for one in self.job.plan.columns)


def part(subject: Subject, last: int, first: int = NOTHING) -> Plan:
    """The run on the bars that closed from ``first`` to ``last``, both included.

    Longer bars are made again from what is left. Prepared columns are cut, not made again: whether
    they can be believed is a question of its own.
    """
    plan = subject.job.plan
    rows = [_rows(one.time, first, last) for one in plan.columns]
    series = tuple(
        replace(one, bars=one.bars.rows(*row), prepared=None)
        for one, row in zip(subject.job.series, rows, strict=True)
    )
    return replace(
        plan,
        columns=tuple(to_columns(one.bars, index) for index, one in enumerate(series)),
        resample=Resampling(series),
        signals={
            name: [values[slice(*row)] for values, row in zip(each, rows, strict=True)]
            for name, each in plan.signals.items()
        },
    )


def spread(draw: random.Random, first: int, end: int, count: int) -> Iterator[int]:
    """Yield one random place in each of as many equal stretches."""
    step = (end - first) / count
    for number_ in range(count):
        yield min(first + int((number_ + draw.random()) * step), end - 1)


def _rows(
    time: np.ndarray[tuple[int], np.dtype[np.int64]], first: int, last: int
) -> tuple[int, int]:
    return int(np.searchsorted(time, first)), int(np.searchsorted(time, last, side="right"))
