"""Runs again, and runs changed by chance."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Settings, Strategy, backtest, montecarlo, param
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.indicators import SMA
from tradectl_sdk.pipelines.again import Past, prepare_again
from tradectl_sdk.runs import closed_trades
from tradectl_sdk.runs.identity import run_identity


class Crossing(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(5, ge=2, le=50)

    def on_start(self, ctx):
        self.fast_average, self.slow_average = SMA(self.fast), SMA(20)
        self.warmup = 19

    def on_bar(self, ctx, bar):
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0:
            ctx.buy(10)
        elif fast < slow and ctx.position > 0:
            ctx.close()


class Exact(Strategy):
    """Buys after one very close only: fitted to these bars."""

    close: float = param(0.0)

    def on_bar(self, ctx, bar):
        if bar.close == self.close and ctx.position == 0:
            ctx.buy(700)


class Idle(Strategy):
    """Does nothing."""

    def on_bar(self, ctx, bar):
        pass


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(
        symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1),
        taker_fee=Decimal("0.001"), maker_fee=Decimal("0.001"),
    )  # fmt: skip
    (series,) = synthetic_market([one], bars=200, timeframe="1d", seed=11)
    return series.bars


def interpreted(strategy, data, **options):
    return backtest(strategy, data, mode="interpreted", **options).record


@pytest.fixture(scope="module")
def record(bars):
    return interpreted(Crossing, bars)


def test_without_noise_every_run_is_the_run_itself(record, bars):
    found = montecarlo(record, paths=50, noisy=3, noise=0.0, strategy=Crossing, data=[bars])
    assert found.left_out == {}
    spread = found.spreads[2]
    assert (spread.final == spread.actual_final).all()
    assert (spread.drawdown == record.metrics.values["max_drawdown"]).all()
    assert (spread.place_of_final, spread.place_of_drawdown) == (0.5, 0.5)


def test_a_seed_gives_the_same_again_and_noise_changes_runs(record, bars):
    def find(seed):
        options = {"paths": 50, "noisy": 4, "strategy": Crossing, "data": [bars]}
        return montecarlo(record, seed=seed, **options)

    first, again, other = find(1), find(1), find(2)
    assert first.to_json() == again.to_json()
    for one, two in zip(first.spreads, other.spreads, strict=True):
        assert not np.array_equal(one.drawdown, two.drawdown)
    assert len(set(first.spreads[2].final)) == 4


def test_the_actual_run_is_measured_as_its_paths_are(record):
    found = montecarlo(record, paths=400, noisy=0)
    trades, returns = found.spreads
    # In other orders the trades end where they ended.
    assert trades.final == pytest.approx(np.full(400, trades.actual_final))
    assert trades.actual_drawdown <= record.metrics.values["max_drawdown"] + 1e-12
    assert returns.actual_final == pytest.approx(float(record.equity[-1]))
    assert 0.05 < returns.place_of_final < 0.95
    for spread in found.spreads:
        percentiles = list(spread.percentiles("drawdown").values())
        assert percentiles == sorted(percentiles)
        assert spread.drawdown.min() >= 0
    assert len(found.words) == 2
    assert repr(found) == "\n".join(found.words)


@pytest.mark.parametrize("sign", [1, -1])
def test_where_all_orders_fall_as_deep_the_order_makes_no_difference(record, sign):
    trades = record.trades.copy()
    trades["net"] = sign * np.abs(trades["net"])
    found = montecarlo(replace(record, trades=trades), paths=50, noisy=0)
    lost = max(-closed_trades(trades).profits.sum(), 0.0) / 100_000
    assert found.words[0] == (
        f"the order of the trades makes no difference: in each the account falls {lost:.1%}"
    ).replace("%", " %")


def test_orders_that_fall_as_deep_as_the_run_are_not_among_those_that_fall_deeper(record):
    found = montecarlo(record, paths=50, noisy=0)
    depth = np.array([0.1] * 6 + [0.2] * 3 + [0.3])
    spread = replace(found.spreads[0], drawdown=depth, actual_drawdown=0.2)
    told = replace(found, spreads=(spread,)).words[0]
    assert "ordinary: 10 % of other orders fall deeper than 20.0 %" in told


def test_what_was_fitted_to_the_very_bars_is_told_from_what_was_not(bars):
    close = bars.floats("close")
    entry = int(close[:150].argmin())
    record = interpreted(Exact, bars, parameters={"close": float(close[entry])})
    assert record.final_equity > record.initial_equity
    found = montecarlo(record, paths=9, noisy=40, strategy=Exact, data=[bars])
    assert "fitted to these very bars" in found.words[-1]
    trend = interpreted(Crossing, bars)
    honest = montecarlo(trend, paths=9, noisy=9, noise=0.01, strategy=Crossing, data=[bars])
    assert "fitted" not in honest.words[-1]


def test_what_cannot_be_changed_is_left_out_with_its_reason(record, bars):
    found = montecarlo(record, paths=9, noisy=2, data=[bars])
    assert set(found.left_out) == {"bars"}
    assert "there is no strategy 'Crossing'" in found.left_out["bars"]
    other = montecarlo(record, paths=9, noisy=2, strategy=Exact, data=[bars])
    assert set(other.left_out) == {"bars"}
    idle = interpreted(Idle, bars)
    assert montecarlo(idle, paths=9, noisy=0).left_out == {
        "trades": "0 closed trades have no other order"
    }


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"paths": 0}, "paths was 0"),
        ({"noise": -0.1}, "noise was -0.1"),
        ({"ruin": 1.0}, "ruin was 1.0"),
        ({"block": 0.5}, "block was 0.5"),
        ({"noisy": -1}, "noisy was -1"),
    ],
)
def test_numbers_out_of_bounds_are_refused(record, wrong, message):
    with pytest.raises(UsageError, match=message):
        montecarlo(record, **wrong)


@pytest.mark.parametrize(
    "window", [{"start": "2018-01-02"}, {"start": "2010-01-04", "end": "2010-08-01"}]
)
def test_a_run_is_prepared_again_exactly_as_it_was(window):
    changed = Settings.model_validate(
        {
            "backtest": {"cash": Decimal(5000), "taker_fee": Decimal("0.002"), "margin": True},
            "risk": {"max_orders": 7, "instruments": {"SPX.SAMPLE": {"collar_bps": Decimal(900)}}},
        }
    )
    record = interpreted("sma-cross", "SPX.SAMPLE", settings=changed, trials=3, **window)
    job = prepare_again(Past.of(record), Settings())
    assert run_identity(job.identity) == record.run_id
    assert job.trials == 3


@pytest.mark.parametrize(
    "risk",
    [
        {"rules": ["account"]},
        {
            "rules": ["account", "order-size"],
            "instruments": {"X.Y": {"max_order_quantity": Decimal(9)}},
        },
    ],
)
def test_limits_that_were_not_set_are_not_set_again(bars, risk):
    record = interpreted(Crossing, bars, settings=Settings.model_validate({"risk": risk}))
    job = prepare_again(Past.of(record), Settings(), strategy=Crossing, data=[bars])
    assert run_identity(job.identity) == record.run_id


def test_what_changed_since_is_named(record, bars):
    class Other(Crossing):
        """The same by another name."""

    with pytest.raises(DataError, match="the strategy, a rule or a cost model changed since run"):
        prepare_again(Past.of(record), Settings(), strategy=Other, data=[bars])
    shorter = bars.rows(0, 199)
    with pytest.raises(DataError, match="the data changed"):
        prepare_again(Past.of(record), Settings(), strategy=Crossing, data=[shorter])
    prepared = interpreted(Crossing, bars, signals={"x": np.zeros(200)})
    with pytest.raises(DataError, match="prepared columns"):
        prepare_again(Past.of(prepared), Settings(), strategy=Crossing, data=[bars])


def test_settings_of_another_version_are_said_to_be(record, bars):
    known = dict(record.identity["settings"])
    for backtest_section in ({"cash": "much"}, {"gone": 1}):
        identity = {**record.identity, "settings": {**known, "backtest": backtest_section}}
        past = replace(Past.of(record), identity=identity)
        with pytest.raises(DataError, match="none of this version"):
            prepare_again(past, Settings(), strategy=Crossing, data=[bars])


def test_a_run_with_two_series_is_noised_as_a_whole(bars):
    second = replace(bars, instrument=replace(bars.instrument, symbol="TWO"))
    record = interpreted(Crossing, [bars, second])
    found = montecarlo(record, paths=9, noisy=2, strategy=Crossing, data=[bars, second])
    assert found.left_out == {}
