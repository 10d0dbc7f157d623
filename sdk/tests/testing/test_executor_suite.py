"""The checks on executors pass for ours, and each finds what it is there for."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.pipelines.sweeps import Local, local
from tradectl_sdk.research import Effort
from tradectl_sdk.testing import Outcome, executor_checks, run_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.research import Task, Trial

REMOTE = {"remote"}


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_WORTH_FORKING", 0.0)


def failures(executor: type[Local], capabilities: set[str] = REMOTE) -> set[str]:
    checks = executor_checks(
        lambda _: executor(), rehearsal=lambda: nullcontext({}), capabilities=capabilities
    )
    return {one.name for one in run_checks(checks) if one.status is Outcome.FAILED}


def test_forked_workers_pass_whatever_is_asked_of_one_machine() -> None:
    assert failures(Local, set()) == set()


def test_without_workers_nothing_is_checked() -> None:
    results = run_checks(executor_checks(lambda _: Local(), capabilities=REMOTE))
    assert {one.status for one in results} == {Outcome.SKIPPED}


class Bent(Local):
    """Does what `Local` does, and something to what it tells."""

    def run(self, task: Task, numbers: Sequence[int], tell: Any, **given: Any) -> Effort:
        for number in numbers:
            self.bend(task(number), tell)
        return Effort(1)

    def bend(self, trial: Trial, tell: Callable[[Sequence[Trial]], None]) -> None:
        raise NotImplementedError


class Doubling(Bent):
    def bend(self, trial: Trial, tell: Callable[[Sequence[Trial]], None]) -> None:
        tell([trial, trial])


class Rounding(Bent):
    def bend(self, trial: Trial, tell: Callable[[Sequence[Trial]], None]) -> None:
        tell([replace(trial, metrics=tuple(round(each, 12) for each in trial.metrics))])


class Silencing(Bent):
    def bend(self, trial: Trial, tell: Callable[[Sequence[Trial]], None]) -> None:
        tell([replace(trial, reason="failed" if trial.reason else "")])


class Stubborn(Bent):
    def bend(self, trial: Trial, tell: Callable[[Sequence[Trial]], None]) -> None:
        try:
            tell([trial])
        except KeyboardInterrupt:
            return


@pytest.mark.parametrize(
    ("executor", "check"),
    [
        (Doubling, "runs_what_was_asked_for"),
        (Rounding, "gives_what_one_process_gives"),
        (Silencing, "records_trials_that_fail"),
        (Stubborn, "ends_when_it_is_told_to"),
        (Stubborn, "survives_dead_workers"),
    ],
)
def test_each_check_finds_what_it_is_for(executor: type[Local], check: str) -> None:
    checks = executor_checks(lambda _: executor(), rehearsal=lambda: nullcontext({}))
    (result,) = run_checks([one for one in checks if one.name == check])
    assert result.status is Outcome.FAILED


def test_workers_that_share_memory_and_environment_are_not_remote() -> None:
    assert failures(Local) == {"refuses_other_code", "carries_no_secrets"}
