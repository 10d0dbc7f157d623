"""What every indicator promises, held for every indicator at once."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tradectl_sdk.indicators as room
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.indicators import (
    ADX,
    ATR,
    EMA,
    MACD,
    OBV,
    RSI,
    SMA,
    SMMA,
    VWAP,
    WMA,
    Bollinger,
    Donchian,
    Indicator,
    Keltner,
    PivotPoints,
    RollingMax,
    RollingMin,
    RollingVWAP,
    StandardDeviation,
    Stochastic,
    SwingPoints,
    TrueRange,
    compute_outputs,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Columns = dict[str, np.ndarray]

# Which column of a bar feeds which input.
INPUTS = {"x": "close", "price": "close", "close": "close", "high": "high", "low": "low"}
INPUTS["volume"] = "volume"


@dataclass(frozen=True)
class Case:
    """An indicator with what its docstring says about it.

    ``degree`` is the power of the price's unit in its outputs, ``volume_degree`` that of volume.
    """

    make: Callable[[], Any]
    warm_up: int
    degree: int = 1
    volume_degree: int = 0
    session: bool = False

    @property
    def inputs(self) -> list[str]:
        return [INPUTS[name] for name in inspect.signature(self.make().update).parameters]

    def rows(self, bars: Columns) -> list[np.ndarray]:
        return [bars[name] for name in self.inputs]


CASES = {
    "SMA": Case(lambda: SMA(7), 7),
    "SMA of one": Case(lambda: SMA(1), 1),
    "EMA": Case(lambda: EMA(7), 7),
    "EMA of one": Case(lambda: EMA(1), 1),
    "SMMA": Case(lambda: SMMA(7), 7),
    "WMA": Case(lambda: WMA(7), 7),
    "WMA of one": Case(lambda: WMA(1), 1),
    "RSI": Case(lambda: RSI(6), 7, degree=0),
    "RSI of one": Case(lambda: RSI(1), 2, degree=0),
    "MACD": Case(lambda: MACD(3, 7, 4), 10),
    "Stochastic": Case(lambda: Stochastic(6, 3, 2), 9, degree=0),
    "fast Stochastic": Case(lambda: Stochastic(6, 1, 1), 6, degree=0),
    "TrueRange": Case(TrueRange, 2),
    "ATR": Case(lambda: ATR(5), 6),
    "ATR of one": Case(lambda: ATR(1), 2),
    "StandardDeviation": Case(lambda: StandardDeviation(7), 7),
    "StandardDeviation of one": Case(lambda: StandardDeviation(1), 1),
    "ADX": Case(lambda: ADX(4), 8, degree=0),
    "ADX of one": Case(lambda: ADX(1), 2, degree=0),
    "Bollinger": Case(lambda: Bollinger(7), 7),
    "RollingMax": Case(lambda: RollingMax(5), 5),
    "RollingMax of one": Case(lambda: RollingMax(1), 1),
    "RollingMin": Case(lambda: RollingMin(5), 5),
    "RollingMin of one": Case(lambda: RollingMin(1), 1),
    "Donchian": Case(lambda: Donchian(5), 5),
    "Keltner": Case(lambda: Keltner(6, 4), 6),
    "Keltner with a long range": Case(lambda: Keltner(4, 6), 7),
    "OBV": Case(OBV, 1, degree=0, volume_degree=1),
    "VWAP": Case(VWAP, 1, session=True),
    "VWAP of six bars": Case(lambda: VWAP(6), 1, session=True),
    "RollingVWAP": Case(lambda: RollingVWAP(5), 5),
    "RollingVWAP of one": Case(lambda: RollingVWAP(1), 1),
    "PivotPoints of every bar": Case(lambda: PivotPoints(1), 2, session=True),
    "PivotPoints of six bars": Case(lambda: PivotPoints(6), 7, session=True),
    "SwingPoints": Case(lambda: SwingPoints(2), 5),
    "SwingPoints of one": Case(lambda: SwingPoints(1), 3),
}

every_indicator = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@st.composite
def bars_of(draw: st.DrawFn, *, least: int = 1, most: int = 60) -> Columns:
    """Bars with gaps, flat stretches and ties: prices move on a coarse grid, volume may be 0."""
    n = draw(st.integers(least, most))
    grid = draw(st.sampled_from([0.25, 0.1, 0.0137]))
    steps = draw(st.lists(st.integers(-6, 6), min_size=n, max_size=n))
    spans = draw(st.lists(st.tuples(*[st.integers(0, 4)] * 2), min_size=n, max_size=n))
    volume = draw(st.lists(st.integers(0, 1000), min_size=n, max_size=n))
    close = 500 + np.cumsum(steps)
    up, down = np.array(spans).T
    return {
        "high": (close + up) * grid,
        "low": (close - down) * grid,
        "close": close * grid,
        "volume": np.array(volume, float),
    }


def random_bars(n: int, seed: int = 11) -> Columns:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))
    high, low = close * (1.0 + rng.random(n) * 0.01), close * (1.0 - rng.random(n) * 0.01)
    return {"high": high, "low": low, "close": close, "volume": rng.integers(1, 9999, n) * 1.0}


def stream(indicator: Indicator, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Run the indicator by hand: every output after every update."""
    got: dict[str, list[float]] = {name: [] for name in indicator.OUTPUTS}
    for row in zip(*(column.tolist() for column in rows), strict=True):
        returned = indicator.update(*row)  # type: ignore[attr-defined]
        assert np.float64(returned).tobytes() == np.float64(indicator.value).tobytes()
        for name, column in got.items():
            column.append(getattr(indicator, name))
    return {name: np.array(column, np.float64) for name, column in got.items()}


def assert_same_bytes(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    assert list(got) == list(want)
    for name, column in want.items():
        assert got[name].dtype == column.dtype == np.float64
        assert got[name].tobytes() == column.tobytes(), name


def test_no_indicator_is_left_out() -> None:
    public = {getattr(room, name) for name in room.__all__}
    classes = {cls for cls in public if isinstance(cls, type)} - {Indicator}
    assert {type(case.make()) for case in CASES.values()} == classes


@every_indicator
@given(bars=bars_of())
@settings(max_examples=15)
def test_array_form_is_the_streaming_form(case: Case, bars: Columns) -> None:
    rows = case.rows(bars)
    assert_same_bytes(
        compute_outputs(case.make(), *rows, engine="interpreted"), stream(case.make(), rows)
    )


@every_indicator
def test_compiled_and_interpreted_give_the_same_bytes(case: Case) -> None:
    """Random prices, a coarse grid full of ties, gaps of NaN, zeros and a huge value."""
    smooth, coarse = random_bars(300), zigzag(300)
    broken = {name: column.copy() for name, column in smooth.items()}
    for column in broken.values():
        column[[0, 1, 40]] = np.nan
        column[80:110] = 0.0
        column[150] *= 1e12
    for bars in (smooth, coarse, broken):
        rows = case.rows(bars)
        assert_same_bytes(
            compute_outputs(case.make(), *rows, engine="compiled"), stream(case.make(), rows)
        )


@every_indicator
@given(bars=bars_of(least=2), data=st.data())
@settings(max_examples=15)
def test_no_output_depends_on_a_later_bar(case: Case, bars: Columns, data: st.DataObject) -> None:
    rows = case.rows(bars)
    cut = data.draw(st.integers(1, len(rows[0]) - 1))
    whole = stream(case.make(), rows)
    part = stream(case.make(), [column[:cut] for column in rows])
    assert_same_bytes(part, {name: column[:cut] for name, column in whole.items()})


@every_indicator
def test_outputs_are_nan_before_the_stated_warm_up_and_never_after(case: Case) -> None:
    indicator = case.make()
    rows = case.rows(zigzag(60))
    for i, row in enumerate(zip(*(column.tolist() for column in rows), strict=True)):
        value = indicator.update(*row)
        assert indicator.ready is (i + 1 >= case.warm_up)
        assert math.isnan(value) is (not indicator.ready)
    assert not any(math.isnan(getattr(indicator, name)) for name in indicator.OUTPUTS)


def zigzag(n: int) -> Columns:
    """Bars that turn as early as possible: every other bar is a swing, or a longer wave."""
    close = 100.0 + np.array([1, 0, 5, 2, 1, 0, -4, -2] * (n // 8 + 1), float)[:n]
    return {"high": close + 1.0, "low": close - 1.0, "close": close, "volume": np.full(n, 3.0)}


@every_indicator
def test_a_window_larger_than_the_data_gives_only_nan(case: Case) -> None:
    rows = case.rows(random_bars(60))
    got = compute_outputs(case.make(), *(column[: case.warm_up - 1] for column in rows))
    assert all(np.isnan(got["value"]))
    assert len(got["value"]) == case.warm_up - 1


@every_indicator
@given(bars=bars_of(least=12), shift=st.integers(-3, 9))
@settings(max_examples=12)
def test_twice_the_price_is_exactly_twice_the_output(case: Case, bars: Columns, shift: int) -> None:
    """A power of two changes no significand, so the equality is exact."""
    factor = 2.0**shift
    scaled = {name: column * factor for name, column in bars.items() if name != "volume"}
    plain = stream(case.make(), case.rows(bars))
    got = stream(case.make(), case.rows({**scaled, "volume": bars["volume"]}))
    for name, column in plain.items():
        power = 0 if name.endswith("_age") else case.degree
        np.testing.assert_array_equal(got[name], column * factor**power)
    more = {**bars, "volume": bars["volume"] * factor}
    got = stream(case.make(), case.rows(more))
    for name, column in plain.items():
        np.testing.assert_array_equal(got[name], column * factor**case.volume_degree)


@every_indicator
@given(bars=bars_of(least=12))
@settings(max_examples=12)
def test_shifted_prices_shift_levels_and_leave_the_rest(case: Case, bars: Columns) -> None:
    shifted = {name: column + 64.0 for name, column in bars.items() if name != "volume"}
    plain = stream(case.make(), case.rows(bars))
    got = stream(case.make(), case.rows({**shifted, "volume": bars["volume"]}))
    spreads = (TrueRange, ATR, StandardDeviation, MACD)
    for name, column in plain.items():
        level = case.degree == 1 and not isinstance(case.make(), spreads)
        level = (level or name == "mean") and not name.endswith("_age")
        want = column + 64.0 if level else column
        # Ratios of differences of rounded prices: flat stretches make them coarse.
        if case.degree == 1 or case.volume_degree == 1:
            np.testing.assert_allclose(got[name], want, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    "case",  # sessions count bars, whatever is in them
    [pytest.param(case, id=name) for name, case in CASES.items() if not case.session],
)
@given(bars=bars_of(), lead=st.integers(1, 9))
@settings(max_examples=12)
def test_leading_nan_only_delays(case: Case, bars: Columns, lead: int) -> None:
    rows = case.rows(bars)
    nothing = np.full(lead, np.nan)
    got = stream(case.make(), [np.r_[nothing, column] for column in rows])
    want = stream(case.make(), rows)
    for name, column in want.items():
        before = got[name][:lead]
        assert all(np.isnan(before)) or (name.endswith("_age") and not any(before))
        assert got[name][lead:].tobytes() == column.tobytes(), name


FORGETFUL = {
    *("SMA", "SMA of one", "WMA", "WMA of one", "StandardDeviation", "StandardDeviation of one"),
    *("Bollinger", "RollingMax", "RollingMin", "RollingMax of one", "RollingMin of one"),
    *("Donchian", "RollingVWAP", "RollingVWAP of one", "Stochastic", "fast Stochastic"),
    *("TrueRange", "VWAP of six bars"),
    *("PivotPoints of every bar", "PivotPoints of six bars"),
}


@pytest.mark.parametrize("name", [name for name in CASES if "Swing" not in name])
def test_a_nan_comes_out_as_nan_and_windows_forget_it(name: str) -> None:
    """Whichever column it is in: in this bar, the next, or the levels of the next session."""
    case = CASES[name]
    clean = np.array([*stream(case.make(), case.rows(zigzag(80))).values()])
    for poisoned in case.inputs:
        bars = zigzag(80)
        bars[poisoned][35] = np.nan
        got = np.array([*stream(case.make(), case.rows(bars)).values()])
        assert np.isnan(got[:, 35:37]).any()
        assert np.isnan(got[:, -1]).any() == (name not in FORGETFUL)
        if name in FORGETFUL:
            np.testing.assert_allclose(got[:, -1], clean[:, -1], rtol=1e-12)


@every_indicator
@pytest.mark.parametrize("level", [0.0, 0.1, 12345.678])
def test_constant_input_gives_constant_output(case: Case, level: float) -> None:
    n = 40
    flat = {name: np.full(n, level) for name in ("high", "low", "close")}
    got = stream(case.make(), case.rows({**flat, "volume": np.full(n, 2.0)}))
    indicator = case.make()
    want: dict[str, float] = dict.fromkeys(indicator.OUTPUTS, level)
    zero = (TrueRange, ATR, ADX, MACD, OBV)
    if isinstance(indicator, zero):
        want = dict.fromkeys(indicator.OUTPUTS, 0.0)
    if isinstance(indicator, (RSI, Stochastic)):
        want = dict.fromkeys(indicator.OUTPUTS, 50.0)
    if isinstance(indicator, StandardDeviation):
        want["value"] = 0.0
    if isinstance(indicator, SwingPoints):
        assert all(np.isnan(got["value"]))
        return
    for name, column in got.items():
        np.testing.assert_allclose(column[case.warm_up - 1 :], want[name], rtol=1e-14, atol=1e-12)


WINDOWED = [SMA, EMA, SMMA, WMA, RSI, ATR, ADX, StandardDeviation, Bollinger, RollingMax]
WINDOWED += [RollingMin, Donchian, RollingVWAP, SwingPoints, Stochastic, Keltner]


@pytest.mark.parametrize("cls", WINDOWED, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("window", [0, -1, 2.5, True, "7", None, math.nan])
def test_windows_that_count_nothing_are_refused_by_name(cls: type[Any], window: object) -> None:
    with pytest.raises(UsageError, match=r"^(window|bars) was .*, expected"):
        cls(window)


@every_indicator
def test_what_holds_an_average_that_never_forgets_says_how_long_it_remembers(case: Case) -> None:
    indicator = case.make()
    for part in vars(indicator).values():
        if hasattr(part, "memory"):
            assert indicator.memory >= part.memory


@pytest.mark.parametrize("name", ["EMA", "SMMA", "RSI", "MACD", "ATR", "ADX", "Keltner"])
def test_after_its_memory_where_it_began_no_longer_matters(name: str) -> None:
    """Begun in a wild market and in the calm one that follows: what they differ is gone."""
    case = CASES[name]
    wild, calm = random_bars(200, seed=3), random_bars(400, seed=4)
    spread = wild["close"] * (1.0 + 0.2 * np.sin(np.arange(200)))
    before = {name: column + spread - wild["close"] for name, column in wild.items()}
    both = [np.concatenate([before[one], calm[one]]) for one in case.inputs]
    late = stream(case.make(), [column[200:] for column in both])
    whole = stream(case.make(), both)
    memory, ready = case.make().memory, case.warm_up
    for output in case.make().OUTPUTS:
        apart = np.abs(whole[output][200:] - late[output])
        assert apart[memory - 1] <= 0.005 * np.nanmax(apart[ready - 1 :])
