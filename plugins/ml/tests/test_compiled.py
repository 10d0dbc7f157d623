"""What a model forecasts, read in compiled backtests: the same bytes as interpreted ones."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tradectl_ml.models import Ridge
from tradectl_ml.settings import RidgeSettings
from tradectl_sdk import Strategy, backtest, param, sweep
from tradectl_sdk.models import Features, walk_forward

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk import Bars
    from tradectl_sdk.runs import RunRecord

MODEL = "first=150,every=60,features=return_1+return_5+rsi_14"
MODELS = [f"{name}:{MODEL}" for name in ("ridge", "logistic", "boosting")]


class Sized(Strategy):
    """Holds by the sign of one forecast as much as another one says, and keeps what it read."""

    signals = ("sign", "size")
    most: int = param(40, ge=1, le=100)

    def on_start(self, ctx):
        self.sign, self.size = ctx.signal("sign"), ctx.signal("size")
        self.read = 0.0

    def on_bar(self, ctx, bar):
        sign, size = self.sign.value, self.size.value
        if math.isnan(sign):  # before the first fit
            return
        self.read = 0.9 * self.read + size * bar.close
        wanted = 1 + int(min(abs(self.read) * 5, self.most - 1))
        if sign > 0 and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(wanted)
        elif sign < 0 and ctx.position > 0:
            ctx.close()


class RidgeOfTomorrow(Ridge):
    """Among its features is the return of the bar to come."""

    def features(self, bars: Bars) -> Features:
        known = super().features(bars)
        values = known.values.copy()
        values[:-1, 0] = values[1:, 0]
        return Features(names=known.names, values=values)


class RidgeOfAll(Ridge):
    """Keeps all bars where it may see them, and learns from them where it should not."""

    def features(self, bars: Bars) -> Features:
        known = super().features(bars)
        close, ahead = bars.floats("close"), self.schedule.horizon
        rows = np.isfinite(known.values[:-ahead]).all(axis=1)
        labels = close[ahead:] / close[:-ahead] - 1
        self.everything = known.values[:-ahead][rows], labels[rows]
        return known

    def fit(self, features, labels):
        return super().fit(*self.everything)


def made(cls: type[Ridge]) -> Callable[[], Ridge]:
    settings = RidgeSettings(first=150, every=60, features=("return_1", "return_5", "rsi_14"))
    return partial(cls, settings)


@pytest.fixture(scope="module")
def bars(random_walk: Callable[..., Bars]) -> Bars:
    return random_walk(450, 3)


def both(strategy: Any, bars: Any, **given: Any) -> tuple[RunRecord, RunRecord]:
    """Run it compiled and interpreted, and see that it was so."""
    found = [
        backtest(strategy, bars, mode=mode, **given).record for mode in ("compiled", "interpreted")
    ]
    assert [one.engine["mode"] for one in found] == ["compiled", "interpreted"]
    return found[0], found[1]


def assert_same_bytes(one: RunRecord, other: RunRecord) -> None:
    for name in ("orders", "fills", "trades", "time", "equity"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.order_list_hash == other.order_list_hash
    assert one.final_equity == other.final_equity
    assert repr(one.metrics.values) == repr(other.metrics.values)
    assert one.run_id == other.run_id


@pytest.mark.parametrize("model", MODELS)
def test_a_compiled_backtest_reads_what_an_interpreted_one_reads(bars: Bars, model: str) -> None:
    compiled, interpreted = both(
        "forecast-threshold", bars, models={"forecast": model}, parameters={"share": 0.5}
    )
    assert len(compiled.fills) > 4
    assert_same_bytes(compiled, interpreted)
    first = compiled.fills["known"][0]
    assert first > bars.close_time[150], "nothing is ordered before the first fit"


def test_two_models_in_one_strategy_of_a_users(bars: Bars) -> None:
    models = {"sign": MODELS[1], "size": made(Ridge)}
    compiled, interpreted = both(Sized, bars, models=models)
    assert len(set(compiled.fills["quantity"].tolist())) > 3, "the size comes from the model"
    assert_same_bytes(compiled, interpreted)


def test_the_column_is_the_one_the_model_was_walked_to(bars: Bars) -> None:
    """Nothing else reaches on_bar: a prepared column of the same values trades alike."""
    modelled = backtest("forecast-threshold", bars, models={"forecast": MODELS[0]}, mode="compiled")
    values = walk_forward(made(Ridge)(), bars).values
    prepared = backtest(
        "forecast-threshold", bars, signals={"forecast": values}, warmup=150, mode="compiled"
    )
    assert modelled.record.order_list_hash == prepared.record.order_list_hash
    shifted = backtest(
        "forecast-threshold", bars, signals={"forecast": np.roll(values, 1)}, warmup=150,
        mode="compiled",
    )  # fmt: skip
    assert shifted.record.order_list_hash != prepared.record.order_list_hash


def test_trials_of_a_compiled_sweep_over_a_model_are_those_of_an_interpreted_one(
    bars: Bars,
) -> None:
    found = [
        sweep(
            "forecast-threshold", bars, {"enter": [0.0, 0.001, 0.002], "leave": [-0.001, 0.0]},
            models={"forecast": MODELS[0]}, mode=mode, hashes=True, workers=1,
        ).table
        for mode in ("compiled", "interpreted")
    ]  # fmt: skip
    assert found[0].order_hashes == found[1].order_hashes
    assert len(set(found[0].order_hashes)) > 3
    for name, column in found[0].metrics.items():
        assert column.tobytes() == found[1].metrics[name].tobytes(), name


@pytest.mark.parametrize("leak", [RidgeOfTomorrow, RidgeOfAll])
@pytest.mark.parametrize("mode", ["compiled", "interpreted"])
def test_a_model_that_looks_ahead_is_caught_compiled_as_well(
    bars: Bars, leak: type[Ridge], mode: str
) -> None:
    run = partial(backtest, "forecast-threshold", bars, mode=mode)
    check = run(models={"forecast": made(leak)}).checks[0]
    assert (check.name, check.status) == ("look-ahead", "fail")
    assert f"model {leak.__name__} makes another forecast at" in check.text
    honest = run(models={"forecast": made(Ridge)}).checks[0]
    assert (honest.name, honest.status) == ("look-ahead", "ok")
