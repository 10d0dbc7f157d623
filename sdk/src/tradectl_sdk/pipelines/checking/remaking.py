"""Are columns that were prepared before the run made of what was known beside each bar?"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import StrategyError
from tradectl_sdk.pipelines.checking.cutting import LEAST, spread
from tradectl_sdk.pipelines.checking.peeks import Peek, first_difference
from tradectl_sdk.pipelines.checks import Check
from tradectl_sdk.pipelines.foresight import made_with_the_future
from tradectl_sdk.pipelines.prepared import make_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.checking.cutting import Subject
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.prepared import ColumnMaker

NAME = "prepared columns"
CUTS, STANDSTILLS = 32, 16
MOMENTS = 8  # offered to cut what models see; few of them are taken
FEW_CUTS = 3  # of each kind, in every backtest


def prepared_columns(subject: Subject) -> Check:
    """Columns prepared before the run have the same rows when they are made of fewer bars.

    Columns given as functions of the bars are made again on data cut at random bars, and inside
    stretches where they stand still, which is where filling backwards shows. Columns given as
    values cannot be made again. Models are fitted again before a few cuts only, for a fit is dear.
    """
    job, times = subject.job, subject.times
    moments = [int(time) for time in times[:: max(len(times) // MOMENTS, 1)]]
    if found := made_with_the_future(job.models, job.plan.signals, job.series, moments):
        return Check(name=NAME, status="fail", text=found)
    return remade(subject.job, subject.makers, CUTS, STANDSTILLS, subject.seed)


def remade(
    job: Job,
    makers: Mapping[str, ColumnMaker],
    cuts: int = FEW_CUTS,
    standstills: int = FEW_CUTS,
    seed: int = 0,
) -> Check:
    """Make the columns of a run again on data cut short, and compare their rows.

    Args:
        job: The run.
        makers: What makes its columns, by name.
        cuts: Random places.
        standstills: Places where the next value is the same.
        seed: Of the places.
    """
    signals = job.plan.signals
    if not signals:
        return Check(name=NAME, status="skip", text="the run has none")
    modelled = sorted(model.signal for model in job.models)
    if modelled and not set(signals) - set(modelled):
        text = f"{', '.join(modelled)}: models forecast the same, fitted again on less data"
        return Check(name=NAME, status="ok", text=text)
    made, refused = 0, ""
    for name, maker in makers.items():
        for one, values in zip(job.series, signals[name], strict=True):
            for place in _places(values, cuts, standstills, seed):
                try:
                    peek = _peek(name, maker, one.bars, values, place)
                except StrategyError as error:  # some models want more rows than there are
                    refused = error.message
                    continue
                if peek is not None:
                    return peek.check(NAME)
                made += 1
    return _verdict(sorted(makers), sorted(set(signals) - {*makers, *modelled}), made, refused)


def _verdict(names: Sequence[str], fixed: Sequence[str], made: int, refused: str) -> Check:
    if fixed:
        text = f"{', '.join(fixed)} cannot be made again; give the function that makes them of bars"
        return Check(name=NAME, status="warn", text=text, facts={"fixed": fixed})
    if not made:
        text = f"{', '.join(names)} could not be made again: {refused or 'too few bars'}"
        return Check(name=NAME, status="warn", text=text, facts={"fixed": names})
    text = f"{', '.join(names)}: the same rows, {made} times made again on less data"
    return Check(name=NAME, status="ok", text=text, facts={"made": made})


def _peek(name: str, maker: ColumnMaker, bars: Bars, values: Any, place: int) -> Peek | None:
    made = make_column(name, maker, bars.rows(0, place))
    closes = bars.close_time
    return first_difference(name, made, values[:place], closes, int(closes[place - 1]))


def _places(values: np.ndarray[Any, Any], cuts: int, standstills: int, seed: int) -> Sequence[int]:
    """How many rows to leave: spread, and where the next value is the same."""
    rows = len(values)
    if rows < 2 * LEAST:
        return []
    draw = random.Random(seed)  # noqa: S311 - places to cut, no secret
    same = np.flatnonzero(values[LEAST : rows - 1] == values[LEAST + 1 : rows]) + LEAST + 1
    still: list[int] = same.tolist()
    chosen = draw.sample(still, min(standstills, len(still)))
    return sorted({*chosen, *spread(draw, LEAST, rows, cuts)})
