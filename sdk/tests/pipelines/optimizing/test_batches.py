"""Who runs the trials of an optimisation changes none of them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from sought import RANGES, Sought, same, search
from tradectl_sdk import backtest
from tradectl_sdk.errors import NotFoundError
from tradectl_sdk.pipelines.optimizing.batch_tpe import BatchTpe, best_of_groups
from tradectl_sdk.pipelines.sweeps import local
from tradectl_sdk.research import Effort, Executor


class Mortal(Sought):
    """Kills its worker for some parameters: for some always, for others once."""

    folder = Path()
    parent = 0

    def on_start(self, ctx):
        super().on_start(ctx)
        if os.getpid() == self.parent:
            return
        if self.fast == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        once = self.folder / f"{self.fast}-{self.slow}"
        if self.fast >= 11 and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Watched(Executor):
    """Runs a batch from its end, and remembers what it was given."""

    def __init__(self):
        self.given = []

    def run(self, task, numbers, tell, *, workers=None):
        self.given.append((list(numbers), workers))
        for number in reversed(numbers):
            tell([task(number)])
        return Effort(3, deaths=1)


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little there is to do, workers do it."""
    monkeypatch.setattr(local, "_WORTH_FORKING", 0.0)


def test_workers_find_what_one_process_finds(bars, tmp_path, forked):
    told = []
    alone = search(bars, tmp_path / "one", 20, workers=1)
    spread = search(
        bars, tmp_path / "two", 20, workers=2,
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    same(alone, spread)
    assert (alone.effort, spread.effort) == (Effort(1), Effort(2))
    assert told[-1] == (20, 20)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert alone.study_id == spread.study_id


def test_an_executor_gets_batches_and_may_answer_in_any_order(bars, tmp_path):
    executor = Watched()
    found = search(bars, tmp_path / "a", 14, executor=executor, workers=5, batch=4)
    assert executor.given == [([n, n + 1, n + 2, n + 3], 5) for n in (0, 4, 8)] + [([12, 13], 5)]
    assert found.effort == Effort(3, deaths=4)
    same(found, search(bars, tmp_path / "b", 14, batch=4))
    other = search(bars, tmp_path / "c", 1, batch=5)
    assert other.study_id != found.study_id


def test_a_study_that_is_made_longer_in_the_middle_of_a_batch_is_the_same(bars, tmp_path):
    whole = search(bars, tmp_path / "whole", 30, batch=6)
    for trials in (3, 15, 16, 30):
        parts = search(bars, tmp_path / "parts", trials, batch=6, resume=True)
        assert len(parts.table) == trials
    same(whole, parts)


def test_a_process_that_died_while_it_asked_for_a_batch_asks_for_the_rest_of_it(bars, tmp_path):
    whole = search(bars, tmp_path / "whole", 24, batch=6)
    journal = tmp_path / "whole" / whole.study_id / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    begun = [place for place, line in enumerate(lines) if json.loads(line)["op_code"] == 4]
    assert len(begun) > 24  # points that did not meet the condition among them
    for place in (begun[-3], begun[-2] + 1, begun[-1] + 2):  # before, and in the middle of one
        journal.write_bytes(b"".join(lines[:place]))
        again = search(bars, tmp_path / "whole", 24, batch=6, resume=True)
        assert again.resumed == 18
        same(whole, again)


def test_a_batch_of_one_is_drawn_as_optuna_draws_it():
    study = optuna.create_study()
    spaces = {"a": IntDistribution(0, 40), "b": FloatDistribution(-1, 1)}
    for number in range(15):
        asked = study.ask(spaces)
        study.tell(asked, number % 4 + asked.params["b"])
    study.sampler = TPESampler(seed=5, constant_liar=False)
    expected = study.ask(spaces).params
    study.sampler = BatchTpe(5, 1, 0)
    assert study.ask(spaces).params == expected
    study.sampler = BatchTpe(5, 4, 0)
    drawn = [study.ask(spaces).params for _ in range(4)]
    assert len({each["b"] for each in drawn}) == 4
    study.sampler = BatchTpe(5, 4, 2)
    assert [study.ask(spaces).params for _ in range(2)] == drawn[2:]


def test_no_point_is_drawn_twice_for_a_batch_while_others_are_left():
    rows = np.array([[1.0], [2.0], [1.0], [3.0], [1.0], [1.0]])
    assert best_of_groups(rows, np.array([2.0, 1, 3, 1, 2, 3]), 3) == [0, 3, 5]


def test_a_worker_that_is_killed_costs_no_trial_but_its_own(bars, tmp_path, forked, monkeypatch):
    monkeypatch.setattr(Mortal, "folder", tmp_path)
    monkeypatch.setattr(Mortal, "parent", os.getpid())
    found = search(bars, tmp_path / "runs", 24, strategy=Mortal, workers=2, sampler="random")
    lost = {number for number, each in enumerate(found.table.points) if each["fast"] == 3}
    assert set(found.table.reasons) == lost - {0}
    assert lost - {0}
    assert all("worker process died" in each for each in found.table.reasons.values())
    once = {(each["fast"], each["slow"]) for each in found.table.points if each["fast"] >= 11}
    assert found.effort.deaths == 3 * len(lost) + len(once) > 3 * len(lost)
    for number in set(range(24)) - lost:
        point = found.table.points[number]
        record = backtest(Sought, bars, parameters=point, mode="interpreted").record
        assert int(found.table.final_equity[number]) == record.final_equity


def test_an_executor_that_nobody_offers_is_not_found_before_anything_runs(bars, tmp_path):
    with pytest.raises(NotFoundError, match="no executor 'dusk'"):
        search(bars, tmp_path, executor="dusk", ranges=RANGES)
    assert not list(tmp_path.iterdir())
