"""Bars of one instant together, late ones marked, silence told, ticks in columns."""

from __future__ import annotations

import sys
from array import array

import pytest
from gateway_scene import BTC, ETH, MINUTE, SECOND, SIMULATED, Bench, bar, cursor, minutes, trade
from msgspec.structs import replace
from tradectl_sdk.bus.messages.market import Bars, Feed, Quotes, Ticks
from tradectl_sdk.exchange import FeedState, Print, Quote, Subscription
from tradectl_sdk.nodes.gateway.inputs import DataLost


def bench(*streams: Subscription, **rules: int) -> Bench:
    return Bench(*streams, card=SIMULATED, **rules).open()


def groups(scene: Bench) -> list[list[tuple[str, int]]]:
    return [
        [(one.instrument, one.time // MINUTE) for one in message.bars]
        for message in scene.said("market")
        if isinstance(message, Bars)
    ]


def test_a_single_stream_waits_for_nobody() -> None:
    scene = bench(*minutes(BTC)).step(bar(BTC, 1), bar(BTC, 2))
    assert groups(scene) == [[(BTC, 1)], [(BTC, 2)]]


def test_bars_of_one_instant_come_together_in_the_order_of_the_streams() -> None:
    scene = bench(*minutes(BTC, ETH)).step(bar(ETH, 1))
    assert groups(scene) == []
    assert scene.core.held == 1
    assert groups(scene.step(bar(BTC, 1))) == [[(BTC, 1), (ETH, 1)]]
    assert scene.core.held == 0


def test_the_wait_for_the_others_is_bounded() -> None:
    scene = bench(*minutes(BTC, ETH), grace=2 * SECOND).step(bar(BTC, 1))
    assert scene.wake == scene.now + 2 * SECOND
    assert groups(scene.wait(SECOND)) == []
    assert groups(scene.wait(SECOND)) == [[(BTC, 1)]]


def test_a_bar_of_a_later_instant_ends_the_wait() -> None:
    scene = bench(*minutes(BTC, ETH)).step(bar(BTC, 1), bar(BTC, 2))
    assert groups(scene) == [[(BTC, 1)]]
    assert groups(scene.step(bar(ETH, 2))) == [[(BTC, 1)], [(BTC, 2), (ETH, 2)]]


def test_a_late_bar_is_told_by_itself_and_marked() -> None:
    scene = bench(*minutes(BTC, ETH)).step(bar(BTC, 1), bar(BTC, 2), bar(ETH, 1))
    late = scene.said("market")[-1]
    assert late.late
    assert [one.time for one in late.bars] == [MINUTE]
    assert "late" in scene.notes()[-1]
    assert not scene.said("market")[0].late


def test_a_bar_that_waited_while_an_earlier_group_left_gets_a_grace_of_its_own() -> None:
    scene = bench(*minutes(BTC, ETH), grace=2 * SECOND).step(bar(BTC, 1))
    scene.wait(SECOND).step(bar(BTC, 2))
    assert groups(scene.wait(SECOND)) == [[(BTC, 1)]]
    assert groups(scene.wait(SECOND)) == [[(BTC, 1)], [(BTC, 2)]]


@pytest.mark.parametrize("repeated", [1, 2])
def test_a_bar_that_comes_again_or_goes_back_is_left_out(repeated: int) -> None:
    scene = bench(*minutes(BTC)).step(bar(BTC, 1), bar(BTC, 2), bar(BTC, repeated, close=999))
    assert groups(scene) == [[(BTC, 1)], [(BTC, 2)]]
    assert "again" in scene.notes()[-1]


def test_that_data_are_live_is_told_in_each_life_whether_the_exchange_says_so_or_not() -> None:
    """Whoever listens may have been told otherwise by the life before."""
    scene = Bench(*minutes(BTC, ETH), card=SIMULATED).open(live=False)
    scene.step(bar(BTC, 1), bar(ETH, 1), bar(BTC, 2), bar(ETH, 2))
    kinds = [type(one) for one in scene.said("market")]
    assert kinds == [Feed, Feed, Bars, Bars]
    states = [one.state for one in scene.said("market") if isinstance(one, Feed)]
    assert states == [FeedState(instrument=name, live=True) for name in (BTC, ETH)]


def test_a_stream_that_was_lost_is_live_again_with_its_first_datum() -> None:
    scene = bench(*minutes(BTC, ETH)).step(DataLost(text="it has ended"))
    assert scene.core.stale == {BTC, ETH}
    scene.step(bar(ETH, 1))
    assert scene.core.stale == {BTC}
    scene.step(FeedState(instrument=BTC, live=False), bar(BTC, 1))
    assert scene.core.stale == {BTC}, "the exchange itself does not trust it"


def test_bars_nobody_asked_for_are_left_out_and_told_of_once() -> None:
    scene = bench(*minutes(BTC)).step(bar(ETH, 1), bar(ETH, 2))
    assert groups(scene) == []
    assert scene.notes() == [f"bars of {ETH} came unasked"]


def test_a_bar_waits_only_for_streams_that_close_with_it() -> None:
    hours = Subscription(instrument=BTC, kind="bars", length=60 * MINUTE)
    weeks = Subscription(instrument=ETH, kind="bars", length=7 * 1440 * MINUTE)
    scene = bench(hours, weeks, *minutes(BTC))
    scene.step(bar(BTC, 1), bar(BTC, 59))
    assert groups(scene) == [[(BTC, 1)], [(BTC, 59)]]
    scene.step(bar(BTC, 60))
    assert scene.core.held == 1  # the hour closes with it
    monday = 4 * 1440
    scene.step(bar(BTC, monday))
    assert scene.core.held == 1  # and the week with this one
    scene.step(
        replace(bar(BTC, monday), length=60 * MINUTE),
        replace(bar(ETH, monday), length=7 * 1440 * MINUTE),
    )
    assert groups(scene)[-1] == [(BTC, monday), (ETH, monday), (BTC, monday)]


def test_two_lengths_of_one_instrument_are_two_streams() -> None:
    five = Subscription(instrument=BTC, length=5 * MINUTE)
    scene = bench(*minutes(BTC), five).step(bar(BTC, 5))
    assert groups(scene) == []


class TestSilence:
    @pytest.fixture
    def scene(self) -> Bench:
        return bench(*minutes(BTC), silence=10 * SECOND)

    def feeds(self, scene: Bench) -> list[FeedState]:
        return [one.state for one in scene.said("market") if isinstance(one, Feed)]

    def test_a_silent_stream_is_stale_until_it_is_heard_again(self, scene: Bench) -> None:
        assert self.feeds(scene.wait(129 * SECOND)) == []
        (state,) = self.feeds(scene.wait(SECOND))
        assert (state.instrument, state.live) == (BTC, False)
        assert scene.core.stale == {BTC}
        scene.forget().step(bar(BTC, 1))
        state, group = scene.said("market")
        assert state.state.live
        assert isinstance(group, Bars)
        assert scene.core.stale == frozenset()

    def test_it_is_told_once(self, scene: Bench) -> None:
        scene.wait(130 * SECOND).wait(500 * SECOND)
        assert len(self.feeds(scene)) == 1

    def test_whoever_speaks_is_not_silent(self, scene: Bench) -> None:
        for minute in range(1, 6):
            scene.wait(100 * SECOND).step(bar(BTC, minute))
        assert self.feeds(scene) == []

    def test_zero_is_no_watch(self) -> None:
        assert self.feeds(bench(*minutes(BTC), silence=0).wait(10**15)) == []

    def test_ticks_are_expected_without_pause(self) -> None:
        scene = bench(Subscription(instrument=BTC, kind="trades"), silence=10 * SECOND)
        assert self.feeds(scene.wait(10 * SECOND))


def test_what_the_exchange_says_of_its_data_is_passed_on_in_order() -> None:
    gap = FeedState(instrument=BTC, live=False, text="gap")
    scene = bench(*minutes(BTC)).step(bar(BTC, 1), gap, bar(BTC, 3))
    kinds = [type(message) for message in scene.said("market")]
    assert kinds == [Bars, Feed, Bars]
    assert scene.said("market")[1].state == gap


def prints(*prices: int) -> list[Print]:
    return [
        Print(instrument=BTC, time=number, price=price, lots=2, side=1)
        for number, price in enumerate(prices)
    ]


def test_ticks_that_came_together_leave_together_as_columns() -> None:
    scene = bench(Subscription(instrument=BTC, kind="trades")).step(*prints(5, 6, 7))
    (message,) = scene.said("market")
    assert isinstance(message, Ticks)
    column = array("q", message.price)
    if sys.byteorder == "big":
        column.byteswap()
    assert column.tolist() == [5, 6, 7]
    assert len(message.time) == len(message.lots) == len(message.side) == 24


def test_ticks_that_came_before_a_bar_are_told_before_it() -> None:
    streams = (Subscription(instrument=BTC, kind="trades"), *minutes(BTC))
    scene = bench(*streams).step(*prints(5), bar(BTC, 1), *prints(6))
    assert [type(message) for message in scene.said("market")] == [Ticks, Bars, Ticks]


def test_only_the_newest_quote_is_told() -> None:
    def quote(bid: int) -> Quote:
        return Quote(instrument=BTC, time=bid, bid=bid, bid_lots=1, ask=bid + 1, ask_lots=1)

    scene = bench(Subscription(instrument=BTC, kind="quotes")).step(quote(1), quote(2))
    (message,) = scene.said("market")
    assert message == Quotes(executions=cursor(0), quotes=(quote(2),))


def test_ticks_say_how_far_the_account_stream_had_got_when_they_left() -> None:
    scene = bench(Subscription(instrument=BTC, kind="trades")).step(trade(1), *prints(5))
    assert scene.said("market")[0].executions == cursor(1)
