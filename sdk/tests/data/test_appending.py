"""Appending: newer bars join a series whole or not at all, and the overlap agrees."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data.manifest import Provenance
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import DataError, DeadlineError, ImportRefusedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bring, Days
    from tradectl_sdk.data import Bars, Catalog
    from tradectl_sdk.domain.instrument import Instrument

DAY = 86_400_000_000_000


@pytest.fixture
def bars(instrument: Instrument) -> Bars:
    start = int(np.datetime64("2024-01-01", "ns").astype(np.int64))
    return synthetic_market([instrument], "1d", 300, seed=3, start=start)[0].bars


def files(catalog: Catalog) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in catalog.root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("start", [200, 199, 150, 0])
def test_newer_bars_follow_those_that_are_stored(catalog: Catalog, bars: Bars, start: int) -> None:
    catalog.write(bars.rows(0, 200))
    info = catalog.append(bars.rows(start, 300))
    assert (info.rows, info.last) == (300, bars.time[-1])
    assert catalog.bars(bars.instrument.id, "1d") == bars
    assert catalog.verify(bars.instrument.id, "1d").ok


def test_a_series_appended_to_is_the_series_written_at_once(catalog: Catalog, bars: Bars) -> None:
    whole = catalog.write(bars)
    catalog.remove(bars.instrument.id, "1d")
    for first in range(0, 300, 60):
        info = catalog.append(bars.rows(first, first + 60))
    assert info.content_hash == whole.content_hash


def test_bars_that_are_all_stored_change_nothing(catalog: Catalog, bars: Bars) -> None:
    info = catalog.write(bars)
    before = files(catalog)
    assert catalog.append(bars.rows(250, 300)) == info
    assert files(catalog) == before


def test_a_hole_between_old_and_new_is_in_the_ledger(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars.rows(0, 200))
    info = catalog.append(bars.rows(205, 300))
    assert (info.gaps, info.missing) == (1, 5)
    assert catalog.gaps(bars.instrument.id, "1d").start.tolist() == [bars.time[200]]


def changed(bars: Bars, column: str, row: int, by: int) -> Bars:
    values = getattr(bars, column).copy()
    values[row] += by
    return replace(bars, **{column: values})


def test_what_differs_is_refused_with_place_and_value(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars.rows(0, 200))
    before = files(catalog)
    other = changed(bars.rows(190, 210), "volume", 4, 1)
    stored = Decimal(int(bars.volume[194])) * bars.instrument.lot_size
    with pytest.raises(DataError, match="1 bar of BTC/USDT") as caught:
        catalog.append(other)
    assert f"expected {stored.normalize():f} as stored" in caught.value.message
    assert "2024-07-13T00:00:00Z: volume was" in caught.value.message
    assert files(catalog) == before


@pytest.mark.parametrize(
    ("first", "kept", "message"),
    [
        (190, slice(5, None), None),  # begins later: what lies before is no overlap
        (190, np.r_[0:3, 4:20], "it was stored, but not among the new bars"),
    ],
)
def test_a_bar_missing_on_one_side_of_the_overlap(catalog, bars, first, kept, message) -> None:
    catalog.write(bars.rows(0, 200))
    part = bars.rows(first, 210)
    names = ("time", "open", "high", "low", "close", "volume")
    new = replace(part, **{name: getattr(part, name)[kept] for name in names})
    if message is None:
        assert catalog.append(new).rows == 210
    else:
        with pytest.raises(DataError, match=message):
            catalog.append(new)


def test_nothing_is_slipped_in_before_or_between(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars.rows(10, 100))
    catalog.append(bars.rows(105, 200))
    with pytest.raises(DataError, match="begin at 2024-01-01T00:00:00Z, expected none before"):
        catalog.append(bars)
    with pytest.raises(DataError, match=r"5 bars of .* it was not stored"):
        catalog.append(bars.rows(90, 210))


def test_another_grid_is_refused(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars.rows(0, 200))
    finer = replace(bars.instrument, tick_size=Decimal("0.001"))
    with pytest.raises(DataError, match=r"tick size of the new bars was 0.001, expected 0.01"):
        catalog.append(replace(bars.rows(200, 300), instrument=finer))


def test_where_the_parts_came_from_is_kept(catalog: Catalog, bars: Bars) -> None:
    origin = Provenance(source="a.csv", repairs={"order": 2}, assumptions=("UTC",))
    catalog.write(bars.rows(0, 200), provenance=origin)
    more = Provenance(source="b.csv", repairs={"order": 1, "ohlc": 1}, assumptions=("UTC", "1d"))
    catalog.append(bars.rows(200, 250), provenance=more)
    info = catalog.append(bars.rows(250, 300), provenance=Provenance(source="a.csv"))
    assert info.provenance.source == "a.csv, b.csv"
    assert info.provenance.repairs == {"order": 3, "ohlc": 1}
    assert info.provenance.assumptions == ("UTC", "1d")


def test_only_one_writes_at_a_time(catalog: Catalog, bars: Bars, monkeypatch) -> None:
    from tradectl_sdk.data.locking import writer_lock

    catalog.write(bars.rows(0, 200))
    with writer_lock(catalog.root / ".lock"):
        monkeypatch.setattr("tradectl_sdk.data.writing.writer_lock", _impatient)
        with pytest.raises(DeadlineError):
            catalog.append(bars.rows(200, 300))


def _impatient(path: Path) -> object:
    from tradectl_sdk.data.locking import writer_lock

    return writer_lock(path, timeout=0.1)


def test_a_file_is_appended_on_the_stored_grid(bring: Bring, days: Days, catalog: Catalog) -> None:
    bring(days(30), tick_size="0.5")
    report = bring(days(20, first="2024-01-21"), append=True)
    assert (report.added, report.series.rows, report.rows_read) == (10, 40, 20)
    assert report.series.instrument.tick_size == Decimal("0.5")
    with pytest.raises(ImportRefusedError, match=r"off_tick|off_grid"):
        bring(days(5, first="2024-02-10", price=100.25), append=True)
    assert catalog.info("X.TEST", "1d").rows == 40


def test_a_repair_of_an_appended_file_is_on_record(bring: Bring, days: Days, catalog) -> None:
    bring(days(30))
    lines = days(10, first="2024-01-31")
    bring([*lines, lines[-1]], append=True, repair=True)
    assert [repair.rule for repair in catalog.repairs("X.TEST", "1d")] == ["duplicate"]


def test_appending_to_nothing_begins_a_series(bring: Bring, days: Days) -> None:
    assert bring(days(30), append=True).added == 30


def test_options_that_contradict_are_refused(bring: Bring, days: Days) -> None:
    with pytest.raises(UsageError, match="replace and append"):
        bring(days(3), append=True, replace=True)
    bring(days(30))
    with pytest.raises(UsageError, match="the series has its own"):
        bring(days(3, first="2024-02-01"), append=True, tick_size="1")
