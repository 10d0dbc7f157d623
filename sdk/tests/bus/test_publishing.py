"""What a publisher keeps, and what it answers to those who missed something."""

from __future__ import annotations

from typing import Any

import pytest
from bus_parts import HOST, NOWHERE
from msgspec.structs import replace
from tradectl_sdk.bus import PublisherCore, StreamLimits
from tradectl_sdk.bus.greeting import hello_of
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.wire import Answer, Ask, Bye, Pulse
from tradectl_sdk.bus.window import MILLISECOND

SECOND = 1000 * MILLISECOND


def publisher(count: int = 0, **limits: Any) -> PublisherCore:
    core = PublisherCore("", 7, 0, limits=StreamLimits(**limits))
    for number in range(1, count + 1):
        core.publish(0, f"m{number}", size=10)
    return core


def ask(core: PublisherCore, after: Cursor) -> list[Answer]:
    found = list(core.answer(Ask(request=5, hello=hello_of(HOST), after=after)))
    assert all(isinstance(one, Answer) and one.request == 5 and one.at == core.seq for one in found)
    assert [one.part for one in found] == list(range(len(found)))  # type: ignore[union-attr]
    assert {one.parts for one in found} == {len(found)}  # type: ignore[union-attr]
    return found  # type: ignore[return-value]


def bodies(answers: list[Answer]) -> list[Any]:
    return [item.body for answer in answers for item in answer.items]


def test_messages_are_numbered_and_say_what_came_before() -> None:
    core = publisher()
    first, second = core.publish(5, "a", topic="t"), core.publish(6, "b")
    assert (first.epoch, first.after, first.seq, first.sent, first.topic) == (7, 0, 1, 5, "t")
    assert (second.after, second.seq, second.topic) == (1, 2, "")
    assert core.cursor == Cursor(7, 2)


def test_a_pulse_comes_when_nothing_was_said_for_a_heartbeat() -> None:
    core = publisher()
    core.publish(SECOND // 2, "a")
    assert core.pulse(SECOND) is None
    assert core.wake == 3 * SECOND // 2
    assert core.pulse(core.wake) == Pulse(7, 1, 3 * SECOND // 2)
    assert core.pulse(core.wake - 1) is None


@pytest.mark.parametrize("after", range(6))
def test_exactly_what_was_missed_is_answered(after: int) -> None:
    answers = ask(publisher(5), Cursor(7, after))
    assert bodies(answers) == [f"m{number}" for number in range(after + 1, 6)]
    assert all(one.complete for one in answers)


@pytest.mark.parametrize(
    "after", [NOWHERE, Cursor(6, 3), Cursor(8, 1), Cursor(7, 1), Cursor(7, 6), Cursor(7, -1)]
)
def test_what_the_ring_does_not_hold_is_answered_by_the_latest_of_each_topic(after: Cursor) -> None:
    core = publisher(ring=3)
    for topic, body in (("a", 1), ("b", 2), ("", 3), ("a", 4), ("", 5)):
        core.publish(0, body, topic=topic)
    answers = ask(core, after)
    assert bodies(answers) == [2, 4]
    assert not any(one.complete for one in answers)


def test_the_ring_is_bounded_by_bytes_too() -> None:
    core = publisher(5, ring_bytes=25)
    assert bodies(ask(core, Cursor(7, 3))) == ["m4", "m5"]
    assert not ask(core, Cursor(7, 2))[0].complete


def test_topics_are_bounded_and_the_longest_unchanged_goes_first() -> None:
    core = publisher(topics=2)
    for topic in ("a", "b", "a", "c"):
        core.publish(0, topic, topic=topic)
    assert bodies(ask(core, NOWHERE)) == ["a", "c"]


def test_answers_are_cut_into_parts_that_fit() -> None:
    by_count = ask(publisher(10, part=4), Cursor(7, 0))
    assert [len(one.items) for one in by_count] == [4, 4, 2]
    by_size = ask(publisher(10, part_bytes=25), Cursor(7, 0))
    assert [len(one.items) for one in by_size] == [2] * 5
    huge = ask(publisher(2, part_bytes=5), Cursor(7, 0))
    assert [len(one.items) for one in huge] == [1, 1]
    assert bodies(by_count) == bodies(by_size)


def test_nothing_to_tell_is_an_answer_too() -> None:
    (answer,) = ask(publisher(), NOWHERE)
    assert (answer.items, answer.complete, answer.at) == ((), False, 0)


def test_a_stranger_is_refused() -> None:
    core = publisher(1)
    stranger = replace(hello_of(HOST), session="other")
    (bye,) = core.answer(Ask(request=1, hello=stranger, after=NOWHERE))
    assert isinstance(bye, Bye)
    assert bye.text == "session was 'other', expected ''"
    assert core.refused == 1
