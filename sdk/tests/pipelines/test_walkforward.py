"""Windows that walk forward, and the backtests they are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk import (
    Bars,
    Instrument,
    Settings,
    Strategy,
    WalkStore,
    backtest,
    param,
    sweep,
    walkforward,
)
from tradectl_sdk.data.bars import PRICE_COLUMNS
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.indicators import SMA
from tradectl_sdk.research import Effort, died
from tradectl_sdk.runs.metrics import METRICS, Sample

GRID = {"fast": [3, 5, 8]}
LENGTHS = {"train": 60, "test": 20}


class Walked(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(5, ge=2, le=12)
    lots: int = param(10, ge=1, le=1000)

    def on_start(self, ctx):
        self.fast_average, self.slow_average = SMA(self.fast), SMA(20)
        self.warmup = 19

    def on_bar(self, ctx, bar):
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0:
            ctx.buy(self.lots)
        elif fast < slow and ctx.position > 0:
            ctx.close()


class Idle(Walked):
    """Does nothing."""

    def on_bar(self, ctx, bar):
        pass


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    (series,) = synthetic_market([one], bars=165, timeframe="1d", seed=11)
    return series.bars


def walk(bars, strategy=Walked, grid=GRID, **options):
    options = {**LENGTHS, "mode": "interpreted", "workers": 1, **options}
    return walkforward(strategy, bars, grid, **options)


@pytest.fixture(scope="module")
def found(bars):
    return walk(bars, embargo=5)


def sharpe(record, first):
    sample = Sample(
        time=record.time[first:], equity=record.equity[first:], initial_equity=100_000.0
    )
    return METRICS["sharpe_ratio"].function(sample)


@pytest.mark.parametrize("anchored", [False, True])
def test_every_piece_is_the_backtest_of_its_choice_to_the_byte(bars, anchored):
    found = walk(bars, embargo=5, anchored=anchored)
    assert len(found.pieces) == 5
    traded, warmup = 0, 19
    for number, piece in enumerate(found.pieces):
        first = 0 if anchored else 20 * number
        chosen, begin, end = 60 + 20 * number, 65 + 20 * number, 85 + 20 * number
        inside = sweep(Walked, bars.rows(first, chosen), GRID, mode="interpreted", workers=1).table
        best = inside.ranked("sharpe_ratio")[0]
        assert piece.parameters == inside.points[best]
        before = backtest(
            Walked, bars.rows(first, chosen), parameters=piece.parameters, mode="interpreted"
        ).record
        assert (before.equity[:warmup] == 100_000).all()
        assert piece.warm == chosen - first - warmup
        assert piece.in_sample == sharpe(before, warmup)
        assert piece.in_growth == before.equity[-1] / 100_000
        record = backtest(
            Walked, bars.rows(first, end), parameters=piece.parameters,
            warmup=begin - first, mode="interpreted",
        ).record  # fmt: skip
        assert piece.order_list_hash == record.order_list_hash
        assert piece.equity.tobytes() == record.equity[begin - first :].tobytes()
        assert piece.times.tobytes() == record.time[begin - first :].tobytes()
        assert (record.equity[: begin - first] == 100_000).all()
        assert piece.out_of_sample == sharpe(record, begin - first)
        assert piece.trades == len(record.trades)
        traded += piece.trades
    assert traded > 5


def test_each_series_is_loaded_once_however_many_windows_there_are(bars, monkeypatch, found):
    from tradectl_sdk.pipelines import series, walkforward

    asked = []

    def load(wanted, *words):
        asked.append(wanted)
        return series.load_series(bars if isinstance(wanted, str) else wanted, *words)

    def load_all(data, *words):
        return tuple(load(one, *words) for one in ([data] if isinstance(data, str) else data))

    monkeypatch.setattr(walkforward, "load_all", load_all)
    named = walk("SYN.TEST", embargo=5)
    assert asked == ["SYN.TEST"]
    assert named.equity.tobytes() == found.equity.tobytes()
    assert named.walk_id == found.walk_id


def test_a_walk_with_equal_inputs_is_answered_from_the_store(bars, found, tmp_path, monkeypatch):
    store = WalkStore(tmp_path)
    made = walk(bars, embargo=5, store=store)
    assert not made.stored
    assert store.ids() == [found.walk_id]
    with monkeypatch.context() as patch:
        patch.setattr("tradectl_sdk.pipelines.walkforward.sweep", None)
        again = walk(bars, embargo=5, store=store)
    assert again.stored
    assert again.to_json() == {**made.to_json(), "stored": True}
    assert not walk(bars, embargo=5, store=store, fresh=True).stored
    ids = {found.walk_id}
    for other in (
        {"embargo": 4}, {"anchored": True}, {"train": 61}, {"test": 19}, {"seed": 1},
        {"metric": "total_return"}, {"grid": {"fast": [3, 5]}}, {"parameters": {"lots": 11}},
        {"where": ["fast < 8"]}, {"sample": 2},
    ):  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tradectl_sdk.pipelines.walkforward.sweep", nothing)
            with pytest.raises(ZeroDivisionError):
                walk(bars, **{"embargo": 5, **other}, store=Names(ids))
    assert len(ids) == 11


def nothing(*_words, **_options):
    raise ZeroDivisionError


class Names:
    """A store that takes down what it is asked for."""

    def __init__(self, ids):
        self.ids = ids

    def find(self, walk_id):
        self.ids.add(walk_id)

    def require_room(self):
        pass


def test_an_executor_runs_the_trials_of_every_window(bars, found):
    class Counting:
        def __init__(self):
            self.ran = []

        def run(self, task, numbers, take, *, workers):
            self.ran += numbers
            for number in numbers:
                take([task(number)])
            return Effort(workers or 1, 0)

    executor = Counting()
    named = walk(bars, embargo=5, executor=executor)
    assert executor.ran == [1, 2] * 5
    assert named.equity.tobytes() == found.equity.tobytes()


def test_the_pieces_are_stitched_by_what_each_left(found):
    level, rebuilt = 100_000.0, []
    for piece in found.pieces:
        rebuilt += [level * value / 100_000 for value in piece.equity]
        level = rebuilt[-1]
    assert found.equity == pytest.approx(rebuilt)
    assert (np.diff(found.times) > 0).all()
    assert found.growth == pytest.approx(level / 100_000)
    assert found.metrics.values["total_return"] == pytest.approx(found.growth - 1)


def test_every_trial_is_counted_and_unused_bars_are_said(found):
    assert found.trials == 15
    assert found.unused == 0
    assert found.to_json()["trials"] == 15
    assert repr(found) == f"Walked: {found.words}"


def test_the_future_of_a_piece_does_not_change_it(bars, found):
    shorter = walk(bars.rows(0, 130), embargo=5)
    assert len(shorter.pieces) == 3
    assert shorter.unused == 5
    for one, other in zip(shorter.pieces, found.pieces, strict=False):
        assert one.parameters == other.parameters
        assert one.equity.tobytes() == other.equity.tobytes()


def test_efficiency_is_growth_a_bar_outside_over_inside(found):
    inside = sum(np.log(piece.in_growth) for piece in found.pieces) / (5 * (60 - 19))
    outside = np.log(found.growth) / 100
    expected = outside / inside if inside > 0 else None
    assert found.efficiency == (None if expected is None else pytest.approx(expected))
    doubled = [replace(p, in_growth=float(p.equity[-1] / 1e5) ** 6, warm=60) for p in found.pieces]
    gained = replace(found, pieces=tuple(p for p in doubled if p.in_growth > 1))
    assert gained.efficiency == pytest.approx(0.5)


def rising(bars):
    """500 bars that gain a thousandth each, with a little noise."""
    (flat,) = synthetic_market([bars.instrument], bars=500, timeframe="1d", seed=1)
    level = 100 * 1.001 ** np.arange(500) * (1 + 1e-3 * np.cos(np.arange(500) * 2.0))
    ticks = np.round(level * 100).astype(np.int64)
    return replace(flat.bars, open=ticks, high=ticks, low=ticks, close=ticks)


def test_a_long_warm_up_is_no_time_that_earned_nothing(bars):
    found = walk(
        rising(bars), "sma-cross", {"fast": [10, 20]},
        train=250, test=250, parameters={"slow": 200},
    )  # fmt: skip
    (piece,) = found.pieces
    assert (piece.bars, piece.warm) == ((250, 250), 51)
    # The market is the same in sample and out of it, and so is what is earned.
    assert found.efficiency == pytest.approx(1, abs=0.05)
    assert piece.in_sample == pytest.approx(piece.out_of_sample, rel=0.1)
    assert found.to_json()["windows"][0]["warm_bars"] == 51


def test_where_no_choice_could_trade_in_sample_there_is_no_efficiency(bars):
    found = walk(bars, train=18, metric="total_return")
    assert {piece.warm for piece in found.pieces} == {0}
    assert np.isnan([piece.in_sample for piece in found.pieces]).all()
    assert found.efficiency is None
    idle = replace(found.pieces[0], warm=40, in_growth=1.1, equity=np.array([1e5, 1.1e5]))
    lone = replace(found, pieces=(idle, *found.pieces[1:]))
    assert lone.efficiency == pytest.approx(40 / 20)


@pytest.mark.parametrize("metric", ["fees", "slippage", "turnover", "benchmark_return"])
def test_every_metric_is_that_of_the_bars_out_of_sample(bars, metric):
    costs = Settings.model_validate({"backtest": {"taker_fee": 0.001, "slippage_bps": 5}})
    piece = walk(bars, metric=metric, settings=costs).pieces[1]
    begin, year, used = 60, 365.25 * 86_400e9, bars.rows(20, 100)
    record = backtest(
        Walked, used, parameters=piece.parameters, warmup=begin, mode="interpreted",
        settings=costs,
    ).record  # fmt: skip
    close, expected = used.floats("close"), record.metrics.values[metric]
    if metric == "benchmark_return":
        expected = close[-1] / close[begin] - 1
    if metric == "turnover":  # over the years and the equity of these bars only
        traded = expected * record.equity.mean() * (record.time[-1] - record.time[0]) / year
        years = (record.time[-1] - record.time[begin]) / year
        expected = traded / record.equity[begin:].mean() / years
    assert expected
    assert piece.out_of_sample == pytest.approx(expected)


def test_a_benchmark_of_several_series_is_bought_where_the_sample_begins(bars):
    second = replace(bars, instrument=replace(bars.instrument, symbol="TWO"))
    second = replace(second, **{name: getattr(bars, name)[::-1].copy() for name in PRICE_COLUMNS})
    piece = walk([bars, second], metric="benchmark_return").pieces[0]
    gains = [each.floats("close")[79] / each.floats("close")[60] for each in (bars, second)]
    assert piece.out_of_sample == pytest.approx(np.mean(gains) - 1)


def test_stability_counts_choices_that_stay_within_a_step(found):
    def with_choices(*values):
        pieces = [replace(found.pieces[0], parameters={"fast": value}) for value in values]
        return replace(found, pieces=tuple(pieces))

    assert with_choices(3, 5, 8, 8).stability == 1.0
    assert with_choices(3, 8, 3).stability == 0.0
    assert with_choices(3, 8, 5).stability == 0.5
    assert with_choices(3).stability is None
    assert replace(with_choices(3, 5), axes={"fast": [3, 5]}).stability is None


def test_verdicts_follow_the_numbers(found):
    def judged(outside, inside, count=5):
        curve = np.array([1e5, outside * 1e5])
        times = np.array([0, 86_400 * 10**9])
        piece = replace(found.pieces[0], equity=curve, times=times, in_growth=inside)
        return replace(found, pieces=(piece,) * count)

    assert judged(1.1, 1.2).verdict == "hold"
    assert judged(1.001, 2.0).verdict == "weak"
    assert judged(0.9, 1.2).verdict == "fail"
    assert judged(1.1, 1.2, count=3).verdict == "few"
    assert judged(0.9, 1.2).words.endswith("choosing parameters this way does not work")
    assert "lost" in judged(0.9, 1.2).words


def test_a_window_without_a_choice_stays_out_of_the_market(bars):
    found = walk(bars, Idle, metric="win_rate")
    assert all(piece.parameters is None for piece in found.pieces)
    assert (found.equity == 100_000).all()
    assert found.verdict == "untraded"
    assert found.words == (
        "no trial of 5 windows has a value of win_rate; where windows are shorter than the "
        "warm-up, none can trade: nothing was traded, so nothing can be told"
    )
    assert found.to_json()["windows"][0]["in_sample"] is None


def test_trials_that_failed_are_counted_with_their_reasons(bars):
    some = walk(bars, grid={"lots": [1, 2000]})
    reason = "Walked: lots was 2000, expected 1 to 1000"
    assert some.failures == {reason: 5}
    assert some.trials == 10
    assert some.to_json()["failures"] == {reason: 5}
    none = walk(bars, grid={"lots": [2000, 2001]})
    assert none.words.startswith("all 10 trials of 5 windows failed: nothing was traded")


def test_a_walk_whose_workers_died_is_not_kept(bars, tmp_path):
    class Deadly:
        def run(self, trials, numbers, tell, *, workers=None):
            tell([died(number) for number in numbers])
            return Effort(1, len(numbers))

    found = walk(bars, executor=Deadly(), store=WalkStore(tmp_path))
    assert sum(found.failures.values()) == 10
    assert not WalkStore(tmp_path).ids()


def test_a_store_that_cannot_be_written_is_seen_before_the_first_window(bars, tmp_path):
    (tmp_path / "runs").write_text("")
    windows = []
    with pytest.raises(DataError, match="the walk could not be stored"):
        walk(
            bars, store=WalkStore(tmp_path / "runs"), progress=lambda done, _: windows.append(done)
        )
    assert not windows


def test_after_ruin_nothing_is_left_to_begin_with(found):
    def piece(*equity):
        curve = np.array(equity)
        return replace(found.pieces[0], equity=curve, times=np.arange(len(curve)))

    ruined = replace(found, pieces=(piece(1e5, -5e4), piece(1e5, -2e5), piece(1e5, 2e5)))
    assert ruined.equity.tolist() == [1e5, -5e4, -5e4, -5e4, -5e4, -5e4]
    assert ruined.growth == -0.5


def test_several_series_walk_together(bars):
    second = replace(bars, instrument=replace(bars.instrument, symbol="TWO")).rows(10, 165)
    found = walk([bars, second])
    assert found.data == ("SYN.TEST", "TWO.TEST")
    assert len(found.pieces) == 5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"train": 150}, "one window takes 170 bars, expected at most the 165"),
        ({"metric": "sharp"}, "sharp is not a metric"),
        ({"grid": {"fest": [1]}}, "fest is not a parameter"),
        ({"test": 1}, "test was 1 bars"),
    ],
)
def test_what_cannot_be_walked_is_refused(bars, wrong, message):
    with pytest.raises(UsageError, match=message):
        walk(bars, **wrong)
