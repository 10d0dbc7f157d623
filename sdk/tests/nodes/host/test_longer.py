"""Longer bars as they form are those a backtest makes of the whole series."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from casino import market
from counterpart import Session, exact
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine import Assumptions, Mode, Plan, run
from tradectl_sdk.pipelines.series import LoadedSeries, Resampling, to_columns
from tradectl_sdk.strategy import Strategy
from workbench import START, columns, instrument

HOUR = 3_600_000_000_000


class Looks(Strategy):
    """Writes down what it sees of longer bars, and trades on them."""

    def on_start(self, ctx):
        self.hours = ctx.bar("3h")
        self.days = ctx.bar("1d")
        self.saw = 0.0

    def on_bar(self, ctx, bar):
        for series in (self.hours, self.days):
            if series.count:
                value = series.open + series.high - series.low + series.close + series.volume
                self.saw = self.saw * 0.5 + value + series.count + series.time / 1e18
        if self.hours.count % 2:
            ctx.target(float(self.hours.count % 5))


def plan_of(seed: int, count: int, kept: list[list[int]]) -> Plan:
    ones = [instrument(f"S{k}", tick_size=Decimal("0.01")) for k in range(count)]
    series = []
    for k, one in enumerate(ones):
        whole = columns(market(seed + k, 80), one, k, HOUR)
        rows = sorted(set(kept[k]))
        names = ("open", "high", "low", "close")
        prices = {n: t[rows] for n, t in zip(names, whole.ticks, strict=True)}
        frame, time = Timeframe(HOUR), whole.time[rows] - HOUR
        series.append(
            Bars(instrument=one, timeframe=frame, time=time, volume=whole.lots[rows], **prices)
        )
    loaded = [LoadedSeries(bars=one, content_hash="", origin="test") for one in series]
    return Plan(
        instruments=ones,
        columns=[to_columns(one, k) for k, one in enumerate(series)],
        make_strategy=Looks,
        assumptions=Assumptions(),
        resample=Resampling(loaded),
    )


holes = st.lists(st.integers(0, 79), min_size=1, max_size=80)


@given(seed=st.integers(0, 99), kept=st.lists(holes, min_size=1, max_size=2))
@settings(max_examples=80, deadline=None)
def test_a_session_sees_the_longer_bars_of_its_backtest(seed, kept):
    plan = plan_of(seed, len(kept), kept)
    whole = run(plan, Mode.INTERPRETED)
    session = Session(exact(replace(plan, resample=None))).run()
    assert [one.saw for one in session.engine.strategies] == [one.saw for one in whole.strategies]
    assert session.executor.fills["price"].tolist() == whole.fills["price"].tolist()


def test_the_series_of_a_session_begin_where_its_history_begins():
    assert START % (3 * HOUR) == 0
    plan = plan_of(1, 1, [list(range(1, 20))])  # the first three hours are not whole
    session = Session(exact(replace(plan, resample=None))).run()
    strategy = session.engine.strategies[0]
    assert strategy.hours.count == 5
    assert np.isclose(strategy.hours.time, START + 18 * HOUR)
