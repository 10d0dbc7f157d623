"""Numbers published by others: Skender's Stock.Indicators, QuantConnect's LEAN, StockCharts.

The tolerance of each row is half a unit in the last digit its source prints, or 1e-10 relative
where it prints doubles. ``settled`` is the first row compared where the source seeds an average
differently; the reason stands beside it.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
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
    from pathlib import Path

Table = dict[str, list[str]]
BARS = ("high", "low", "close")


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> Path:
    folder = shared_data / "golden" / "indicators"
    if not folder.is_dir():
        pytest.skip("shared data is absent: golden/indicators")
    return folder


def read_table(path: Path) -> Table:
    """Return the columns of a CSV file by their names in small letters."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        table: Table = {name.strip().lower(): [] for name in rows.fieldnames or ()}
        for row in rows:
            for name in rows.fieldnames or ():
                table[name.strip().lower()].append(row[name] or "")
    return table


def numbers(column: list[str]) -> np.ndarray:
    return np.array([float(cell) if cell.strip() else np.nan for cell in column])


def assert_agree(
    got: np.ndarray, want: np.ndarray, *, atol: float = 0.0, rtol: float = 0.0, settled: int = 0
) -> None:
    """Compare where the source has a number, and insist that it has enough of them."""
    rows = np.flatnonzero(~np.isnan(want))
    rows = rows[rows >= settled]
    assert len(rows) >= 10
    np.testing.assert_allclose(got[rows], want[rows], atol=atol, rtol=rtol, equal_nan=False)


SKENDER: list[tuple[str, str, Callable[[], Indicator], tuple[str, ...], str]] = [
    ("sma", "sma", lambda: SMA(20), ("close",), "value"),
    ("ema", "ema", lambda: EMA(20), ("close",), "value"),
    ("smma", "smma", lambda: SMMA(20), ("close",), "value"),
    ("wma", "wma", lambda: WMA(14), ("close",), "value"),
    ("rsi", "rsi", lambda: RSI(14), ("close",), "value"),
    ("tr", "tr", TrueRange, BARS, "value"),
    ("atr", "atr", lambda: ATR(14), BARS, "value"),
    ("adx", "adx", lambda: ADX(14), BARS, "value"),
    ("obv", "obv", OBV, ("close", "volume"), "value"),
    ("vwap", "vwap", VWAP, (*BARS, "volume"), "value"),
]


@pytest.mark.parametrize(("file", "key", "make", "inputs", "output"), SKENDER)
def test_equals_skender_from_the_first_to_the_last_row(
    golden: Path,
    file: str,
    key: str,
    make: Callable[[], Indicator],
    inputs: tuple[str, ...],
    output: str,
) -> None:
    folder = golden / "stock_indicators"
    quotes = read_table(folder / "quotes" / "default.csv")
    results = json.loads((folder / "results" / f"{file}.standard.json").read_text())
    want = np.array([np.nan if row[key] is None else row[key] for row in results], np.float64)
    got = compute_outputs(make(), *(numbers(quotes[name]) for name in inputs))[output]
    assert_agree(got, want, rtol=1e-10)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), "warm-up differs")


def test_directional_indicators_equal_skenders_from_the_first_adx_on(golden: Path) -> None:
    folder = golden / "stock_indicators"
    quotes = read_table(folder / "quotes" / "default.csv")
    results = json.loads((folder / "results" / "adx.standard.json").read_text())
    got = compute_outputs(ADX(14), *(numbers(quotes[name]) for name in BARS))
    for output, key in (("plus_di", "pdi"), ("minus_di", "mdi")):
        want = np.array([np.nan if row[key] is None else row[key] for row in results], np.float64)
        assert_agree(got[output], want, rtol=1e-10, settled=27)


def test_swing_points_are_skenders_pivots_confirmed_later(golden: Path) -> None:
    """Skender marks a pivot at its own bar, with two bars on either side."""
    folder = golden / "stock_indicators"
    quotes = read_table(folder / "quotes" / "default.csv")
    results = json.loads((folder / "results" / "pivots.standard.json").read_text())
    swings = SwingPoints(2)
    found: dict[str, list[int]] = {"highPoint": [], "lowPoint": []}
    for i, (high, low) in enumerate(
        zip(numbers(quotes["high"]), numbers(quotes["low"]), strict=True)
    ):
        swings.update(high, low)
        if swings.new_high:
            found["highPoint"].append(i - 2)
        if swings.new_low:
            found["lowPoint"].append(i - 2)
    for key, bars in found.items():
        assert bars == [i for i, row in enumerate(results) if row[key] is not None]
        assert len(bars) > 20


LEAN: list[tuple[str, str, Callable[[], Indicator], tuple[str, ...], str, float, int]] = [
    # These closes are printed to the cent as well: half a cent more for them.
    ("spy_with_indicators.txt", "sma14", lambda: SMA(14), ("close",), "value", 0.01, 0),
    # The file's history starts earlier: each seed is another one, and dies out.
    ("spy_with_indicators.txt", "ema14", lambda: EMA(14), ("close",), "value", 0.01, 200),
    ("spy_with_indicators.txt", "macd 12 26", MACD, ("close",), "value", 0.005, 200),
    ("spy_with_indicators.txt", "rsi 14 wilder", RSI, ("close",), "value", 0.0001, 200),
    ("spy_ema.csv", "ema14", lambda: EMA(14), ("close",), "value", 1e-9, 0),
    ("spy_atr_wilder.txt", "average true range 14", ATR, BARS, "value", 0.0001, 200),
    ("spy_tr.txt", "tr", TrueRange, BARS, "value", 1e-9, 0),
    ("spy_max.txt", "max_5", lambda: RollingMax(5), ("close",), "value", 1e-9, 0),
    ("spy_min.txt", "min_5", lambda: RollingMin(5), ("close",), "value", 1e-9, 0),
    (
        "spy_with_don50.txt",
        "donchian channels 50 top",
        lambda: Donchian(50),
        ("high", "low"),
        "upper",
        1e-9,
        49,  # LEAN reports the part of the window it has seen
    ),
    (
        "spy_with_don50.txt",
        "donchian channels 50 bottom",
        lambda: Donchian(50),
        ("high", "low"),
        "lower",
        1e-9,
        49,
    ),
    (
        "spy_with_vwap.txt",
        "moving vwap 50",
        lambda: RollingVWAP(50),
        ("ohlc4", "ohlc4", "ohlc4", "volume"),  # LEAN weights the mean of all four prices
        "value",
        0.0001,
        0,
    ),
    ("spy_with_adx.txt", "adx 14", ADX, BARS, "value", 0.01, 0),
]


@pytest.mark.parametrize(("file", "column", "make", "inputs", "output", "atol", "settled"), LEAN)
def test_equals_lean(
    golden: Path,
    file: str,
    column: str,
    make: Callable[[], Indicator],
    inputs: tuple[str, ...],
    output: str,
    atol: float,
    settled: int,
) -> None:
    table = read_table(golden / "lean_testdata" / file)
    columns = {name: numbers(table[name]) for name in {*inputs} - {"ohlc4"}}
    if "ohlc4" in inputs:
        columns["ohlc4"] = sum(numbers(table[name]) for name in ("open", *BARS)) / 4.0
    got = compute_outputs(make(), *(columns[name] for name in inputs))[output]
    assert_agree(got, numbers(table[column]), atol=atol, settled=settled)


def test_swing_points_are_confirmed_on_the_same_bars_as_leans(golden: Path) -> None:
    """LEAN prints 1 where a high is confirmed, -1 for a low, 2 for both, with ten bars each."""
    table = read_table(golden / "lean_testdata" / "spy_pivot_pnt_hl.txt")
    swings = SwingPoints(10)
    got = []
    for high, low in zip(numbers(table["high"]), numbers(table["low"]), strict=True):
        swings.update(float(high), float(low))
        got.append(2 if swings.new_high and swings.new_low else swings.new_high - swings.new_low)
    assert got == [int(cell) for cell in table["pphl"]]
    assert sum(map(bool, got)) == 14


CHARTSCHOOL: list[tuple[str, str, Callable[[], Indicator], tuple[str, ...], str, float, int]] = [
    ("cs-bbands.csv", "middleband", Bollinger, ("close",), "value", 1e-6, 0),
    ("cs-bbands.csv", "highband", Bollinger, ("close",), "upper", 1e-6, 0),
    ("cs-bbands.csv", "lowband", Bollinger, ("close",), "lower", 1e-6, 0),
    (
        "cs-bbands.csv",
        "20-day standard deviation",
        lambda: StandardDeviation(20),
        ("close",),
        "value",
        1e-6,
        0,
    ),
    ("cs-wma.csv", "wma", lambda: WMA(9), ("close",), "value", 6e-5, 9),
    ("cs-vwap.csv", "vwap", lambda: RollingVWAP(14), (*BARS, "volume"), "value", 1e-9, 14),
    ("cs-obv.csv", "obv", OBV, ("close", "volume"), "value", 0.0, 0),
    ("cs-dc.csv", "upper_band", lambda: Donchian(20), ("high", "low"), "upper", 1e-9, 0),
    ("cs-soo.csv", "so", lambda: Stochastic(14, 1, 3), BARS, "value", 1e-6, 17),
    ("cs-soo.csv", "so_sig", lambda: Stochastic(14, 1, 3), BARS, "d", 1e-6, 0),
]


@pytest.mark.parametrize(
    ("file", "column", "make", "inputs", "output", "atol", "settled"), CHARTSCHOOL
)
def test_equals_the_chart_school_tables(
    golden: Path,
    file: str,
    column: str,
    make: Callable[[], Indicator],
    inputs: tuple[str, ...],
    output: str,
    atol: float,
    settled: int,
) -> None:
    table = read_table(golden / "ta_chartschool" / file)
    got = compute_outputs(make(), *(numbers(table[name]) for name in inputs))[output]
    assert_agree(got, numbers(table[column]), atol=atol, settled=settled)
