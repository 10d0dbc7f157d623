"""Models by name, and the signals they make for a backtest."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tradectl_sdk import (
    Bars,
    Instrument,
    RunStore,
    Strategy,
    backtest,
    check_strategy,
    montecarlo,
    optimize,
    param,
    significance,
    sweep,
    walkforward,
)
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import (
    DataMissingError,
    ModelError,
    NotFoundError,
    TradectlError,
    UsageError,
)
from tradectl_sdk.models import walk_forward
from tradectl_sdk.pipelines.modelling import read_models

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from small_models import FittedOnEverything, LeastSquares, Tomorrow


class Follow(Strategy):
    """Holds while the forecast is positive."""

    signals = ("forecast",)
    least: float = param(0.0, ge=-1.0, le=1.0)

    def on_start(self, ctx):
        self.forecast = ctx.signal("forecast")

    def on_bar(self, ctx, bar):
        if self.forecast.value > self.least and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(1)
        elif self.forecast.value < self.least and ctx.position > 0:
            ctx.close()


def market(count: int = 1, bars: int = 400) -> list[Bars]:
    instruments = [
        Instrument(
            symbol=f"S{number}",
            venue="TEST",
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.001"),
            taker_fee=Decimal(0),
            maker_fee=Decimal(0),
        )
        for number in range(count)
    ]
    return [one.bars for one in synthetic_market(instruments, bars=bars, timeframe="1d", seed=5)]


@pytest.fixture(scope="module")
def bars() -> Bars:
    return market()[0]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(tmp_path / "cache"))


run = partial(backtest, mode="interpreted")


def test_a_model_makes_the_column_that_one_would_prepare(bars):
    modelled = run(Follow, bars, models={"forecast": LeastSquares})
    values = walk_forward(LeastSquares(), bars).values
    prepared = run(Follow, bars, signals={"forecast": values}, warmup=100)
    assert len(modelled.record.fills) > 10
    assert modelled.record.order_list_hash == prepared.record.order_list_hash
    assert modelled.record.run_id != prepared.record.run_id


def test_each_series_has_a_model_of_its_own():
    two = market(2)
    together = run(Follow, two, models={"forecast": LeastSquares})
    values = [walk_forward(LeastSquares(), one).values for one in two]
    assert not np.array_equal(values[0], values[1], equal_nan=True)
    prepared = run(Follow, two, signals={"forecast": values}, warmup=100)
    assert together.record.order_list_hash == prepared.record.order_list_hash


def test_nothing_is_ordered_before_the_first_forecast(bars):
    class Eager(Strategy):
        """Buys at once."""

        def on_bar(self, ctx, bar):
            if ctx.position == 0:
                ctx.buy(1)

    result = run(Eager, bars, models={"unused": LeastSquares})
    first = result.record.fills["known"][0]
    assert list(result.record.time).index(first) == 101  # the bar after the first it may order on
    warmup = next(check for check in result.checks if check.name == "warm-up")
    assert warmup.text == "100 bars without orders"


def test_what_was_fitted_is_said_and_kept(bars):
    result = run(Follow, bars, models={"forecast": partial(LeastSquares, horizon=4, embargo=2)})
    kept = result.record.identity["settings"]["models"]["forecast"]
    assert kept["schedule"] == {
        "horizon": 4, "embargo": 2, "first": 100, "every": 60, "window": 0,
    }  # fmt: skip
    assert kept["fits"] == [5]
    assert "LeastSquares" in kept["code"]
    said = dict(result.assumptions)["signal forecast"]
    assert (
        "return over 4 bars; 5 fits walk-forward; from bar 100 every 60 bars, on all bars before"
        in said
    )
    assert "embargo 2 bars" in said


@pytest.mark.parametrize("leak", [FittedOnEverything, Tomorrow])
def test_a_model_that_knows_the_future_is_found(bars, leak):
    result = run(Follow, bars, models={"forecast": leak})
    check = result.checks[0]
    assert (check.name, check.status) == ("look-ahead", "fail")
    assert f"model {leak.__name__} makes another forecast at 20" in check.text
    assert any(text.startswith("look-ahead: ") for text in result.record.warnings)


def test_one_that_trades_nothing_is_found_too(bars):
    result = run(Follow, bars, models={"forecast": Tomorrow}, parameters={"least": 1.0})
    assert len(result.record.orders) == 0
    assert result.checks[0].status == "fail"


def test_an_honest_model_passes(bars):
    assert run(Follow, bars, models={"forecast": LeastSquares}).checks[0].status == "ok"


def test_a_run_in_the_store_is_answered_without_a_fit(bars, tmp_path, monkeypatch):
    store = RunStore(tmp_path / "runs")
    first = run(Follow, bars, models={"forecast": LeastSquares}, store=store)
    with monkeypatch.context() as patched:
        patched.setattr(LeastSquares, "fit", None)
        again = run(Follow, bars, models={"forecast": LeastSquares}, store=store)
    assert again.stored
    assert again.record.run_id == first.record.run_id
    assert again.assumptions == first.assumptions
    other = run(Follow, bars, models={"forecast": partial(LeastSquares, every=59)}, store=store)
    assert not other.stored


def test_models_given_as_code_are_told_apart_by_what_they_were_made_with(bars):
    class Made(LeastSquares):
        """Says nothing of what it was made with."""

        def __init__(self, alpha: object) -> None:
            super().__init__()
            self.alpha = alpha

    def named(alpha: object) -> str:
        return run(Follow, bars, models={"forecast": partial(Made, alpha)}).record.run_id

    values = [1, 1.0, "1", (1,), {"a": 1}, np.ones(2), np.zeros(2)]
    assert len({named(value) for value in values}) == len(values)
    assert named(1) == named(1)
    with pytest.raises(ModelError, match="has a object as its alpha, and no settings"):
        named(object())
    Made.settings = {"alpha": "the first"}
    assert named(object()) == named(object())


def test_another_version_of_a_library_is_another_run(bars, monkeypatch):
    class Learned(LeastSquares):
        """Names what it is made with."""

        libraries = ("numpy",)

    first = run(Follow, bars, models={"forecast": Learned})
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99")
    assert run(Follow, bars, models={"forecast": Learned}).record.run_id != first.record.run_id


def test_a_strategy_is_tried_with_its_models(bars):
    only = ("look-ahead", "prepared columns")
    tried = partial(check_strategy, Follow, bars, only=only, mode="interpreted", bars=250)
    honest = tried(models={"forecast": LeastSquares})
    assert [check.status for check in honest.checks] == ["ok", "ok"]
    assert "forecast: models forecast the same" in honest.checks[1].text
    leaking = tried(models={"forecast": Tomorrow})
    assert [check.status for check in leaking.checks] == ["ok", "fail"]
    assert "model Tomorrow makes another forecast" in leaking.checks[1].text


def test_a_column_that_is_made_of_bars_stands_beside_one_that_a_model_makes(bars):
    result = run(
        Follow,
        bars,
        models={"forecast": LeastSquares},
        signals={"close": lambda b: b.floats("close")},
    )
    found = {check.name: (check.status, check.text) for check in result.checks}
    assert found["look-ahead"][0] == "ok"
    assert found["prepared columns"][0] == "ok"
    assert found["prepared columns"][1].startswith("close: the same rows")


RIDGE = "ridge:first=150,every=200,features=return_5+rsi_14"


def test_a_model_is_named_in_words_or_as_a_table(bars):
    table = {"model": "ridge", "first": 150, "every": 200, "features": ["return_5", "rsi_14"]}
    words, same = (run(Follow, bars, models={"forecast": made}) for made in (RIDGE, table))
    assert words.record.run_id == same.record.run_id


def test_models_of_a_run_forecast_its_noised_bars_again(bars, monkeypatch):
    record = run(Follow, bars, models={"forecast": RIDGE}).record
    seen = []

    def walk(model, over):
        seen.append(over.close.tobytes())
        return walk_forward(model, over)

    monkeypatch.setattr("tradectl_sdk.models.walk_forward", walk)
    found = montecarlo(record, strategy=Follow, data=[bars], noisy=2, noise=0.5)
    spread = next(each for each in found.spreads if each.name == "bars")
    assert len(spread.final) == 2
    assert len(set(seen)) == len(seen) == 3  # the run's own bars, and noised ones twice


def test_a_run_with_a_model_given_as_code_is_not_made_again_from_the_store(bars):
    record = run(Follow, bars, models={"forecast": LeastSquares}).record
    found = montecarlo(record, strategy=Follow, data=[bars], noisy=2)
    assert "model LeastSquares, which no plugin offers" in found.left_out["bars"]


def test_entries_and_windows_are_tried_with_models_too(bars):
    models = {"forecast": LeastSquares}
    found = significance(Follow, bars, models=models, draws=99, mode="interpreted")
    assert found.bars < 400
    walked = walkforward(
        Follow, bars, {"least": [0.0, 0.002]},
        train=200, test=100, models=models, mode="interpreted", workers=1,
    )  # fmt: skip
    assert len(walked.pieces) == 2
    assert all(piece.trades and piece.order_list_hash for piece in walked.pieces)
    # No order is accepted before the first forecast: growth in sample counts from there on.
    assert {piece.warm for piece in walked.pieces} == {200 - (399 - found.bars)}


def test_trials_of_a_sweep_read_the_same_forecasts(bars):
    result = sweep(
        Follow, bars, {"least": [-0.01, 0.0, 0.01]},
        models={"forecast": LeastSquares}, mode="interpreted", hashes=True, workers=1,
    )  # fmt: skip
    single = run(
        Follow, bars, parameters={"least": 0.01}, models={"forecast": LeastSquares}, trials=3
    )
    assert result.table.order_hashes[2] == single.record.order_list_hash


def test_a_strategy_names_the_model_it_is_usually_run_with(bars):
    class Usual(Follow):
        """Brings its own."""

        signals = ("forecast=ridge:first=150,every=200",)

    result = run(Usual, bars)
    assert result.record.identity["settings"]["models"]["forecast"]["fits"] == [2]
    given = run(Usual, bars, models={"forecast": LeastSquares})
    assert given.record.identity["settings"]["models"]["forecast"]["model"] == "LeastSquares"
    column = run(Usual, bars, signals={"forecast": np.zeros(len(bars))})
    assert "models" not in column.record.identity["settings"]


def test_a_search_for_parameters_reads_what_the_strategys_own_model_forecasts(bars, tmp_path):
    class Usual(Follow):
        """Brings its own."""

        signals = (f"forecast={RIDGE}",)

    found = optimize(
        Usual, bars, {"least": [0.0, 0.5]}, trials=1, sampler="random",
        objectives=["total_return"], mode="interpreted", folder=tmp_path,
    )  # fmt: skip
    single = run(Usual, bars, parameters=found.table.row(0)["parameters"])
    assert (
        found.table.row(0)["metrics"]["total_return"]
        == single.record.metrics.values["total_return"]
    )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, UsageError, "Follow reads the signal 'forecast', and nothing makes it"),
        ({"models": {"forecast": "rigde"}}, NotFoundError, "did you mean ridge?"),
        (
            {"models": {"forecast": "ridge:alhpa=2"}},
            UsageError,
            "alhpa  unknown key, did you mean alpha?",
        ),
        (
            {"models": {"forecast": "ridge:alpha=-1"}},
            UsageError,
            "alpha  was -1, expected at least",
        ),
        ({"models": {"forecast": "ridge:alpha"}}, UsageError, "was 'alpha', expected KEY=VALUE"),
        ({"models": {"forecast": "ridge:horizon=600"}}, UsageError, "first was 500, expected more"),
        (
            {"models": {"forecast": "ridge"}},
            UsageError,
            "model ridge is first fitted at bar 500, and there are 400 bars",
        ),
        ({"models": {"forecast": dict}}, ModelError, "dict made a dict, expected a Model"),
        (
            {"models": {"forecast": LeastSquares}, "signals": {"forecast": np.zeros(400)}},
            UsageError,
            "given both a column and a model",
        ),
    ],
)
def test_what_is_wrong_is_named(bars, given, error, message):
    with pytest.raises(TradectlError) as caught:
        run(Follow, bars, **given)
    assert message in str(caught.value)
    assert caught.value.exit_status == error.exit_status


def test_a_signal_nobody_declared_and_nobody_makes_has_a_hint(bars):
    class Bare(Follow):
        """Does not say what it reads."""

        signals = ()

    with pytest.raises(DataMissingError, match="--model forecast=MODEL"):
        run(Bare, bars)


def test_models_are_read_as_they_stand_on_a_command_line():
    assert read_models(["ridge:horizon=5,every=9", "fast=logistic"]) == {
        "forecast": "ridge:horizon=5,every=9",
        "fast": "logistic",
    }
    for words, message in (
        (["ridge", "forecast=logistic"], "signal forecast was given two models"),
        ([""], "a model was '', expected its name"),
        (["9=ridge"], "a model was '9=ridge'"),
        (["=ridge"], "a model was '=ridge'"),
        (["fast="], "a model was 'fast='"),
    ):
        with pytest.raises(UsageError, match=message):
            read_models(words)
