from __future__ import annotations

import itertools
import logging
import threading
from typing import TYPE_CHECKING

from tradectl_sdk.errors import NotDeliveredError
from tradectl_sdk.notify import Courier, Level, Notice, Notifier, Patience, Sender

if TYPE_CHECKING:
    import pytest


def notice(name: str, *, kind: str = "fill", level: Level = Level.INFO) -> Notice:
    return Notice(
        id=name,
        time=0,
        level=level,
        kind=kind,
        session="p-1",
        strategy="cross",
        live=True,
        title=name,
    )


class Recorder(Notifier):
    interval = 0.0

    def __init__(self, failures: list[Exception] | None = None) -> None:
        self.told: list[str] = []
        self.failures = failures or []
        self.called = threading.Semaphore(0)

    def send(self, notices) -> None:
        try:
            if self.failures:
                raise self.failures.pop(0)
            self.told += [one.title for one in notices]
        finally:
            self.called.release()


def courier(*senders: Sender) -> Courier:
    made = Courier(senders, patience=Patience(first=1, most=1), clock=lambda: 0)
    made.start()
    return made


def test_every_sender_is_told_what_it_wants_to_know_and_all_of_what_is_critical() -> None:
    everything, fills, urgent = Recorder(), Recorder(), Recorder()
    running = courier(
        Sender(name="all", notifier=everything),
        Sender(name="fills", notifier=fills, kinds=frozenset({"fill"})),
        Sender(name="urgent", notifier=urgent, level=Level.WARNING),
    )
    running.offer(notice("bought"))
    running.offer(notice("started", kind="session"))
    running.offer(notice("halted", kind="switch", level=Level.CRITICAL))
    assert running.close() == 0
    assert sorted(everything.told) == ["bought", "halted", "started"]
    assert sorted(fills.told) == ["bought", "halted"]
    assert urgent.told == ["halted"]


def test_a_slow_sender_holds_nobody_up() -> None:
    gate = threading.Event()

    class Stuck(Notifier):
        def send(self, notices) -> None:
            gate.wait(60)

    quick = Recorder()
    running = courier(Sender(name="stuck", notifier=Stuck()), Sender(name="quick", notifier=quick))
    running.offer(notice("a"))
    assert quick.called.acquire(timeout=60)
    assert quick.told == ["a"]
    gate.set()
    running.close()


def test_a_failure_is_tried_again_and_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    flaky = Recorder([NotDeliveredError("telegram answered with status 500")])
    clock = itertools.count(0, 10)
    with caplog.at_level(logging.WARNING, "tradectl.notify"):
        running = Courier(
            [Sender(name="phone", notifier=flaky)],
            patience=Patience(first=1, most=1),
            clock=lambda: next(clock),
        )
        running.start()
        running.offer(notice("a"))
        assert flaky.called.acquire(timeout=60)
        assert flaky.called.acquire(timeout=60)
        running.close()
    assert flaky.told == ["a"]
    assert "phone: telegram answered with status 500; will be tried again" in caplog.text


def test_a_notifier_that_raises_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    broken = Recorder([ValueError("oops")])
    with caplog.at_level(logging.ERROR, "tradectl.notify"):
        running = courier(Sender(name="phone", notifier=broken))
        running.offer(notice("a"))
        assert broken.called.acquire(timeout=60)
        assert running.close() == 1  # it failed, and there is no more time
    assert "notifier phone raised" in caplog.text


def test_a_hopeless_sender_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    wrong = Recorder([NotDeliveredError("telegram answered with status 401", hopeless=True)])
    with caplog.at_level(logging.WARNING, "tradectl.notify"):
        running = courier(Sender(name="phone", notifier=wrong))
        running.offer(notice("a"))
        assert wrong.called.acquire(timeout=60)
        assert running.close() == 1
    assert "given up" in caplog.text


def test_the_next_message_says_how_many_were_lost() -> None:
    recorder = Recorder()
    running = Courier(
        [Sender(name="phone", notifier=recorder)], patience=Patience(waiting=1), clock=lambda: 0
    )
    for name in "abc":
        running.offer(notice(name))
    running.start()
    running.close()
    assert recorder.told == ["2 earlier notices did not get through", "c"]


def test_a_headline_says_live_in_capitals() -> None:
    assert notice("bought 2").headline == "LIVE cross: bought 2"
