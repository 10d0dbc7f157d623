from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.notify import Level, Notice, Patience, SenderQueue

SECOND = 1_000_000_000


def notice(name: str, *, time: int = 0, level: Level = Level.INFO) -> Notice:
    return Notice(
        id=name,
        time=time,
        level=level,
        kind="fill",
        session="p-1",
        strategy="cross",
        live=False,
        title=name,
    )


def ids(notices) -> list[str]:
    return [one.id for one in notices]


def test_what_waits_is_sent_together_the_oldest_first() -> None:
    queue = SenderQueue(interval=SECOND)
    for name in "abc":
        assert queue.offer(notice(name))
    assert ids(queue.take(0)) == ["a", "b", "c"]


def test_a_notice_is_told_once_however_often_it_is_offered() -> None:
    queue = SenderQueue(interval=SECOND)
    assert queue.offer(notice("a"))
    assert not queue.offer(notice("a"))
    queue.delivered(queue.take(0), 0)
    assert not queue.offer(notice("a"))
    assert len(queue) == 0


def test_the_service_gets_the_pause_it_asks_for_between_two_messages() -> None:
    queue = SenderQueue(interval=5 * SECOND)
    queue.offer(notice("a"))
    queue.delivered(queue.take(0), 0)
    queue.offer(notice("b"))
    assert queue.take(5 * SECOND - 1) == ()
    assert ids(queue.take(5 * SECOND)) == ["b"]


def test_each_failure_doubles_the_wait_up_to_the_longest() -> None:
    patience = Patience(first=2 * SECOND, most=7 * SECOND)
    queue = SenderQueue(interval=0, patience=patience)
    queue.offer(notice("a"))
    waits = []
    for _ in range(4):
        queue.failed(0)
        waits.append(queue.due // SECOND)
    assert waits == [2, 4, 7, 7]
    queue.delivered(queue.take(7 * SECOND), 7 * SECOND)
    queue.offer(notice("b"))
    queue.failed(0)
    assert queue.due == 2 * SECOND  # patience starts anew after a success


def test_the_wait_is_never_shorter_than_the_service_asks_for() -> None:
    queue = SenderQueue(interval=0)
    queue.offer(notice("a"))
    queue.failed(0, retry_after=99 * SECOND)
    assert queue.due == 99 * SECOND


def test_a_hopeless_sender_is_left_alone_and_counts_what_it_missed() -> None:
    queue = SenderQueue(interval=0)
    queue.offer(notice("a"))
    queue.failed(0, hopeless=True)
    assert not queue.offer(notice("b"))
    assert queue.take(10**18) == ()
    assert queue.dropped == 1


def test_the_oldest_of_the_least_urgent_make_room() -> None:
    queue = SenderQueue(interval=0, patience=Patience(waiting=2))
    queue.offer(notice("critical", level=Level.CRITICAL))
    queue.offer(notice("old"))
    queue.offer(notice("new"))
    assert ids(queue.take(0)) == ["critical", "new"]
    assert queue.dropped == 1


def test_what_is_urgent_is_in_the_next_message_whatever_waits_before_it() -> None:
    queue = SenderQueue(interval=0, batch=2)
    for name in "abc":
        queue.offer(notice(name))
    queue.offer(notice("fire", level=Level.CRITICAL))
    assert ids(queue.take(0)) == ["a", "fire"]


def test_what_is_too_old_is_dropped_and_counted_the_critical_much_later() -> None:
    queue = SenderQueue(interval=0, patience=Patience(age=10 * SECOND))
    queue.offer(notice("a"))
    queue.offer(notice("fire", level=Level.CRITICAL))
    assert ids(queue.take(11 * SECOND)) == ["fire"]
    assert queue.dropped == 1
    assert queue.take(101 * SECOND) == ()


@given(st.lists(st.sampled_from(["offer", "send", "fail"]), max_size=60), st.integers(1, 5))
def test_nothing_is_sent_twice_and_nothing_is_lost_uncounted(steps, waiting) -> None:
    queue = SenderQueue(interval=1, batch=3, patience=Patience(waiting=waiting, first=1, most=4))
    sent: list[str] = []
    lost = offered = now = 0
    for step in steps:
        now += 5
        if step == "offer":
            offered += queue.offer(notice(str(offered), time=now))
        elif step == "send":
            batch = queue.take(now)
            if batch:
                lost += queue.dropped
                queue.delivered(batch, now)
                sent += ids(batch)
        else:
            queue.failed(now)
    assert len(set(sent)) == len(sent)
    assert len(sent) + lost + queue.dropped + len(queue) == offered
