"""Who runs the trials of an optimisation changes none of them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sought import RANGES, Sought, same, search
from tradectl_sdk import backtest
from tradectl_sdk.errors import NotFoundError
from tradectl_sdk.pipelines.optimizing import books, journal
from tradectl_sdk.pipelines.optimizing.batch_tpe import BatchTpe, best_of_groups
from tradectl_sdk.pipelines.optimizing.grid_tpe import GridTpe
from tradectl_sdk.pipelines.optimizing.known import Known
from tradectl_sdk.pipelines.optimizing.sampling import Sampling
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


class Unwritten(str):
    """A path in the place of our journal: Optuna writes its own."""

    __slots__ = ()

    def flush(self):
        """Nothing is held back."""

    def close(self):
        """Nothing is open."""


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
    for place in (begun[-3], begun[-1]):
        journal.write_bytes(b"".join(lines[:place]))
        again = search(bars, tmp_path / "whole", 24, batch=6, resume=True)
        assert again.resumed == 18
        same(whole, again)


@pytest.mark.parametrize("kept", [1, 2, 3, 150])
def test_a_study_that_optuna_kept_itself_is_gone_on_with(bars, tmp_path, monkeypatch, kept):
    whole = search(bars, tmp_path / "whole", 30)
    with monkeypatch.context() as patch:
        patch.setattr(books, "Books", lambda journal: JournalStorage(JournalFileBackend(journal)))
        patch.setattr(journal, "JournalFile", lambda path: Unwritten(str(path)))
        theirs = search(bars, tmp_path / "theirs", 14, batch=8)
    file = tmp_path / "theirs" / theirs.study_id / "journal.log"
    lines = file.read_bytes().splitlines(keepends=True)
    begun = [place for place, line in enumerate(lines) if json.loads(line)["op_code"] == 4]
    file.write_bytes(b"".join(lines[: begun[-1] + kept]))
    same(whole, search(bars, tmp_path / "theirs", 30, batch=8, resume=True))


def test_optuna_reads_our_books(bars, tmp_path):
    made = search(bars, tmp_path, 12, sampler="nsga2", objectives=["sharpe_ratio", "trades"])
    backend = JournalFileBackend(str(tmp_path / made.study_id / "journal.log"))
    (study,) = optuna.get_all_study_summaries(JournalStorage(backend))
    trials = optuna.load_study(study_name=study.study_name, storage=JournalStorage(backend)).trials
    rows = [each for each in trials if "row" in each.user_attrs]
    assert [each.params for each in rows] == made.table.points
    assert all(each.state.is_finished() for each in trials[:-8])


def learned(spaces, trials, direction="minimize", stopped=()):
    """A study of trials drawn at random, some of which missed a limit, and what is known of it."""
    study = optuna.create_study(direction=direction)
    study.sampler = optuna.samplers.RandomSampler(seed=trials)
    for number in range(trials):
        asked = study.ask(spaces)
        asked.set_user_attr("row", "")
        if number % 5 == 4:
            asked.set_constraint("trades >= 30", float(number % 3))
        if number in stopped:
            asked.report(float(number % 7), 1 + number % 2)
            study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(asked, number % 4 + hash(tuple(asked.params.values())) % 7)
    known = Known(study.directions[0], spaces, "row")
    known.learn(study.trials)
    return study, known


def test_a_batch_of_one_is_drawn_as_optuna_draws_it():
    spaces = {"a": IntDistribution(0, 40), "b": FloatDistribution(-1, 1)}
    study, known = learned(spaces, 15)
    study.sampler = TPESampler(seed=5, constant_liar=False)
    expected = study.ask(spaces).params
    batches = BatchTpe(study, spaces)
    assert batches.points(known, 5, 1) == [expected]
    drawn = batches.points(known, 5, 4)
    assert len({each["b"] for each in drawn}) == 4


@pytest.mark.parametrize(
    ("trials", "direction"), [(10, "minimize"), (26, "maximize"), (400, "minimize")]
)
def test_tables_give_the_points_that_optunas_densities_give(trials, direction):
    spaces = {
        "slow": IntDistribution(30, 150),
        "fast": IntDistribution(5, 25, step=4),
        "share": FloatDistribution(-1, 1, step=0.25),
        "side": CategoricalDistribution(["long", "short", "both"]),
    }
    assert GridTpe.suits(spaces)
    assert not GridTpe.suits({"b": FloatDistribution(-1, 1)})
    study, known = learned(spaces, trials, direction, stopped=range(0, trials, 6))
    ours, optunas = BatchTpe(study, spaces), BatchTpe(study, spaces)
    optunas._grids = None
    for seed in range(3):
        assert ours.points(known, seed, 8) == optunas.points(known, seed, 8)


def test_where_few_trials_met_their_limits_those_that_were_stopped_count_as_good_first():
    spaces = {"a": IntDistribution(0, 9)}
    study, known = learned(spaces, 40, stopped=range(3, 40))
    ours, optunas = BatchTpe(study, spaces), BatchTpe(study, spaces)
    optunas._grids = None
    assert ours.points(known, 1, 8) == optunas.points(known, 1, 8)


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


def bred(spaces, directions, *, apart, limited=True):
    """Points of 120 trials of NSGA-II, in batches of eight, with what it notes of each."""
    study = optuna.create_study(directions=directions)
    sampling = Sampling(
        study, spaces, sampler="nsga2", seed=4, batch=8, objectives=len(directions), apart=apart
    )
    known = Known(study.directions[0], spaces, "row")
    for begin in range(0, 120, 8):
        known.learn(study.trials)
        sampling.begin(known)
        batch = [asked(study, sampling, known, begin + place) for place in range(8)]
        for number, trial in enumerate(batch, begin):
            trial.set_user_attr("row", "")
            fast, slow = trial.params["fast"], trial.params["slow"]
            if number % 3 == 0 and limited:
                trial.set_constraint("trades >= 30", float(slow % 5 - 2))
            if number % 11 == 0:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, [float(slow % 17 - fast), float(slow)][: len(directions)])
    return [(each.params, each.system_attrs) for each in study.trials]


def asked(study, sampling, known, number):
    """Begin a trial at its point, or let Optuna be asked for one."""
    point = sampling.point(number, known)
    if point is None:
        study.sampler = sampling.asking(number)
        return study.ask(sampling._spaces)
    begun = books.running_trial(point, sampling._spaces, sampling.notes)
    return optuna.trial.Trial(study, study._storage.create_new_trial(study._study_id, begun))


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("directions", [["maximize", "minimize"], ["maximize"]])
def test_generations_have_the_points_that_optuna_gives_when_it_is_asked(directions, limited):
    spaces = {
        "slow": IntDistribution(3, 150),
        "only": IntDistribution(7, 7),
        "fast": IntDistribution(5, 25, step=4),
        "share": FloatDistribution(-1, 1),
        "side": CategoricalDistribution(["long", "short", "both"]),
    }
    ours = bred(spaces, directions, apart=False, limited=limited)
    assert ours == bred(spaces, directions, apart=True, limited=limited)
    assert ours[-1][1]["NSGAIISampler:generation"] == 2
