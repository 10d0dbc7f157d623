"""A sweep's choice, weighed."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Strategy, SweepStore, backtest, overfitting, param, sweep
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.evidence import Snooping
from tradectl_sdk.indicators import SMA
from tradectl_sdk.pipelines.overfitting import SweepOverfitting, trial_returns


class Weighed(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(5, ge=2, le=12)
    lots: int = param(10, ge=1, le=100)

    def on_start(self, ctx):
        self.fast_average, self.slow_average = SMA(self.fast), SMA(20)
        self.warmup = 19

    def on_bar(self, ctx, bar):
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0:
            ctx.buy(self.lots)
        elif fast < slow and ctx.position > 0:
            ctx.close()


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    (series,) = synthetic_market([one], bars=150, timeframe="1d", seed=11)
    return series.bars


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes longer than these trials do."""
    from tradectl_sdk.engine import Mode, run
    from tradectl_sdk.pipelines import overfitting as module

    monkeypatch.setattr(module, "run", lambda plan, _, **__: run(plan, Mode.INTERPRETED))


@pytest.fixture(scope="module")
def swept(bars):
    grid = {"fast": [3, 5, 8, 12, 99], "lots": [10, 20]}
    return sweep(Weighed, bars, grid, mode="interpreted", workers=1).sweep


def weigh(swept, bars, **options) -> SweepOverfitting:
    return overfitting(swept, strategy=Weighed, data=[bars], blocks=4, **options)


def test_the_columns_are_the_returns_of_the_backtests(swept, bars):
    from tradectl_sdk import Settings
    from tradectl_sdk.pipelines.again import Past, prepare_again

    record = backtest(Weighed, bars, mode="interpreted").record
    job = prepare_again(Past.of(record), Settings(), strategy=Weighed, data=[bars])
    points = [swept.table.points[number] for number in (0, 7)]
    found = trial_returns(job, points)
    returns = found.returns
    assert found.days.tolist() == (np.unique(record.time - 1) // (86_400 * 10**9)).tolist()
    for column, point in zip(returns.T, points, strict=True):
        record = backtest(Weighed, bars, parameters=point, mode="interpreted").record
        equity = np.concatenate(([record.initial_equity / 1e8], record.equity))
        assert column == pytest.approx(equity[1:] / equity[:-1] - 1, abs=1e-12)


def test_every_trial_that_did_not_fail_is_weighed(swept, bars):
    found = weigh(swept, bars)
    assert found.numbers == tuple(range(8))
    assert found.trials == 10
    assert 0 <= found.evidence.probability <= 1
    assert found.snooping is not None
    assert found.to_json()["probability"] == found.evidence.probability
    assert repr(found) == found.words
    assert weigh(swept, bars).to_json() == found.to_json()


def test_of_many_trials_the_best_is_among_those_spread_over_the_ranking(swept, bars):
    found = weigh(swept, bars, most=3)
    ranked = swept.table.ranked("sharpe_ratio")
    assert len(found.numbers) == 3
    assert {ranked[0], ranked[-1]} <= set(found.numbers)


def test_words_follow_the_numbers(swept, bars):
    found = weigh(swept, bars)
    sound = replace(found.evidence, probability=0.0, loss_probability=0.0)
    likely = Snooping(reality_check=0.5, superior=0.4, lower=0.3, upper=0.5)
    good = replace(found, evidence=sound, snooping=replace(likely, superior=0.01))
    assert good.verdict == "holds"
    assert good.words.endswith("the choice holds, by the customary bound of 5 %")
    grades = {0.05: "holds", 0.06: "doubtful", 0.2: "doubtful", 0.21: "weak", 0.5: "luck"}
    for chance, verdict in grades.items():
        for name in ("probability", "loss_probability"):
            graded = replace(good, evidence=replace(sound, **{name: chance}))
            assert graded.verdict == verdict
    coin = replace(good, evidence=replace(sound, probability=0.5))
    assert coin.words.endswith("a coin would choose as well, so do not believe the best")
    poor = replace(good, snooping=likely)
    assert poor.verdict == "unproven"
    assert "but 40 % of as many worthless trials have so good a best one" in poor.words
    assert replace(good, snooping=None).verdict == "holds"


def test_what_could_not_be_asked_has_a_reason(swept, bars, monkeypatch):
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    found = weigh(swept, bars)
    assert found.snooping is None
    assert found.to_json()["superior_predictive_ability"] is None
    assert "need arch, which is not installed" in found.to_json()["left_out"]


def test_a_kept_sweep_is_weighed_as_well_and_other_data_are_refused(bars, tmp_path):
    store = SweepStore(tmp_path)
    made = sweep(
        "sma-cross", "SPX.SAMPLE", {"fast": [5, 10]},
        start="2018-06-01", mode="interpreted", workers=1, store=store,
    )  # fmt: skip
    kept = store.load(made.sweep.sweep_id)
    assert overfitting(kept, blocks=4).numbers == (0, 1)
    older = replace(kept, about={k: v for k, v in kept.about.items() if k != "span"})
    with pytest.raises(DataError, match="older than what is asked"):
        overfitting(older)


def test_too_few_trials_and_changed_data_are_refused(swept, bars):
    with pytest.raises(UsageError, match="there was 1 to compare of 10 trials"):
        weigh(swept, bars, most=1)
    with pytest.raises(DataError, match="the data changed since sweep s-"):
        weigh(swept, bars.rows(0, 140))


def test_blocks_are_looked_at_before_a_trial_is_run_and_days_in_words(swept, bars):
    done = []
    with pytest.raises(UsageError, match="blocks was 7, expected an even number"):
        overfitting(
            swept, strategy=Weighed, data=[bars], blocks=7, progress=lambda n, _: done.append(n)
        )
    assert not done
    short = bars.rows(0, 30)
    made = sweep(Weighed, short, {"fast": [3, 5]}, mode="interpreted", workers=1).sweep
    with pytest.raises(UsageError, match="have 30 days, expected 32 or more for 16 blocks"):
        overfitting(made, strategy=Weighed, data=[short])


def test_places_are_weighed_over_the_days_of_all_of_them(bars):
    """Two windows of one market are that market, but for the cold start of the second."""
    other = replace(bars, instrument=replace(bars.instrument, symbol="OTHER"), close=bars.low)
    grid = {"fast": [3, 5, 8], "lots": [10, 20]}
    pair = [bars, other]
    many = sweep(Weighed, pair, grid, each=True, mode="interpreted", workers=1).sweep
    found = overfitting(many, strategy=Weighed, data=pair, blocks=4)
    assert (found.trials, found.numbers) == (12, tuple(range(6)))
    assert [(one.name, one.days) for one in found.places] == [
        ("SYN.TEST", 150),
        ("OTHER.TEST", 150),
    ]
    assert "over 2 places, choosing the best" in found.words
    for one, place in zip(pair, found.places, strict=True):
        alone = sweep(Weighed, one, grid, mode="interpreted", workers=1).sweep
        by_itself = overfitting(alone, strategy=Weighed, data=[one], blocks=4).evidence
        assert place.evidence.probability == by_itself.probability
        assert place.evidence.in_sample.tolist() == by_itself.in_sample.tolist()
    assert found.to_json()["places"][1]["place"] == "OTHER.TEST"


def test_the_same_market_in_two_places_is_that_market(swept, bars):
    twin = replace(bars, instrument=replace(bars.instrument, symbol="TWIN"))
    grid = {"fast": [3, 5, 8, 12, 99], "lots": [10, 20]}
    many = sweep(Weighed, [bars, twin], grid, each=True, mode="interpreted", workers=1).sweep
    found = overfitting(many, strategy=Weighed, data=[bars, twin], blocks=4)
    once = weigh(swept, bars)
    assert found.numbers == once.numbers
    assert found.evidence.in_sample == pytest.approx(once.evidence.in_sample)
    assert found.evidence.probability == once.evidence.probability


def test_windows_are_laid_behind_each_other(bars):
    grid = {"fast": [3, 5], "lots": [10]}
    many = sweep(Weighed, bars, grid, windows=2, mode="interpreted", workers=1).sweep
    found = overfitting(many, strategy=Weighed, data=[bars, bars], blocks=4)
    assert [one.days for one in found.places] == [75, 75]
    assert found.evidence is not None
    assert len(found.evidence.logits) == 6
