"""Trials that are stopped early: when, why, and what is kept of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sought import Forecast, Sought, same, search
from tradectl_sdk import backtest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.optimizing.question import Made, Stopped
from tradectl_sdk.pipelines.optimizing.weighing import weigh_trials
from tradectl_sdk.research import Trial
from tradectl_sdk.research.ranges import Range

QUICK = {"fast": "2:4", "slow": "5:12"}  # trades within the first ninth
MODELS = {"forecast": "ridge:first=28,every=30,horizon=1,features=return_1"}


class Idle(Sought):
    """Does nothing for some parameters."""

    def on_bar(self, ctx, bar):
        if self.fast == 3:
            super().on_bar(ctx, bar)


def pruned(bars, folder, trials=24, **changes):
    return search(bars, folder, trials, **({"pruner": "median", "ranges": QUICK} | changes))


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_part_is_the_backtest_that_ends_there_and_the_whole_is_the_backtest(
    bars, tmp_path, pruner
):
    found = pruned(bars, tmp_path, pruner=pruner)
    assert 3 < len(found.pruned) < 21
    shares = {each.share for each in found.pruned.values()}
    assert shares == {Fraction(1, 9), Fraction(1, 3)}
    for number, point in enumerate(found.table.points):
        stop = found.pruned.get(number)
        record = backtest(
            Sought, bars, parameters=point, mode="interpreted", end=stop and stop.end
        ).record
        if stop is not None:
            assert stop.value == record.metrics.values["sharpe_ratio"]
            assert len(record.time) == round(len(bars) * stop.share)
            assert number not in found.ranked
            assert np.isnan(found.table.metrics["sharpe_ratio"][number])
            continue
        assert int(found.table.final_equity[number]) == record.final_equity
        for name, value in found.table.row(number)["metrics"].items():
            assert value == record.metrics.values[name], name


def test_stopped_trials_are_counted_and_are_no_failures(bars, tmp_path):
    found = pruned(bars, tmp_path)
    assert found.evidence.trials == len(found.table) == 24
    assert found.table.reasons == {}
    assert set(found.ranked) <= set(range(24)) - found.pruned.keys()
    assert found.evidence.best not in found.pruned


def test_median_stops_what_does_worse_than_half_of_those_that_went_on(bars, tmp_path):
    found = pruned(bars, tmp_path, 16, batch=1)
    values: list[float] = []
    for number, point in enumerate(found.table.points):
        stop = found.pruned.get(number)
        end = found.pruned[min(found.pruned)].end if stop is None else stop.end
        if stop is not None and stop.share != Fraction(1, 9):
            continue
        first = backtest(Sought, bars, parameters=point, mode="interpreted", end=end).record
        value = first.metrics.values["sharpe_ratio"]
        if stop is None:
            values += [value] if first.metrics.values["trades"] else []
        else:
            assert value < np.median(values)


def test_bars_without_a_trade_say_nothing_of_a_trial(bars, tmp_path):
    found = pruned(bars, tmp_path, strategy=Idle, objectives=["total_return"])
    assert found.pruned
    assert {found.table.points[number]["fast"] for number in found.pruned} == {3}


def test_a_part_has_the_signals_that_a_model_makes_of_it_alone(bars, tmp_path):
    asked = {"strategy": Forecast, "ranges": {"fast": "2:12"}, "where": [], "models": MODELS}
    found = pruned(bars, tmp_path, 12, objectives=["total_return"], **asked)
    assert found.pruned
    for number, stop in found.pruned.items():
        record = backtest(
            Forecast, bars, parameters=found.table.points[number], models=MODELS, end=stop.end,
            mode="interpreted",
        ).record  # fmt: skip
        assert stop.value == record.metrics.values["total_return"]


def test_workers_and_interruptions_stop_the_same_trials(bars, tmp_path):
    whole = pruned(bars, tmp_path / "whole")
    for trials in (5, 13, 24):
        parts = pruned(bars, tmp_path / "parts", trials, resume=True)
    same(whole, parts)
    assert whole.pruned == parts.pruned


def test_another_pruner_is_another_study(bars, tmp_path):
    names = {pruned(bars, tmp_path, 1, pruner=p).study_id for p in ("none", "median", "hyperband")}
    assert len(names) == 3


def test_a_point_that_was_stopped_once_and_finished_later_is_ranked():
    points = [{"fast": fast} for fast in (5, 5, 3)]
    made = [
        Made(points[0], Trial(0), Stopped(0, 0.1)),
        Made(points[1], Trial(1, (0.3,))),
        Made(points[2], Trial(2, (0.1,))),
    ]
    found = weigh_trials(made, ["total_return"], ["total_return"], [], [Range("fast", 3, 6, 1)])
    assert found.ranked == [1, 2]
    assert found.evidence.trials == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pruner": "magic"}, "expected one of none, median, hyperband"),
        ({"objectives": ["total_return", "max_drawdown"]}, "by one objective, and 2 were given"),
        ({"batch": 0}, "the batch was 0"),
    ],
)
def test_what_cannot_be_judged_is_refused(bars, tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        pruned(bars, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verdict", [2, 5, 9, 14])
def test_verdicts_are_the_same_after_a_death_between_any_two(bars, tmp_path, monkeypatch, verdict):
    from optuna.trial import Trial as OptunaTrial

    whole = pruned(bars, tmp_path / "whole", 12, pruner="hyperband", batch=6)
    judge, left = OptunaTrial.should_prune, iter(range(verdict))

    def dies(self):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return judge(self)

    monkeypatch.setattr(OptunaTrial, "should_prune", dies)
    with pytest.raises(KeyboardInterrupt):
        pruned(bars, tmp_path, 12, pruner="hyperband", batch=6)
    monkeypatch.setattr(OptunaTrial, "should_prune", judge)
    found = pruned(bars, tmp_path, 12, pruner="hyperband", batch=6, resume=True)
    assert found.pruned == whole.pruned
    same(whole, found)
