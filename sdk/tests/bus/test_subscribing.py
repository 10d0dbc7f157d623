"""The rules of a stream's receiving end, one by one, under a virtual clock."""

from __future__ import annotations

from typing import Any

import pytest
from bus_parts import HOST, NOWHERE
from tradectl_sdk.bus import Fresh, Gap, PublisherCore, Stale, StreamLimits, SubscriberCore
from tradectl_sdk.bus.conflation import ConflatingQueue
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.wire import Bye, Item, Pulse, Who
from tradectl_sdk.bus.window import MILLISECOND

SECOND = 1000 * MILLISECOND
LIMITS = StreamLimits(queue=8, ring=6)


class Bench:
    """A subscriber with a publisher that answers, unless told not to."""

    def __init__(self, limits: StreamLimits = LIMITS) -> None:
        self.now = SECOND
        self.limits = limits
        self.publisher = PublisherCore("", 1, self.now, limits=limits)
        self.core = SubscriberCore(HOST, self.now, limits=limits)

    def publish(self, count: int = 1, *, lose: bool = False, topic: str = "") -> Bench:
        for _ in range(count):
            body = f"m{self.publisher.seq + 1}"
            item = self.publisher.publish(self.now, body, topic=topic)
            if not lose:
                self.core.hear(self.now, item)
        return self

    def answer(self) -> Bench:
        while self.core.asks:
            for answer in self.publisher.answer(self.core.asks.popleft()):
                self.core.hear(self.now, answer)
        return self

    def pass_time(self, by: int, *, pulses: bool = True) -> Bench:
        end = self.now + by
        while (due := min(self.core.wake, self.publisher.wake)) <= end:
            self.now = max(self.now, due)
            pulse = self.publisher.pulse(self.now)
            if pulse is not None and pulses:
                self.core.hear(self.now, pulse)
            if self.core.wake <= self.now:
                self.core.tick(self.now)
                assert self.core.wake > self.now
        self.now = end
        return self

    def read(self) -> list[Any]:
        found = []
        while (what := self.core.take(self.now)) is not None:
            found.append(what.body if isinstance(what, Item) else what)
        return found


@pytest.fixture
def bench() -> Bench:
    return Bench().answer()


def test_nothing_is_read_before_the_publisher_has_answered() -> None:
    bench = Bench().publish(2)
    assert bench.read() == []
    assert not bench.core.joined
    bench.answer().publish()
    assert bench.core.joined
    # What had been published before is not asked for, but whoever joins hears of it: it would wait
    # in vain for a message that was the last one.
    assert bench.read() == [Gap(expected=Cursor(1, 1), found=Cursor(1, 2)), "m3"]


def test_the_latest_of_a_topic_is_no_gap_when_there_was_nothing_else() -> None:
    bench = Bench().publish(topic="t")
    assert bench.answer().read() == ["m1"]


def test_a_hole_is_filled_without_a_gap(bench: Bench) -> None:
    bench.publish().publish(2, lose=True).publish(2)
    assert bench.read() == ["m1"]
    assert bench.answer().read() == ["m2", "m3", "m4", "m5"]
    assert (bench.core.repaired, bench.core.gaps) == (1, 0)


def test_a_loss_at_the_end_is_seen_by_the_pulse(bench: Bench) -> None:
    bench.publish().publish(2, lose=True)
    bench.pass_time(SECOND)
    assert bench.answer().read() == ["m1", "m2", "m3"]


def test_a_hole_that_the_ring_cannot_fill_is_a_gap(bench: Bench) -> None:
    bench.publish().publish(lose=True, topic="t").publish(8, lose=True).publish()
    gap = Gap(expected=Cursor(1, 2), found=Cursor(1, 11))
    assert bench.answer().read() == ["m1", gap, "m2"]
    assert bench.publish().read() == ["m12"]


def test_another_life_is_a_gap_and_what_the_dead_one_left_is_passed_over(bench: Bench) -> None:
    bench.publish(2)
    ghost = bench.publisher
    bench.publisher = PublisherCore("", 2, bench.now, limits=LIMITS)
    bench.publish(lose=True, topic="t").publish()
    gap = Gap(expected=Cursor(1, 3), found=Cursor(2, 2))
    assert bench.answer().read() == ["m1", "m2", gap, "m1"]
    bench.core.hear(bench.now, ghost.publish(bench.now, "of a ghost"))
    bench.core.hear(bench.now, Pulse(1, 9, bench.now))
    assert bench.answer().read() == []
    assert bench.publish().read() == ["m3"]


def test_what_the_answer_has_is_not_read_again(bench: Bench) -> None:
    bench.publish(lose=True).publish(3).answer()
    bench.core.hear(bench.now, Item(1, 1, 2, 0, "", "m2"))  # type: ignore[arg-type]
    assert bench.read() == ["m1", "m2", "m3", "m4"]


def test_a_question_without_an_answer_is_asked_again_and_an_old_answer_not_taken(
    bench: Bench,
) -> None:
    bench.publish(lose=True).publish()
    first = bench.core.asks[0]
    bench.pass_time(SECOND)
    assert len(bench.core.asks) >= 3
    for answer in bench.publisher.answer(first):
        bench.core.hear(bench.now, answer)
    assert bench.read() == []
    assert bench.answer().read() == ["m1", "m2"]


def test_more_unread_than_there_is_room_for_is_asked_for_when_the_node_has_caught_up(
    bench: Bench,
) -> None:
    bench.publish(12)
    assert bench.core.waiting == 0
    bench.publish(2)
    assert bench.read() == []
    gap = Gap(expected=Cursor(1, 1), found=Cursor(1, 14))
    assert bench.answer().read() == [gap]
    assert bench.publish(3).read() == ["m15", "m16", "m17"]


def test_what_overflowed_but_is_in_the_ring_is_no_gap() -> None:
    bench = Bench(StreamLimits(queue=8, ring=30)).answer()
    bench.publish(3)
    assert bench.read() == ["m1", "m2", "m3"]
    bench.publish(12).read()
    assert bench.answer().read() == [f"m{number}" for number in range(4, 16)]


def test_a_newer_message_replaces_an_unread_one_of_its_topic(bench: Bench) -> None:
    bench.publish(topic="q").publish().publish(topic="q").publish(topic="r").publish(topic="q")
    assert bench.read() == ["m2", "m4", "m5"]
    assert bench.core.conflated == 2


def test_a_queue_keeps_the_row_unbroken_when_it_conflates() -> None:
    core, queue = PublisherCore("", 1, 0), ConflatingQueue()
    for topic in ("q", "q", "", "q", "", "q"):
        queue.push(core.publish(0, topic, topic=topic))
    found = []
    while (item := queue.pop()) is not None:
        found.append((item.after, item.seq))
    assert found == [(0, 3), (3, 5), (5, 6)]
    assert queue.conflated == 3
    queue.push(core.publish(0, "x", topic="q"))
    queue.clear()
    assert (len(queue), queue.pop()) == (0, None)


def test_silence_is_stale_and_the_next_word_fresh(bench: Bench) -> None:
    bench.publish().read()
    bench.pass_time(10 * SECOND)
    assert bench.read() == []
    bench.pass_time(4 * SECOND, pulses=False)
    assert bench.core.is_silent
    (stale,) = bench.read()
    assert isinstance(stale, Stale)
    assert stale.text == "nothing was heard for 3 s"
    assert bench.core.asks  # perhaps it is only our ears
    bench.answer()
    assert bench.read() == []
    assert bench.publish().read() == [Fresh(), "m2"]


def test_our_own_sleep_is_not_the_publishers_silence(bench: Bench) -> None:
    bench.now += 60 * SECOND
    bench.core.tick(bench.now)
    assert bench.read() == []


def test_messages_that_are_read_late_are_marked_until_they_are_prompt(bench: Bench) -> None:
    bench.publish()
    assert bench.read() == ["m1"]
    bench.publish(2)
    bench.now += 2 * SECOND
    stale, *rest = bench.read()
    assert isinstance(stale, Stale)
    assert (stale.late, stale.text) == (2 * SECOND, "messages are 2.0 s late")
    assert rest == ["m2", "m3"]
    bench.publish()
    bench.now += 800 * MILLISECOND
    assert bench.read() == ["m4"]  # better, but not good
    assert bench.publish().read() == [Fresh(), "m5"]


def test_lateness_is_measured_against_the_promptest_whatever_the_clocks_say() -> None:
    """A publisher on another machine has another monotonic clock."""
    bench = Bench().answer()
    offset = 10**15
    core = bench.core
    core.hear(bench.now, Item(1, 0, 1, offset + 50, "", "a"))  # type: ignore[arg-type]
    core.hear(bench.now, Item(1, 1, 2, offset + 20, "", "b"))  # type: ignore[arg-type]
    assert bench.read() == ["a", "b"]
    core.hear(5 * SECOND, Item(1, 2, 3, offset + 30, "", "c"))  # type: ignore[arg-type]
    bench.now = 5 * SECOND
    assert [type(one) for one in bench.read()] == [Stale, str]


def test_the_latest_of_a_topic_is_not_late_however_old(bench: Bench) -> None:
    bench.publish().read()
    bench.publish(lose=True, topic="q").publish(10, lose=True)
    bench.now += 30 * SECOND
    bench.publish().answer()
    assert [type(one) for one in bench.read()] == [Gap, str]


def test_a_refusal_is_stale_with_its_reason_and_tried_again_slowly() -> None:
    bench = Bench()
    bench.core.asks.clear()
    bench.core.hear(bench.now, Bye(epoch=1, to=HOST.epoch, why="refused", text="session was 'a'"))
    assert bench.read() == [Stale(text="the publisher refuses: session was 'a'")]
    bench.pass_time(4 * SECOND)
    assert not bench.core.asks
    bench.pass_time(2 * SECOND)
    assert bench.core.asks
    bench.core.hear(bench.now, Bye(epoch=1, to=99, why="refused", text="for another"))
    assert bench.core.refused == 1


def test_what_cannot_be_read_is_stale_until_something_can_be(bench: Bench) -> None:
    bench.core.mistrust("was no frame")
    assert bench.read() == [Stale(text="was no frame")]
    bench.core.hear(bench.now, Who())
    assert bench.core.refused == 2
    assert bench.publish().read() == [Fresh(), "m1"]


def test_a_wire_that_was_joined_anew_is_asked_over_at_once(bench: Bench) -> None:
    bench.publish(2, lose=True)
    bench.core.connected(bench.now)
    assert bench.answer().read() == ["m1", "m2"]
    bench.publish(12)
    bench.core.connected(bench.now)
    assert not bench.core.asks  # the node has to catch up first


def test_a_question_that_arrived_twice_is_answered_once(bench: Bench) -> None:
    """Its two answers have other parts: what was published in between is in the second only."""
    bench = Bench(StreamLimits(part=2, queue=8, ring=6)).answer()
    bench.publish(3, lose=True).publish()
    (ask,) = bench.core.asks
    first = list(bench.publisher.answer(ask))
    bench.publish(2, lose=True)
    second = list(bench.publisher.answer(ask))
    for answer in (first[0], second[2], first[1], second[1], second[0]):
        bench.core.hear(bench.now, answer)
    assert bench.core.at == Cursor(1, 6)
    assert bench.read() == [f"m{number}" for number in range(1, 7)]


def test_nobody_has_read_anything_at_first() -> None:
    assert Bench().core.at == NOWHERE
