"""Sessions under seeded faults converge, and builds that are broken on purpose are found out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.exchange import Unclear
from tradectl_sdk.nodes.executor.answers import Answers
from tradectl_sdk.nodes.executor.reports import Reports
from tradectl_sdk.nodes.executor.standing import Standing
from tradectl_sdk.nodes.host.continuity import Continuity
from tradectl_sdk.nodes.host.inbox import Inbox
from tradectl_sdk.testing.simulation import STORM, Climate, Script, simulate
from tradectl_sdk.testing.simulation.executor import ExecutorProcess

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = int(os.environ.get("TRADECTL_SEEDS", "40"))
CHUNK = 10


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_goes_wrong_the_session_converges(first: int) -> None:
    seen: dict[str, int] = {}
    for seed in range(first, min(first + CHUNK, SEEDS)):
        verdict = simulate(seed)
        assert verdict.violations == (), f"seed {seed}\n" + "\n".join(verdict.trace[-60:])
        for fault, count in verdict.faults.items():
            seen[fault] = seen.get(fault, 0) + count
    assert len(seen) > 8, "hardly anything went wrong"


def without_dedupe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trade that is told twice is booked twice."""
    monkeypatch.setattr(Reports, "_is_known", lambda *_: False)


def without_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed is gone after a restart."""

    def forget(self: ExecutorProcess, records: list[object]) -> None:
        self.sent.update(getattr(one, "client_id", "") for one in records)

    monkeypatch.setattr(ExecutorProcess, "commit", forget)


def unknown_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order whose answer never came is taken for rejected."""
    honest: Callable[..., None] = Answers._submitted

    def guess(self: Answers, order: object, outcome: object) -> None:
        if isinstance(outcome, Unclear) and order.status == 3:
            self._recorder.move(order, int(OrderEvent.REJECT), 0, "guessed")
        else:
            honest(self, order, outcome)

    monkeypatch.setattr(Answers, "_submitted", guess)


def without_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders pass the gate although the kill switch was thrown."""
    honest: Callable[..., int] = Standing.against

    def against(self: Standing, *args: Any, **options: Any) -> int:
        reason = honest(self, *args, **options)
        return 0 if reason == DenyReason.HALTED else reason

    monkeypatch.setattr(Standing, "against", against)


def without_memory_of_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strategy is told again what an executor repeats after its restart."""
    monkeypatch.setattr(Inbox, "_is_new", lambda *_: True)


def without_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole in the data is taken for a market that rested."""
    monkeypatch.setattr(Continuity, "arrive", lambda _: set())


# Answers get lost and the account stream tells nothing for a while: only questions help.
DEAF = Climate(answer_lost=0.2, answer_unreadable=0.2, news_late=0.3, stream_breaks=0.15)
BROKEN = {
    without_dedupe: Script(climate=STORM, bars=40, rest=60),
    without_journal: Script(climate=STORM, bars=40, rest=60),
    unknown_is_rejected: Script(climate=DEAF, bars=40, rest=60),
    without_the_switch: Script(climate=STORM, bars=40, rest=60, halts=True),
    without_memory_of_fills: Script(climate=STORM, bars=40, rest=60),
    without_doubt: Script(climate=STORM, bars=40, rest=60),
}


@pytest.mark.parametrize("breaking", BROKEN, ids=lambda one: one.__name__)
def test_a_build_that_is_broken_on_purpose_is_found_out(
    breaking: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = BROKEN[breaking]
    assert simulate(1, script).violations == ()
    breaking(monkeypatch)
    found = next((seed for seed in range(1, 13) if simulate(seed, script).violations), None)
    assert found is not None, "twelve storms, and nobody noticed"
