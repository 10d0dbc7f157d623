"""From names to bars: who is asked, what is cut, and what is said when nobody has them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data import Bars, Catalog
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import DataError, DataMissingError
from tradectl_sdk.pipelines.series import (
    LETTING,
    Letting,
    Window,
    content_hash,
    load_series,
    to_columns,
    with_fees,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import FakeSite

ONE = Instrument(symbol="X", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal("0.001"))
START = int(np.datetime64("2024-01-01", "ns").astype(np.int64))

SOURCE = """
from tradectl_sdk.data.sources import SeriesDescriptor
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.data.synthetic import synthetic_market
from decimal import Decimal

class Source:
    def series(self):
        return [SeriesDescriptor(instrument="Y.T", timeframe="1h", summary="One", origin="made")]

    def fetch(self, instrument, timeframe, start=None, end=None):
        one = Instrument(symbol="Y", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal(1))
        return synthetic_market([one], "1h", 96, seed=1)[0].bars
"""
OFFER = """
@hookimpl
def tradectl_data_sources(self):
    for name, claims in [("near", {"offline"}), ("far", set())]:
        yield DataSourceSpec(name=name, summary="One", factory=f"{__name__}:Source",
                             capabilities=frozenset(claims))
"""


@pytest.fixture
def bars() -> Bars:
    return synthetic_market([ONE], "1h", 240, seed=2, start=START)[0].bars


@pytest.fixture
def root(tmp_path: Path, bars: Bars) -> Path:
    Catalog(tmp_path / "catalog").write(bars)
    return tmp_path / "catalog"


def test_the_catalog_s_own_hash_names_a_whole_series(root: Path, bars: Bars):
    loaded = load_series("X.T", "1h", Window(), root)
    assert loaded.bars == bars
    assert loaded.content_hash == Catalog(root).info("X.T", "1h").content_hash
    assert (loaded.origin, loaded.gaps) == ("catalog", 0)


def test_a_window_is_cut_out_and_named_by_its_values(root: Path, bars: Bars):
    loaded = load_series("X.T", "1h", Window("2024-01-02", "2024-01-03"), root)
    assert loaded.bars == bars.rows(24, 48)
    assert loaded.content_hash == content_hash(bars.rows(24, 48))


def test_longer_bars_are_made_from_shorter_ones(root: Path, bars: Bars):
    loaded = load_series("X.T", "4h", Window(), root)
    assert len(loaded.bars) == 60
    assert loaded.bars.high[0] == bars.high[:4].max()
    assert loaded.content_hash == content_hash(loaded.bars)


def test_bars_given_as_such_are_cut_and_held_to_what_bars_are(root: Path, bars: Bars):
    loaded = load_series(bars, "1d", Window(end="2024-01-02"), root)
    assert (loaded.origin, loaded.bars) == ("memory", bars.rows(0, 24))
    columns = {name: getattr(bars, name) for name in ("time", "open", "high", "low", "close")}
    wrong = Bars(instrument=ONE, timeframe=bars.timeframe, volume=bars.volume - 10**9, **columns)
    with pytest.raises(DataError, match="its volume was below 0"):
        load_series(wrong, "1h", Window(), root)


def test_a_window_without_bars_is_missing_data(root: Path):
    with pytest.raises(DataMissingError, match="no 1h bars from 2030-01-01 to its end"):
        load_series("X.T", "1h", Window("2030-01-01"), root)


@pytest.mark.parametrize(
    ("window", "hint"),
    [
        (Window("2024-01-03", "2024-01-02"), "the end has to be later than the start"),
        (Window("2024-01-02", "2024-01-02"), "the end has to be later than the start"),
        (Window("2030-01-01", "2031-01-01"), "tradectl data list shows what there is"),
    ],
)
def test_a_window_that_is_turned_round_is_told_from_one_beside_the_data(
    root: Path, window: Window, hint: str
):
    with pytest.raises(DataMissingError) as caught:
        load_series("X.T", "1h", window, root)
    assert (caught.value.hint or "").startswith(hint)


def test_a_source_that_needs_no_network_is_asked_after_the_catalog(site: FakeSite, root: Path):
    site.plugin("acme", OFFER, top=SOURCE)
    plugins = site.plugins()
    assert load_series("X.T", "1h", Window(), root, plugins).origin == "catalog"
    loaded = load_series("Y.T", "1h", Window(), root, plugins)
    assert (loaded.origin, len(loaded.bars)) == ("near", 96)
    assert len(load_series("Y.T", "1d", Window(), root, plugins).bars) == 4


@pytest.mark.parametrize(
    ("wanted", "timeframe", "message", "hint"),
    [
        ("X.T", "1m", "no data for X.T at 1m, only at longer", "--timeframe takes a multiple"),
        ("X.TT", "1h", "no data for X.TT at 1h", "did you mean X.T?"),
        ("QQQQ.ZZZZ", "1h", "no data for QQQQ.ZZZZ at 1h", "there is X.T, Y.T"),
    ],
)
def test_what_nobody_has_is_missing_with_a_hint(site, root, wanted, timeframe, message, hint):
    site.plugin("acme", OFFER, top=SOURCE)
    with pytest.raises(DataMissingError) as caught:
        load_series(wanted, timeframe, Window(), root, site.plugins())
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("own", "given", "expected"),
    [
        ((0, 0), (None, None), (3, 3)),  # nobody names a fee: the default
        ((1, 2), (None, None), (1, 2)),
        ((1, 2), (None, 0), (1, 0)),  # a fee of nothing is a fee that was named
        ((0, 0), (5, None), (5, 3)),
    ],
)
def test_fees_come_from_the_settings_the_instrument_or_the_default(own, given, expected):
    from dataclasses import replace

    def share(number):
        return None if number is None else Decimal(number) / 1000

    one = replace(ONE, maker_fee=share(own[0]), taker_fee=share(own[1]))
    fees = with_fees(one, share(given[0]), share(given[1]), share(3))
    assert (fees.maker_fee, fees.taker_fee) == (share(expected[0]), share(expected[1]))


def test_memory_of_a_mapped_series_is_let_go_of_at_some_pauses(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_series("X.T", "1h", Window(), root)
    assert loaded.prepared is not None
    released: list[object] = []
    monkeypatch.setattr("tradectl_sdk.pipelines.series.release", released.append)
    letting = Letting([loaded])
    for _ in range(LETTING - 1):
        letting()
    assert released == []
    letting()
    assert [one is loaded.bars.time for one in released] == [True]


def test_columns_are_the_same_from_a_file_and_computed(root: Path, bars: Bars) -> None:
    loaded = load_series("X.T", "1h", Window("2024-01-02", "2024-01-05"), root)
    again = load_series("X.T", "1h", Window(), root)  # leaves a copy for the next
    from_file = load_series("X.T", "1h", Window("2024-01-02", "2024-01-05"), root)
    assert (loaded.prepared, again.prepared is None) == (None, False)
    computed = to_columns(loaded.bars, 0)
    ready = to_columns(from_file.bars, 0, from_file.prepared)
    assert len(ready.time) == 72
    for one, other in zip(computed.flat, ready.flat, strict=True):
        assert one.tobytes() == other.tobytes()
