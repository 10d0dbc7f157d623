"""Recorded bars as the public side of an exchange."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from counter import BTC, MINUTE, START, instrument
from test_exchange import WANTED, run, series
from tradectl_sdk.errors import ExchangeError, NotFoundError, UsageError
from tradectl_sdk.exchange import BarClosed, OrderRef, Subscription
from tradectl_sdk.paper import Replay
from tradectl_sdk.paper.instants import Instants
from tradectl_sdk.paper.replay import PAGE


def heard(replay: Replay, count: int, wanted: Any = WANTED) -> list[BarClosed]:
    async def listen() -> list[BarClosed]:
        found = []
        async for event in replay.market_data(wanted):
            if isinstance(event, BarClosed):
                found.append(event)
                if len(found) == count:
                    break
        return found

    return run(listen())


def test_bars_come_in_order_with_the_clock_at_their_close():
    replay = Replay([series([100, 101, 102])])
    bars = heard(replay, 3)
    assert [(bar.close, bar.time) for bar in bars] == [
        (100 + n, START + (n + 1) * MINUTE) for n in range(3)
    ]
    assert replay.clock() == START + 3 * MINUTE == run(replay.venue_time())


def test_it_begins_where_it_is_told_and_the_rest_is_history():
    replay = Replay([series([100, 101, 102, 103])], start=START + 2 * MINUTE)
    history = run(replay.history(BTC, MINUTE, 0, 2**62))
    assert [bar.close for bar in history] == [100, 101]
    assert [bar.close for bar in heard(replay, 2)] == [102, 103]


def test_history_comes_in_pages_and_never_from_the_future():
    replay = Replay([series([100] * 2500)], start=START + 2000 * MINUTE)
    first = run(replay.history(BTC, MINUTE, START, 2**62))
    second = run(replay.history(BTC, MINUTE, first[-1].time, 2**62))
    third = run(replay.history(BTC, MINUTE, second[-1].time, 2**62))
    assert (len(first), len(second), list(third)) == (PAGE, PAGE, [])


def test_a_listener_that_comes_again_goes_on_where_the_market_is():
    replay = Replay([series([100, 101, 102, 103])])
    assert [bar.close for bar in heard(replay, 2)] == [100, 101]
    assert [bar.close for bar in heard(replay, 2)] == [102, 103]


def test_speed_is_market_time_per_time_on_the_wall():
    async def measure() -> float:
        replay = Replay([series([100, 101, 102])], speed=600.0)  # a minute in a tenth of a second
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async for event in replay.market_data(WANTED):
            if isinstance(event, BarClosed) and event.close == 102:
                break
        return loop.time() - begun

    assert run(measure()) >= 0.29


def test_whoever_is_not_ready_keeps_the_next_instant_back():
    async def session() -> list[Any]:
        said: list[Any] = []

        async def pace(time: int) -> None:
            said.append(time)
            await asyncio.sleep(0.01)

        replay = Replay([series([100, 101])], pace=pace)
        async for event in replay.market_data(WANTED):
            if isinstance(event, BarClosed):
                said.append(event.close)
                if event.close == 101:
                    return said
        raise AssertionError

    assert run(session()) == [START + MINUTE, 100, START + 2 * MINUTE, 101]


def test_at_its_end_it_says_so_and_waits_to_be_closed():
    async def session() -> bool:
        replay = Replay([series([100])])

        async def close() -> None:
            await replay.finished.wait()
            await replay.close()

        closing = asyncio.create_task(close())
        events = [event async for event in replay.market_data(WANTED)]
        await closing
        return len(events) == 2

    assert run(session())


def test_series_of_several_lengths_come_together_at_their_instants():
    start = START // (5 * MINUTE) * 5 * MINUTE
    replay = Replay([series([100] * 5, start=start), series([7], length=5 * MINUTE, start=start)])
    wanted = [Subscription(instrument=BTC, length=n * MINUTE) for n in (5, 1)]
    bars = heard(replay, 6, wanted)
    assert [bar.length // MINUTE for bar in bars] == [1, 1, 1, 1, 5, 1]


def test_what_cannot_be_replayed_is_refused():
    with pytest.raises(UsageError, match="nothing to replay"):
        Replay([])
    with pytest.raises(UsageError, match="speed was -1"):
        Replay([series([100])], speed=-1)
    replay = Replay([series([100])])
    with pytest.raises(NotFoundError, match="no 1h bars") as caught:
        run(replay.history(BTC, 60 * MINUTE, 0, 1))
    assert "BTC/USDT.PAPER 1m" in caught.value.hint
    with pytest.raises(UsageError, match="trades were asked for"):
        heard(replay, 1, [Subscription(instrument=BTC, kind="trades")])


def test_it_has_no_account():
    replay = Replay([series([100])])
    ref = OrderRef(instrument=BTC, client_id="x")
    asked = [
        replay.submit([]),
        replay.cancel(ref),
        replay.query(ref),
        replay.open_orders(),
        replay.closed_orders(BTC, 0),
        replay.trades(BTC, 0),
        replay.balances(),
        anext(replay.account_events()),
    ]
    for question in asked:
        with pytest.raises(ExchangeError, match="no account"):
            run(question)
    assert run(replay.permissions()).trade is False
    assert run(replay.instruments()) == [instrument()]


def bar(instrument: str, length: int, time: int) -> BarClosed:
    return BarClosed(
        instrument=instrument, length=length, time=time, open=1, high=1, low=1, close=1, volume=1
    )


def test_a_weekly_bar_is_waited_for_on_mondays():
    week, monday = 10_080 * MINUTE, 1_700_438_400_000_000_000  # 2023-11-20
    instants = Instants([Subscription(instrument=BTC, length=n) for n in (MINUTE, week)])
    assert len(instants.take(bar(BTC, MINUTE, monday - MINUTE))) == 1
    assert instants.take(bar(BTC, MINUTE, monday)) == []
    assert instants.held
    (group,) = instants.take(bar(BTC, week, monday))
    assert [one.length for one in group] == [MINUTE, week]


def test_a_later_bar_ends_the_waiting_for_an_earlier_instant():
    instants = Instants([Subscription(instrument=name, length=MINUTE) for name in ("A.X", "B.X")])
    assert instants.take(bar("A.X", MINUTE, MINUTE)) == []
    groups = instants.take(bar("A.X", MINUTE, 2 * MINUTE))
    assert [[one.time for one in group] for group in groups] == [[MINUTE]]
    assert [len(group) for group in instants.take(None)] == [1]
