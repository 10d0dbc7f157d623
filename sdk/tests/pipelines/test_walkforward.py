"""Windows that walk forward, and the backtests they are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Strategy, backtest, param, sweep, walkforward
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import UsageError
from tradectl_sdk.indicators import SMA

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


@pytest.mark.parametrize("anchored", [False, True])
def test_every_piece_is_the_backtest_of_its_choice_to_the_byte(bars, anchored):
    found = walk(bars, embargo=5, anchored=anchored)
    assert len(found.pieces) == 5
    traded = 0
    for number, piece in enumerate(found.pieces):
        first = 0 if anchored else 20 * number
        chosen, begin, end = 60 + 20 * number, 65 + 20 * number, 85 + 20 * number
        inside = sweep(Walked, bars.rows(first, chosen), GRID, mode="interpreted", workers=1).table
        best = inside.ranked("sharpe_ratio")[0]
        assert piece.parameters == inside.points[best]
        assert piece.in_sample == inside.metrics["sharpe_ratio"][best]
        record = backtest(
            Walked, bars.rows(first, end), parameters=piece.parameters,
            warmup=begin - first, mode="interpreted",
        ).record  # fmt: skip
        assert piece.order_list_hash == record.order_list_hash
        assert piece.equity.tobytes() == record.equity[begin - first :].tobytes()
        assert piece.times.tobytes() == record.time[begin - first :].tobytes()
        assert (record.equity[: begin - first] == 100_000).all()
        assert piece.trades == len(record.trades)
        traded += piece.trades
    assert traded > 5


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
    inside = sum(np.log(piece.in_growth) for piece in found.pieces) / 300
    outside = np.log(found.growth) / 100
    expected = outside / inside if inside > 0 else None
    assert found.efficiency == (None if expected is None else pytest.approx(expected))
    doubled = [replace(p, in_growth=float(p.equity[-1] / 1e5) ** 6) for p in found.pieces]
    gained = replace(found, pieces=tuple(p for p in doubled if p.in_growth > 1))
    assert gained.efficiency == pytest.approx(0.5)


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
    assert found.verdict == "fail"
    assert found.to_json()["windows"][0]["in_sample"] is None


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
