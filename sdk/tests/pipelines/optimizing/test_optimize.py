"""An optimisation is its backtests, whoever chose them and whatever interrupted it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sought import NAMED, Forecast, Sought, same, search
from tradectl_sdk import backtest
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.pipelines.optimizing.places import StudyFolder
from tradectl_sdk.pipelines.optimizing.question import Made, violation
from tradectl_sdk.pipelines.optimizing.weighing import weigh_trials
from tradectl_sdk.research import Constraint, Trial
from tradectl_sdk.research.ranges import Range


class Fragile(Sought):
    """Raises, for some parameters."""

    def on_bar(self, ctx, bar):
        if self.fast > 6:
            raise ValueError("too fast")
        super().on_bar(ctx, bar)


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2", "cmaes"])
def test_every_trial_is_the_backtest_with_its_parameters(bars, tmp_path, sampler):
    result = search(bars, tmp_path, 14, sampler=sampler)
    table = result.table
    assert len(table) == 14
    assert len({tuple(point.values()) for point in table.points}) > 6
    assert all(point["fast"] < point["slow"] for point in table.points)
    for number, point in enumerate(table.points):
        record = backtest(Sought, bars, parameters=point, mode="interpreted").record
        assert int(table.final_equity[number]) == record.final_equity
        for name, value in table.row(number)["metrics"].items():
            assert value == record.metrics.values[name], name


def test_the_best_is_shown_in_and_out_of_sample_as_the_backtests_of_both(bars, tmp_path):
    result = search(bars, tmp_path, 10, out_of_sample=0.3)
    first, last = result.about["in_sample"][1], result.about["out_of_sample"][0]
    assert first == last
    best = result.ranked[0]
    for window, found in (
        ({"end": first}, result.in_sample),
        ({"start": last}, result.out_of_sample),
    ):
        record = backtest(
            Sought, bars, parameters=result.table.points[best], trials=10, mode="interpreted",
            **window,
        ).record  # fmt: skip
        assert len(record.time) in {210, 90}
        for name, value in found[best].items():
            assert value == record.metrics.values[name], name
    assert result.evidence.deflated_sharpe == result.in_sample[best]["deflated_sharpe"]
    assert result.evidence.trials == 10


def test_the_same_seed_finds_the_same_and_another_one_something_else(bars, tmp_path):
    one, again, other = (
        search(bars, tmp_path / str(n), 4, seed=seed) for n, seed in enumerate((3, 3, 4))
    )
    same(one, again)
    assert one.table.points != other.table.points


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "cmaes"])
def test_a_study_goes_on_as_if_it_had_never_stopped(bars, tmp_path, sampler):
    whole = search(bars, tmp_path / "whole", 16, sampler=sampler)
    search(bars, tmp_path / "parts", 5, sampler=sampler)
    with pytest.raises(UsageError, match="begun before") as caught:
        search(bars, tmp_path / "parts", 16, sampler=sampler)
    assert "--resume" in caught.value.hint
    parts = search(bars, tmp_path / "parts", 16, sampler=sampler, resume=True)
    assert (whole.resumed, parts.resumed) == (0, 5)
    same(whole, parts)
    assert search(bars, tmp_path / "parts", 3, sampler=sampler, fresh=True).resumed == 0


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from sought import NAMED, market, search
from tradectl_sdk.pipelines.sweeps import local
local._WORTH_FORKING = {worth}
tell = lambda done, of: print(done, flush=True)
search(market(), Path({folder!r}), 60, strategy=NAMED, progress=tell)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_that_is_killed_loses_at_most_the_trials_in_flight(bars, tmp_path, workers):
    here, worth = str(Path(__file__).parent), 0 if workers > 1 else 10**9
    code = KILLED.format(here=here, folder=str(tmp_path / "killed"), worth=worth)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    told = [process.stdout.readline().strip() for _ in range(7)]
    os.kill(process.pid, signal.SIGKILL)
    told += process.stdout.read().split()
    process.wait()
    process.stdout.close()
    killed_after = int(told[-1])
    assert 7 <= killed_after < 60
    result = search(bars, tmp_path / "killed", killed_after + 4, strategy=NAMED, resume=True)
    assert killed_after <= result.resumed <= killed_after + workers
    whole = search(bars, tmp_path / "whole", killed_after + 4, strategy=NAMED)
    same(whole, result)


def test_half_a_line_at_the_end_of_the_journal_is_forgotten(bars, tmp_path):
    whole = search(bars, tmp_path / "whole", 8)
    first = search(bars, tmp_path / "torn", 5)
    journal = tmp_path / "torn" / first.study_id / "journal.log"
    content = journal.read_bytes()
    journal.write_bytes(content[:-9])  # in the words that the fifth trial is done
    resumed = search(bars, tmp_path / "torn", 8, resume=True)
    assert resumed.resumed == 4
    same(whole, resumed)
    journal.write_bytes(b"{nonsense\n" + content)
    with pytest.raises(DataError, match="is damaged"):
        search(bars, tmp_path / "torn", 8, resume=True)


def test_a_study_is_for_one_process(bars, tmp_path):
    first = search(bars, tmp_path, 2)
    with (
        StudyFolder(tmp_path, first.study_id)._held(),
        pytest.raises(UsageError, match="another process is at study"),
    ):
        search(bars, tmp_path, 4, resume=True)


def test_anything_that_changes_the_trials_is_another_study(bars, tmp_path):
    asked = [{}, {"seed": 1}, {"ranges": {"fast": "2:11"}, "where": []}, {"sampler": "random"}]
    asked += [{"parameters": {"slow": 30}, "ranges": {"fast": "2:12"}}, {"out_of_sample": 0.2}]
    asked += [{"objectives": ["total_return"]}, {"where": ["fast < slow", "trades >= 2"]}]
    names = {search(bars, tmp_path, 1, **changes).study_id for changes in asked}
    assert len(names) == len(asked)


def test_failed_trials_say_why_and_count(bars, tmp_path):
    result = search(bars, tmp_path, 12, strategy=Fragile)
    assert result.table.reasons
    assert all("too fast" in reason for reason in result.table.reasons.values())
    assert result.evidence.trials == 12
    assert all(result.table.points[number]["fast"] <= 6 for number in result.ranked)


def test_limits_leave_trials_out_of_the_ranks_but_not_out_of_the_count(bars, tmp_path):
    result = search(bars, tmp_path, 12, where=["fast < slow", "trades >= 8"], sampler="random")
    trades = result.table.metrics["trades"]
    assert result.feasible == (trades >= 8).tolist()
    assert 0 < sum(result.feasible) < 12
    assert {int(trades[number]) >= 8 for number in result.ranked} == {True}
    assert result.evidence.trials == 12


def test_a_point_that_was_tried_again_is_ranked_once_and_every_trial_is_counted():
    returns = [0.3, 0.3, 0.1, 0.2, 0.3]
    points = [{"fast": fast} for fast in (5, 5, 3, 4, 5)]
    made = [Made(p, Trial(n, (r,))) for n, (p, r) in enumerate(zip(points, returns, strict=True))]
    space = [Range("fast", 3, 6, 1)]
    found = weigh_trials(made, ["total_return"], ["total_return"], [], space)
    assert found.ranked == [0, 3, 2]
    assert found.front == [0]
    assert found.shown == [0, 3, 2]
    assert (len(found.table), found.evidence.trials, found.feasible) == (5, 5, [True] * 5)


def test_several_objectives_give_a_front(bars, tmp_path):
    result = search(bars, tmp_path, 15, objectives=["total_return", "max_drawdown"])
    gain, loss = (result.table.metrics[name] for name in ("total_return", "max_drawdown"))
    assert result.front[0] == result.ranked[0]
    for one in range(15):
        beaten = ((gain >= gain[one]) & (loss <= loss[one])) & (
            (gain > gain[one]) | (loss < loss[one])
        )
        assert (one in result.front) is not bool(beaten.any())


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("trades >= 30", 20, 10),
        ("trades >= 30", 30, 0),
        ("max_drawdown < 0.2", 0.5, 0.3),
        ("max_drawdown < 0.2", 0.1, -0.1),
    ],
)
def test_limits_are_missed_by_so_much(text, value, expected):
    limit = Constraint.parse(text, ["trades", "max_drawdown"])
    assert violation(limit, value) == pytest.approx(expected)
    assert violation(limit, np.nan) > 0
    strict = Constraint.parse("trades > 30", ["trades"])
    assert violation(strict, 30) > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ranges": {}}, "there is no range"),
        ({"ranges": {"fats": "2:5"}}, "fats is not a parameter"),
        ({"parameters": {"fast": 3}}, "both a range and a value"),
        ({"objectives": ["sharp"]}, "sharp is not a metric"),
        ({"objectives": ["trades", "trades"]}, "several different ones"),
        ({"objectives": ["deflated_sharpe"]}, "known when all trials are made"),
        ({"ranges": {"fast": "7:7", "slow": "30"}, "where": []}, "every range has one value"),
        ({"where": ["trades >= many"]}, "many in the condition is not a parameter"),
        ({"sampler": "magic"}, "expected one of tpe, random, nsga2, cmaes"),
        ({"out_of_sample": 1.0}, "expected 0 to less than 1"),
        ({"out_of_sample": 0.001}, "leaves nothing"),
        ({"trials": 0}, "expected at least 1"),
        ({"where": ["30 <= trades"]}, "expected a metric, a comparison and a number"),
        ({"where": ["fast > slow", "fast < slow"]}, "points in a row met"),
    ],
)
def test_what_makes_no_sense_is_refused(bars, tmp_path, monkeypatch, changes, message):
    monkeypatch.setattr("tradectl_sdk.pipelines.optimizing.study._REJECTED", 20)
    with pytest.raises(UsageError, match=message):
        search(bars, tmp_path, **changes)


def test_trials_read_the_signals_of_models_as_backtests_do(bars, tmp_path):
    models = {"forecast": "ridge:first=60,every=30,horizon=2,features=return_5+rsi_14"}
    asked = {"strategy": Forecast, "ranges": {"fast": "2:12"}, "where": [], "out_of_sample": 0.3}
    found = search(bars, tmp_path, 3, models=models, **asked)
    first, last = found.about["in_sample"][1], found.about["out_of_sample"][0]
    assert found.shown
    for number in found.shown:
        point = found.table.points[number]
        for window, values in (
            ({"end": first}, found.in_sample[number]),
            ({"start": last}, found.out_of_sample[number]),
        ):
            record = backtest(
                Forecast, bars, parameters=point, models=models, trials=3, mode="interpreted",
                **window,
            ).record  # fmt: skip
            assert values["total_return"] == record.metrics.values["total_return"]
            assert values["trades"] == record.metrics.values["trades"] > 0
    other = {"forecast": "ridge:first=60,every=30,horizon=3,features=return_5+rsi_14"}
    again = search(bars, tmp_path, 1, models=other, **asked)
    assert again.study_id != found.study_id


class Modelled(Sought):
    """Has a model of its own."""

    signals = ("forecast=ridge:first=120,horizon=5",)


def test_too_few_bars_out_of_sample_for_a_model_are_refused_before_any_trial(bars, tmp_path):
    told: list[int] = []
    with pytest.raises(
        UsageError, match=r"out of sample, model ridge .* there are 90 bars"
    ) as caught:
        search(
            bars, tmp_path, 2, strategy=Modelled, out_of_sample=0.3,
            progress=lambda done, _: told.append(done),
        )  # fmt: skip
    assert "--out-of-sample" in caught.value.hint
    assert (told, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objectives": ["total_return", "max_drawdown"]}, "cannot weigh several objectives"),
        ({"ranges": {"fast": "2:12", "slow": "20,50"}}, "slow is a list of values"),
        ({"ranges": {"fast": "2:12"}, "where": []}, "two ranges or more"),
    ],
)
def test_cmaes_refuses_what_it_cannot_choose(bars, tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        search(bars, tmp_path, sampler="cmaes", **changes)


def test_without_the_package_of_a_sampler_it_says_what_to_install(bars, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(UsageError, match="package cmaes, which is not installed") as caught:
        search(bars, tmp_path, sampler="cmaes")
    assert "tradectl-sdk[cmaes]" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_without_optuna_it_says_what_to_install(bars, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match="needs Optuna") as caught:
        search(bars, tmp_path)
    assert "tradectl-sdk[optimize]" in caught.value.hint
