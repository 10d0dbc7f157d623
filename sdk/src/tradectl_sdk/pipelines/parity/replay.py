"""Running the backtest of what a session saw."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.data import Bars
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import DataError
from tradectl_sdk.pipelines.series import LoadedSeries, Resampling, to_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.engine import Outcome, Plan
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.pipelines.parity.story import Story


def replay(plan: Plan, story: Story, timeframe: Timeframe) -> Outcome:
    """Run a session's plan as a backtest, on what the session saw, from where it began.

    Raises:
        DataError: If the session saw nothing.
    """
    if story.start is None or not story.bars:
        raise DataError(
            "the session has seen no bar yet", hint="tradectl status shows what it is doing"
        )
    held = {one.instrument: one.lots for one in story.start.holdings}
    series = [
        LoadedSeries(
            bars=_bars(story.bars.get(str(one.id), {}), one, timeframe),
            content_hash="",
            origin="session",
        )
        for one in plan.instruments
    ]
    cash = Decimal(story.start.cash) / MONEY_UNITS
    return run(
        replace(
            plan,
            columns=tuple(to_columns(one.bars, index) for index, one in enumerate(series)),
            resample=Resampling(series),
            assumptions=replace(plan.assumptions, cash=cash),
            holdings=tuple(held.get(str(one.id), 0) for one in plan.instruments),
            warmup=max(plan.warmup, story.warmed),
        ),
        Mode.AUTO,
    )


def _bars(seen: Mapping[int, BarClosed], instrument: Instrument, timeframe: Timeframe) -> Bars:
    ordered = [seen[time] for time in sorted(seen)]

    def column(name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array([getattr(bar, name) for bar in ordered], np.int64)

    return Bars(
        instrument=instrument,
        timeframe=timeframe,
        time=column("time") - timeframe.nanoseconds,
        open=column("open"),
        high=column("high"),
        low=column("low"),
        close=column("close"),
        volume=column("volume"),
    )
