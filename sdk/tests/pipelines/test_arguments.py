"""Wrong inputs given to every function of research: each is refused in words of ours."""

from __future__ import annotations

import datetime as dt
import inspect
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from tradectl_sdk import (
    Bars,
    Instrument,
    Strategy,
    backtest,
    check_strategy,
    montecarlo,
    optimize,
    overfitting,
    param,
    significance,
    sweep,
    walkforward,
)
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import TradectlError, UsageError
from tradectl_sdk.pipelines.arguments import _BY_NAME, _reader, _split, checked

NAN = math.nan
FUNCTIONS = {
    each.__name__: each
    for each in (
        backtest, check_strategy, montecarlo, optimize,
        overfitting, significance, sweep, walkforward,
    )
}  # fmt: skip
# What other rooms know, where it is used; everything else is read from signatures.
ELSEWHERE = {"strategy", "data"}

COUNTS = (1.5, 100.0, NAN, math.inf, -1, "7", "x", True, [3], 10**30, np.float64(2.5))
SEEDS = tuple(each for each in COUNTS if each != 10**30)
TEXTS = (3, NAN, ["x"], b"x", "", "nonsense")
MOMENTS = (3, "", "nonsense", "2020-13-01", NAN, ["2020"], "2090-01-01")
NAMES = (3, "nonsense", [3], [None], ["nonsense"], [["sharpe_ratio"]], NAN, {"a": 1})
VALUES = (3, "x", ["fast"], {3: 4}, {"nonsense": 3}, {"fast": None}, {"fast": "x"}, {"fast": NAN},
          {"fast": 5.5}, {"fast": 99}, {"fast": [3]})  # fmt: skip
GRIDS = (None, 3, "", "x", [], {}, [3], [None], {"fast": []}, {"fast": 3}, {"fast": None},
         {"fast": [None]}, {"fast": [5.5]}, {"fast": [NAN]}, {"fast": ["x"]}, {3: [1]},
         {"nonsense": [1]}, {"fast": "5:2"}, {"fast": [[3]]}, {"fast": "nan:5"})  # fmt: skip
SERIES = (None, 3, "", "nonsense", [], [None], [3], pd.DataFrame(), [pd.DataFrame()],
          np.arange(3.0), NAN)  # fmt: skip
STRATEGIES = (None, 3, "", "nonsense", object, "nofile.py", "x.py:Y", ["a"])
MODELS = (3, "x", {"a": None}, {"a": 3}, {"a": "nonsense"}, {"a": "ridge:horizon=x"},
          {"a": "ridge:nonsense=1"}, {"a": "ridge:horizon=0"}, {"a": lambda: 3}, {3: "ridge"},
          {"a": ""})  # fmt: skip
SIGNALS = (3, "x", {"a": None}, {"a": 3}, {"a": [1, 2]}, {3: np.zeros(60)}, {"a": np.full(60, "x")},
           {"a": np.zeros((2, 60))}, {"a": lambda: 3})  # fmt: skip
THINGS = (3, "x", object())
SHARES = (NAN, -0.1, "x", "0.2", [0.2], True)

WRONG = {
    "backtest": {
        "strategy": STRATEGIES, "data": SERIES, "parameters": VALUES, "timeframe": TEXTS,
        "start": MOMENTS, "settings": THINGS, "signals": SIGNALS, "models": MODELS,
        "warmup": (None, *COUNTS), "mode": (None, *TEXTS), "trials": (None, 0, *COUNTS),
        "store": THINGS, "fresh": (3, "x"), "plugins": THINGS, "notify": THINGS,
    },
    "sweep": {
        "strategy": STRATEGIES, "data": SERIES, "grid": GRIDS, "each": (3, "x", None),
        "windows": (0, *COUNTS), "parameters": VALUES, "where": (None, *NAMES),
        "sample": (0, *COUNTS), "seed": (None, *SEEDS), "metrics": (None, *NAMES),
        "start": MOMENTS, "settings": THINGS, "models": MODELS, "warmup": (None, *COUNTS),
        "mode": (None, *TEXTS), "executor": (None, *TEXTS), "workers": (0, *COUNTS),
        "limit": (0, *COUNTS), "store": THINGS, "progress": THINGS,
    },
    "walkforward": {
        "strategy": STRATEGIES, "data": SERIES, "grid": GRIDS, "train": (None, 0, 999, *COUNTS),
        "test": (None, 0, 999, *COUNTS), "embargo": (None, 999, *COUNTS), "anchored": (3, None),
        "metric": (None, *TEXTS), "sample": (0, *COUNTS), "seed": (None, *SEEDS),
        "end": (3, "", "nonsense", NAN), "store": THINGS, "executor": (None, *TEXTS),
        "progress": THINGS,
    },
    "optimize": {
        "strategy": STRATEGIES, "data": SERIES, "ranges": GRIDS, "objectives": (None, [], *NAMES),
        "where": (None, *NAMES), "trials": (None, 0, *COUNTS), "sampler": (None, *TEXTS),
        "seed": (None, *SEEDS), "pruner": (None, *TEXTS), "batch": (None, 0, *COUNTS),
        "out_of_sample": (None, 1.0, 2, *SHARES), "folder": (3, None, NAN), "storage": TEXTS,
        "workers": (0, *COUNTS), "resume": (3, "x"),
    },
    "significance": {
        "strategy": STRATEGIES, "data": SERIES, "parameters": VALUES, "draws": (None, 0, *COUNTS),
        "seed": (None, *SEEDS), "mode": (None, *TEXTS), "each": (3, "x"), "models": MODELS,
    },
    "montecarlo": {
        "record": (None, *THINGS), "strategy": STRATEGIES[1:], "data": SERIES[1:2] + SERIES[4:],
        "paths": (None, 0, *COUNTS), "noisy": (None, *COUNTS),
        "noise": (None, *SHARES), "ruin": (None, 1.0, *SHARES), "block": (0.5, *SHARES),
        "seed": (None, *SEEDS), "progress": THINGS,
    },
    "overfitting": {
        "sweep": (None, *THINGS), "most": (None, 0, *COUNTS), "blocks": (None, 0, 3, *COUNTS),
        "seed": (None, *SEEDS), "strategy": (3, "nonsense"), "data": SERIES[1:],
        "settings": THINGS, "progress": THINGS,
    },
    "check_strategy": {
        "strategy": STRATEGIES, "data": SERIES, "bars": (None, 0, *COUNTS), "only": (None, *NAMES),
        "seed": (None, *SEEDS), "signals": SIGNALS, "mode": (None, *TEXTS), "notify": THINGS,
    },
}  # fmt: skip


class Turning(Strategy):
    """In and out, every so many bars."""

    fast: int = param(5, ge=2, le=12)

    def on_start(self, ctx):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen % self.fast == 0:
            if ctx.position == 0:
                ctx.buy(1)
            else:
                ctx.close()


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    (series,) = synthetic_market([one], bars=60, timeframe="1d", seed=11)
    return series.bars


@pytest.fixture(scope="module")
def sound(bars, tmp_path_factory):
    """Arguments that each function takes, by its name."""
    from tradectl_sdk.plugins import Plugins

    usual = {"plugins": Plugins.discover().load()}
    here = usual | {"strategy": Turning, "data": bars, "mode": "interpreted"}
    many = here | {"workers": 1}
    grid = {"fast": [2, 3]}
    again = usual | {"strategy": Turning, "data": [bars]}
    return {
        "backtest": here,
        "sweep": many | {"grid": grid},
        "walkforward": many | {"grid": grid, "train": 20, "test": 15},
        "optimize": many | {
            "ranges": {"fast": "2:9"}, "trials": 1, "sampler": "random", "fresh": True,
            "folder": tmp_path_factory.mktemp("studies"),
        },
        "significance": here | {"draws": 99},
        "montecarlo": again | {"record": backtest(**here).record, "paths": 9, "noisy": 0},
        "overfitting": again | {"sweep": sweep(grid=grid, **many).sweep, "blocks": 4},
        "check_strategy": here | {"bars": 20, "only": ["determinism"]},
    }  # fmt: skip


CASES = [(name, argument) for name, table in WRONG.items() for argument in table]


@pytest.mark.parametrize(("name", "argument"), CASES, ids=str)
def test_what_is_wrong_is_refused_in_words(sound, name, argument):
    for value in WRONG[name][argument]:
        with pytest.raises(TradectlError) as caught:
            FUNCTIONS[name](**sound[name] | {argument: value})
        told = caught.value
        assert told.hint or "expected" in told.message, f"{value!r}: {told.message}"


def test_the_sound_ones_are_taken(sound):
    for name, function in FUNCTIONS.items():
        function(**sound[name])


def test_signatures_are_what_all_arguments_are_held_to():
    """An argument with an annotation that nobody reads is named here, with its home."""
    for function in FUNCTIONS.values():
        for name, one in inspect.signature(function).parameters.items():
            known = [_reader(each) for each in _split(one.annotation) if each != "None"]
            assert name in ELSEWHERE or name in _BY_NAME or all(known), (function, name)


@pytest.mark.parametrize(
    ("length", "message", "hint"),
    [
        (100.5, "train was 100.5, expected a whole number", "write it as train=100"),
        (NAN, "train was nan, expected a whole number", "such as train=100"),
        ("100", "train was '100', expected a whole number", "such as train=100"),
        ([1], "train was a list, expected a whole number", "such as train=100"),
        (1, "train was 1 bars, expected 2 or more", ""),
    ],
)
def test_a_length_that_is_no_whole_number_is_told_how_to_be_one(sound, length, message, hint):
    with pytest.raises(UsageError) as caught:
        walkforward(**sound["walkforward"] | {"train": length})
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_means_the_same_gives_the_same(sound, bars):
    """Whole numbers of NumPy, moments of other types and zones, and one text for several."""
    zone = dt.timezone(dt.timedelta(hours=2))
    moment = np.datetime64(int(bars.time[20]), "ns").astype("datetime64[D]")
    day = moment.item()
    plain = sound["sweep"] | {"start": f"{day}", "sample": 1, "where": ("fast < 4",)}
    expected = sweep(**plain)
    for other in (
        {"sample": np.int64(1), "seed": np.uint8(0), "workers": np.int32(1)},
        {"where": "fast < 4"},
        {"start": day},
        {"start": dt.datetime(day.year, day.month, day.day, 2, tzinfo=zone)},
        {"start": f"{day}T02:00+02:00", "end": "2090-01-01T00:00Z"},
        {"start": pd.Timestamp(day)},
        {"start": moment},
    ):
        found = sweep(**plain | other)
        assert found.sweep.sweep_id == expected.sweep.sweep_id, other
        assert found.table.points == expected.table.points
    assert expected.bars == len(bars) - 20


def test_a_function_stays_what_it_is_for_readers_and_for_python():
    def few(first: int, *, second: str | None = None) -> str:
        """Say both."""
        return f"{first} {second}"

    told = checked(few)
    assert told(np.int64(3)) == "3 None"
    assert told(3, second="x") == "3 x"
    assert (told.__doc__, inspect.signature(told)) == (few.__doc__, inspect.signature(few))
    with pytest.raises(TypeError, match="third"):
        told(3, third=4)
    with pytest.raises(TypeError, match="first"):
        told()
