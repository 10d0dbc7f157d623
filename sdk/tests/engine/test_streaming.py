"""A feed that grows bar by bar is read as one that was there from the start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from casino import assumptions, make_plan, seeds, several, shortened
from hypothesis import given
from tradectl_sdk.domain.records import ORDER_FIELDS
from tradectl_sdk.engine import Assumptions, Columns, Mode, run
from tradectl_sdk.engine.engine import DONE, GROW
from tradectl_sdk.engine.run import grow
from tradectl_sdk.engine.streaming import StreamBar, streaming_engine
from tradectl_sdk.errors import UsageError
from workbench import Scripted


def bar_of(series: Columns, at: int) -> StreamBar:
    return StreamBar(
        time=int(series.time[at]),
        ticks=tuple(int(column[at]) for column in series.ticks),
        lots=int(series.lots[at]),
        prices=tuple(float(column[at]) for column in series.prices),
        volume=float(series.volume[at]),
    )


def step(engine) -> None:
    while (state := engine.run()) != DONE:
        if state == GROW:
            grow(engine)


@given(seed=seeds, assume=assumptions)
@several
def test_bars_appended_one_at_a_time_give_the_bytes_of_a_whole_run(seed, assume):
    for count, history in ((1, 0), (2, 7)):
        plan = make_plan(seed, count, 60, assume)
        whole = run(plan, Mode.INTERPRETED)
        known = replace(plan, columns=[shortened(one, history) for one in plan.columns])
        engine = streaming_engine(known, room=4)
        equity = []
        step(engine)
        for at in range(history, 60):
            for stream, series in enumerate(plan.columns):
                engine.feed.append(stream, bar_of(series, at))
            step(engine)
            equity.append(engine.equity[engine.instants - 1])
        booking = engine.desk.venue.booking
        orders = np.asarray(booking.orders.rows)[: booking.orders.count, : len(ORDER_FIELDS)]
        assert orders.tobytes() == whole.orders.tobytes()
        assert np.asarray(booking.fills.rows)[: booking.fills.count].tobytes() == (
            whole.fills.tobytes()
        )
        assert equity == whole.equity[history:].tolist()


def endless(room: int, script=lambda ctx, bar, number: None):
    plan = make_plan(1, 1, 0, Assumptions())
    return streaming_engine(replace(plan, make_strategy=lambda: Scripted(script)), room=room)


def one(time: int) -> StreamBar:
    return StreamBar(time=time, ticks=(1, 1, 1, 1), lots=1, prices=(0.01,) * 4, volume=1.0)


def test_the_count_of_a_series_goes_on_and_memory_does_not(held):
    counts = []
    engine = endless(8, lambda ctx, bar, number: counts.append((series.count, series.close)))
    series = engine.context.bar("1d")
    series.bind(0)
    for time in range(1, 301):
        engine.feed.append(0, one(time))
        step(engine)
    before = held()
    for time in range(301, 2001):
        engine.feed.append(0, one(time))
        step(engine)
        counts.pop()
    grown = held() - before
    assert series.count == 2000
    assert counts[-1] == (300, 0.01)
    assert len(engine.feed.close) == 8
    assert grown < 4096


def test_a_bar_that_does_not_come_after_the_last_is_refused():
    engine = endless(8)
    engine.feed.append(0, one(5))
    with pytest.raises(UsageError, match="a bar closed at 5, expected after the one before, 5"):
        engine.feed.append(0, one(5))


def test_no_bar_is_forgotten_before_it_was_read():
    engine = endless(4)
    for time in (1, 2, 3):
        engine.feed.append(0, one(time))
    with pytest.raises(UsageError, match="3 bars wait to be read"):
        engine.feed.append(0, one(4))
    step(engine)
    engine.feed.append(0, one(4))
    assert engine.feed.due[0] == 4
