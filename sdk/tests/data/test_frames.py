"""Bars from data frames and plain columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import DataError, UsageError

CLOSES = [100.25, 101.5, 99.75]


def table(closes: list[float] = CLOSES, **other: Any) -> dict[str, Any]:
    close = np.array(closes)
    times = np.datetime64("2024-01-01", "D") + np.arange(len(close))
    return {
        "Date": times, "Open": close, "High": close + 1, "Low": close - 1, "Close": close,
        "Volume": np.arange(1, len(close) + 1),
    } | other  # fmt: skip


def test_plain_columns_become_bars_on_the_grid_their_prices_lie_on() -> None:
    bars = Bars.from_frame(table(), "ABC.TEST")
    assert (bars.instrument.tick_size, bars.instrument.lot_size) == (Decimal("0.01"), Decimal(1))
    assert str(bars.timeframe) == "1d"
    assert bars.floats("close").tolist() == CLOSES
    assert bars.volume.tolist() == [1, 2, 3]
    assert bars.time[0] == 1_704_067_200 * 10**9


def test_a_pair_has_its_currencies() -> None:
    one = Bars.from_frame(table(), "BTC/EUR.TEST").instrument
    assert (one.base, one.quote) == ("BTC", "EUR")


def test_prices_off_any_grid_are_rounded_to_seven_digits_of_the_lowest() -> None:
    closes = [100 / 3, 200 / 7, 100 / 9]
    bars = Bars.from_frame(table(closes), "ABC.TEST")
    assert bars.instrument.tick_size == Decimal("0.00001")
    assert np.abs(bars.floats("close") - closes).max() <= 0.51e-5


def test_small_prices_keep_their_digits() -> None:
    small = np.array([1, 2, 3]) * 1e-6 / 7
    parts = {"Open": small, "High": small, "Low": small, "Close": small}
    bars = Bars.from_frame(table(**parts), "ABC.TEST")
    assert bars.floats("close") == pytest.approx(small, rel=1e-6)


def test_single_precision_is_taken_by_its_decimals() -> None:
    close = np.array([14.55, 14.6, 14.5], np.float32)
    parts = {"Open": close, "High": close, "Low": close, "Close": close}
    bars = Bars.from_frame(table(**parts), "ABC.TEST")
    assert bars.floats("close").tolist() == [14.55, 14.6, 14.5]


def test_a_tick_that_was_given_holds_every_price() -> None:
    with pytest.raises(DataError, match=r"at row 1 was 100.25, expected a multiple of 0.5"):
        Bars.from_frame(table(), "ABC.TEST", tick_size="0.5")


def test_a_full_instrument_is_taken_as_it_is() -> None:
    own = Instrument(symbol="A", venue="B", tick_size=Decimal("0.05"), lot_size=Decimal(2))
    assert Bars.from_frame(table(), own).instrument == own
    with pytest.raises(UsageError, match="beside a full instrument"):
        Bars.from_frame(table(), own, tick_size="1")


def test_volume_may_lack_and_columns_may_be_named() -> None:
    columns = table()
    del columns["Volume"]
    columns["Settle"] = columns.pop("Close")
    bars = Bars.from_frame(columns, "ABC.TEST", mapping={"close": "Settle"})
    assert not bars.volume.any()
    with pytest.raises(DataError, match="had no column for close"):
        Bars.from_frame(columns, "ABC.TEST")


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_the_index_of_a_pandas_frame_gives_the_times(zone: str | None) -> None:
    pandas = pytest.importorskip("pandas")
    columns = table()
    index = pandas.DatetimeIndex(columns.pop("Date")).tz_localize(zone)
    bars = Bars.from_frame(pandas.DataFrame(columns, index=index), "ABC.TEST", timeframe="1h")
    shift = 3_600 * 10**9 if zone else 0
    assert bars.time[0] == 1_704_067_200 * 10**9 - shift


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Close": np.array([1.0, np.nan, 3.0])}, "close at row 2 was nan"),
        ({"Volume": np.array([1.0, 2.0, np.inf])}, "volume at row 3 was inf"),
        ({"High": np.array([101.0, 50.0, 101.0])}, "bar 2 .*high was not its highest"),
        ({"Low": np.array([99.0, 100.0, 120.0])}, "bar 3 .*low was not its lowest"),
        ({"Low": np.array([0.0, 100.0, 90.0])}, "bar 1 .*not above 0"),
        ({"Volume": np.array([1, -1, 1])}, "bar 2 .*volume was below 0"),
        ({"Close": np.array(["a", "b", "c"])}, "column close held <U1"),
        ({"Date": np.array(["2024-01-01"] * 3)}, "times were <U10"),
        ({"Date": np.array(["2024-01-01", "NaT", "2024-01-03"], "M8[D]")}, "time at row 2"),
    ],
)
def test_what_makes_no_bar_is_refused_with_its_row(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Bars.from_frame(table(**change), "ABC.TEST")


@pytest.mark.parametrize("days", [[2, 1, 3], [1, 1, 2]])
def test_times_must_increase(days: list[int]) -> None:
    times = np.datetime64("2024-01-01", "D") + np.array(days)
    with pytest.raises(DataError, match=r"bar 2 .*time was not after"):
        Bars.from_frame(table(Date=times), "ABC.TEST", timeframe="1d")


def test_a_frame_with_the_newest_bar_first_is_told_so() -> None:
    times = table()["Date"][::-1]
    with pytest.raises(DataError, match=r"bar 2 .*time was not after"):
        Bars.from_frame(table(Date=times), "ABC.TEST")


def test_columns_of_a_price_and_a_ticker_are_those_of_one_instrument() -> None:
    pandas = pytest.importorskip("pandas")
    columns = table()
    index = pandas.DatetimeIndex(columns.pop("Date"))
    one = pandas.DataFrame({(name, "ABC"): v for name, v in columns.items()}, index=index)
    assert Bars.from_frame(one, "ABC.TEST").floats("close").tolist() == CLOSES
    two = pandas.concat([one, one.rename(columns={"ABC": "DEF"}, level=1)], axis=1)
    with pytest.raises(UsageError, match="columns of one name"):
        Bars.from_frame(two, "ABC.TEST")


def test_something_else_is_no_frame() -> None:
    with pytest.raises(UsageError, match="was list, expected a data frame"):
        Bars.from_frame([1, 2], "ABC.TEST")


def test_a_frame_without_any_column_is_told_so() -> None:
    with pytest.raises(DataError, match="no column for time, open, high, low, close; it has none"):
        Bars.from_frame({}, "ABC.TEST")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"instrument": None}, "instrument was a NoneType, expected an Instrument or its name"),
        ({"instrument": 3}, "instrument was a int, expected an Instrument or its name"),
        ({"timeframe": 3}, "timeframe was 3, expected a number and one of s, m, h, d, w"),
        ({"tick_size": "x"}, "tick_size was 'x', expected a decimal number"),
        ({"lot_size": "1,5"}, "lot_size was '1,5', expected a decimal number"),
    ],
)
def test_a_grid_that_is_none_is_refused_in_words(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Bars.from_frame(table(), **{"instrument": "ABC.TEST"} | given)
    assert caught.value.hint
