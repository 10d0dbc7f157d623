"""Running the backtest of what a session saw."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import DataError
from tradectl_sdk.pipelines.series import LoadedSeries, Resampling, to_columns
from tradectl_sdk.pipelines.sessions.closed_bars import to_bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.engine import Outcome, Plan
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.pipelines.modelling import SignalModel
    from tradectl_sdk.pipelines.parity.story import Story


def replay(
    plan: Plan, story: Story, timeframe: Timeframe, models: Sequence[SignalModel] = ()
) -> tuple[Outcome, Plan]:
    """Run a session's plan as a backtest, on what the session saw, from where it began.

    Args:
        plan: What the session ran, without data.
        story: What it saw.
        timeframe: Length of its bars.
        models: What makes its signals; they are fitted again.

    Returns:
        What came of it, and the plan that was run.

    Raises:
        DataError: If the session saw nothing.
        ModelError: If a model raises, or gives what cannot be used.
    """
    if story.start is None or not story.bars:
        raise DataError(
            "the session has seen no bar yet", hint="tradectl status shows what it is doing"
        )
    held = {one.instrument: one.lots for one in story.start.holdings}
    series = [
        LoadedSeries(
            bars=to_bars(_seen(story.bars.get(str(one.id), {})), one, timeframe),
            content_hash="",
            origin="session",
        )
        for one in plan.instruments
    ]
    cash = Decimal(story.start.cash) / MONEY_UNITS
    whole = replace(
        plan,
        columns=tuple(to_columns(one.bars, index) for index, one in enumerate(series)),
        resample=Resampling(series),
        signals={one.signal: one.over(series) for one in models},
        assumptions=replace(plan.assumptions, cash=cash),
        holdings=tuple(held.get(str(one.id), 0) for one in plan.instruments),
        warmup=max(plan.warmup, story.warmed),
    )
    return run(whole, Mode.AUTO), whole


def _seen(seen: Mapping[int, BarClosed]) -> list[BarClosed]:
    return [seen[time] for time in sorted(seen)]
