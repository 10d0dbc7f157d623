"""Merging: bars find their place in a series whole or not at all, and both agree or it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradectl_sdk.data import Bars, Catalog
from tradectl_sdk.data.manifest import Provenance
from tradectl_sdk.data.storage import ROW_GROUP
from tradectl_sdk.data.walk import random_walk
from tradectl_sdk.data.writing import NON_POSITIVE
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, DeadlineError, ImportRefusedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.data import MergeReport

    from conftest import Bring, Days

MINUTE = 60_000_000_000
FRAME = Timeframe(MINUTE)
COIN = Instrument(
    symbol="A/B", venue="X", tick_size=Decimal("0.01"), lot_size=Decimal("0.1"), base="A", quote="B"
)
ORIGIN = Provenance(source="exchange x")
WALK = "WALK.SIM"


def bars(*opens: int, close: int = 105, of: Instrument = COIN) -> Bars:
    count = len(opens)
    columns: dict[str, Any] = {
        "time": [at * MINUTE for at in opens],
        "open": [100] * count,
        "high": [110] * count,
        "low": [90] * count,
        "close": [close] * count,
        "volume": list(opens),
    }
    arrays = {name: np.array(values, np.int64) for name, values in columns.items()}
    return Bars(instrument=of, timeframe=FRAME, **arrays)


def merge(catalog: Catalog, new: Bars, **options: Any) -> MergeReport:
    return catalog.merge(new, **{"provenance": ORIGIN, **options})


def stored(catalog: Catalog) -> list[int]:
    return (catalog.bars("A/B.X", FRAME).time // MINUTE).tolist()


def files(catalog: Catalog) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in catalog.root.rglob("*") if p.is_file()}


def test_the_first_bars_begin_a_series(catalog: Catalog) -> None:
    report = merge(catalog, bars(1, 2, 3))

    assert (report.added, report.same, report.restated) == (3, 0, 0)
    assert stored(catalog) == [1, 2, 3]
    assert catalog.info("A/B.X", FRAME).provenance.source == "exchange x"


def test_bars_before_between_and_after_find_their_place(catalog: Catalog) -> None:
    merge(catalog, bars(5, 6, 9))
    report = merge(catalog, bars(3, 6, 7, 8, 12))

    assert (report.added, report.same) == (4, 1)
    assert stored(catalog) == [3, 5, 6, 7, 8, 9, 12]
    assert report.series.gaps == 2
    assert catalog.verify("A/B.X", FRAME).ok


def test_the_same_bars_again_change_nothing_on_disk(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2))
    before, info = files(catalog), catalog.info("A/B.X", FRAME)
    report = merge(catalog, bars(1, 2))

    assert (report.added, report.same, report.series) == (0, 2, info)
    assert files(catalog) == before


def test_a_hole_between_old_and_new_is_in_the_ledger_until_it_is_filled(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2))
    info = merge(catalog, bars(5)).series
    assert (info.gaps, info.missing) == (1, 2)
    assert catalog.gaps("A/B.X", FRAME).start.tolist() == [3 * MINUTE]
    assert merge(catalog, bars(3, 4)).series.gaps == 0


def test_a_bar_with_other_values_is_refused_with_its_place(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2, 3))
    before = files(catalog)
    with pytest.raises(DataError, match=r"2 bars with other values.*close was 1\.05 and is 1\.06"):
        merge(catalog, bars(2, 3, 4, close=106))
    with pytest.raises(DataError, match=r"1 bar with.*first at 1970-01-01T00:03:00Z"):
        merge(catalog, bars(3, 4, close=106))

    assert files(catalog) == before


def test_a_restated_bar_is_kept_or_replaced_on_record(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2, 3))
    kept = merge(catalog, bars(2, 4, close=106), restatement="keep")
    assert (kept.added, kept.restated) == (1, 1)
    assert catalog.bars("A/B.X", FRAME).close.tolist() == [105, 105, 105, 106]

    taken = merge(catalog, bars(2, close=110), restatement="replace")
    assert (taken.added, taken.restated) == (0, 1)
    assert catalog.bars("A/B.X", FRAME).close.tolist() == [105, 110, 105, 106]
    (record,) = catalog.repairs("A/B.X", FRAME)
    assert (record.row, record.rule, record.column) == (2, "restated", "close")
    assert (record.before, record.after) == ("1.05", "1.1")
    assert taken.series.provenance.repairs == {"restated": 1}


def test_a_finer_grid_takes_over_and_a_coarser_one_is_written_in_it(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2))
    fine = replace(COIN, tick_size=Decimal("0.001"), lot_size=Decimal("0.01"))
    report = merge(catalog, bars(3, of=fine))
    assert report.series.instrument.tick_size == Decimal("0.001")
    assert catalog.bars("A/B.X", FRAME).close.tolist() == [1050, 1050, 105]
    assert catalog.bars("A/B.X", FRAME).volume.tolist() == [10, 20, 3]

    merge(catalog, bars(4))
    assert catalog.bars("A/B.X", FRAME).close.tolist()[-1] == 1050


def test_a_grid_that_does_not_fit_is_refused(catalog: Catalog) -> None:
    merge(catalog, bars(1))
    with pytest.raises(DataError, match=r"tick_size of A/B\.X was 0\.01 and is 0\.015 now"):
        merge(catalog, bars(2, of=replace(COIN, tick_size=Decimal("0.015"))))


def test_what_is_no_bar_is_refused_and_changes_nothing(catalog: Catalog) -> None:
    merge(catalog, bars(1))
    with pytest.raises(DataError, match="not increasing"):
        merge(catalog, bars(3, 2))
    with pytest.raises(DataError, match="close was outside of low and high"):
        merge(catalog, bars(2, close=111))
    with pytest.raises(DataError, match="no bars"):
        merge(catalog, bars())

    assert stored(catalog) == [1]


def test_a_price_of_zero_needs_to_be_declared_for_these_bars_not_for_others(
    catalog: Catalog,
) -> None:
    merge(catalog, bars(1), provenance=replace(ORIGIN, accepted=(NON_POSITIVE,)))
    free = replace(bars(2), low=np.array([0], np.int64))
    with pytest.raises(DataError, match="low was zero or negative"):
        merge(catalog, free)
    merge(catalog, free, provenance=replace(ORIGIN, accepted=(NON_POSITIVE,)))
    assert catalog.verify("A/B.X", FRAME).ok


def test_where_the_parts_came_from_is_kept(catalog: Catalog) -> None:
    first = Provenance(source="a.csv", repairs={"order": 2}, assumptions=("UTC",), source_hash="1")
    more = Provenance(source="b.csv", repairs={"order": 1, "ohlc": 1}, assumptions=("UTC", "1d"))
    merge(catalog, bars(1), provenance=first)
    grown = merge(catalog, bars(2), provenance=replace(first, source_hash="2", repairs={}))
    assert grown.series.provenance.source_hash == "2"
    merge(catalog, bars(3), provenance=more)
    origin = merge(catalog, bars(4), provenance=first).series.provenance
    assert (origin.source, origin.source_hash) == ("a.csv, b.csv", "")
    assert origin.repairs == {"order": 5, "ohlc": 1}
    assert origin.assumptions == ("UTC", "1d")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=12, unique=True), max_size=5))
def test_in_whatever_order_bars_come_the_series_is_all_of_them_once(
    tmp_path_factory: pytest.TempPathFactory, pages: list[list[int]]
) -> None:
    catalog = Catalog(tmp_path_factory.mktemp("catalog"))
    for page in pages:
        info = merge(catalog, bars(*sorted(page))).series

    everything = sorted({at for page in pages for at in page})
    if everything:
        at_once = Catalog(catalog.root / "other").write(bars(*everything))
        assert stored(catalog) == everything
        assert (info.content_hash, info.gaps) == (at_once.content_hash, at_once.gaps)


def test_only_one_writes_at_a_time(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    from tradectl_sdk.data.locking import writer_lock

    merge(catalog, bars(1))
    with writer_lock(catalog.root / ".lock"):
        monkeypatch.setattr("tradectl_sdk.data.writing.writer_lock", _impatient)
        with pytest.raises(DeadlineError):
            merge(catalog, bars(2))


def _impatient(path: Path) -> object:
    from tradectl_sdk.data.locking import writer_lock

    return writer_lock(path, timeout=0.1)


# What is written, and what is left alone ----------------------------------------------------------


@pytest.fixture(scope="module")
def walk() -> Bars:
    return random_walk(2 * ROW_GROUP + 3000, seed=5)


def parts(catalog: Catalog) -> list[int]:
    return [part.rows for part in catalog.info(WALK, "1m").parts]


def test_newer_bars_leave_a_full_file_alone_and_fill_up_the_last(
    catalog: Catalog, walk: Bars
) -> None:
    (full,) = catalog.write(walk.rows(0, ROW_GROUP + 500)).parts
    path = catalog.folder(WALK, "1m") / full.file
    before = path.stat()

    catalog.merge(walk.rows(ROW_GROUP + 490, ROW_GROUP + 1000))  # as a pull does: some again
    catalog.merge(walk.rows(ROW_GROUP + 1000, ROW_GROUP + 2000))
    assert parts(catalog) == [ROW_GROUP + 500, 1500]
    info = catalog.merge(walk.rows(ROW_GROUP + 2000, len(walk))).series
    assert parts(catalog) == [ROW_GROUP + 500, ROW_GROUP + 2500]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    assert catalog.bars(WALK, "1m") == walk
    assert catalog.verify(WALK, "1m").ok
    assert info.content_hash == Catalog(catalog.root / "other").write(walk).content_hash
    assert len(list(catalog.folder(WALK, "1m").glob("*.parquet"))) == 4


def test_a_change_in_a_later_file_leaves_the_earlier_ones_alone(
    catalog: Catalog, walk: Bars
) -> None:
    hole = np.delete(np.arange(ROW_GROUP, len(walk)), 700)
    later = {name: getattr(walk, name)[hole] for name in ("open", "high", "low", "close", "volume")}
    catalog.write(walk.rows(0, ROW_GROUP))
    catalog.merge(replace(walk, time=walk.time[hole], **later))
    first, second = catalog.info(WALK, "1m").parts
    assert catalog.info(WALK, "1m").gaps == 1

    place = ROW_GROUP + 10
    other = walk.rows(place, place + 1)
    other = replace(other, volume=other.volume + 1)
    info = catalog.merge(other, restatement="replace").series
    assert (info.parts[0], info.gaps) == (first, 1)
    assert info.parts[1].file != second.file
    assert [record.row for record in catalog.repairs(WALK, "1m")] == [place + 1]

    info = catalog.merge(walk.rows(ROW_GROUP + 700, ROW_GROUP + 701)).series
    assert (info.parts[0], info.gaps, info.rows) == (first, 0, len(walk))
    assert catalog.verify(WALK, "1m").ok


def test_a_lost_file_is_named_and_nothing_is_merged(catalog: Catalog, walk: Bars) -> None:
    catalog.write(walk.rows(0, ROW_GROUP))
    catalog.merge(walk.rows(ROW_GROUP, ROW_GROUP + 5))
    lost = catalog.folder(WALK, "1m") / catalog.info(WALK, "1m").parts[0].file
    lost.unlink()
    with pytest.raises(DataError, match=f"{lost.name} was missing"):
        catalog.merge(walk.rows(ROW_GROUP + 5, ROW_GROUP + 9))
    assert f"{lost.name} was missing" in catalog.verify(WALK, "1m").problems[0]


def test_files_in_a_wrong_order_are_noticed(catalog: Catalog, walk: Bars) -> None:
    catalog.write(walk.rows(0, ROW_GROUP))
    catalog.merge(walk.rows(ROW_GROUP, ROW_GROUP + 5))
    path = catalog.folder(WALK, "1m") / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["parts"].reverse()
    path.write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="not increasing"):
        catalog.bars(WALK, "1m")
    assert "not increasing" in catalog.verify(WALK, "1m").problems[0]


# From a file --------------------------------------------------------------------------------------


def test_a_file_is_appended_on_the_stored_grid(bring: Bring, days: Days, catalog: Catalog) -> None:
    bring(days(30), tick_size="0.5")
    report = bring(days(20, first="2024-01-21"), append=True)
    assert (report.merged.added, report.series.rows, report.rows_read) == (10, 40, 20)
    assert report.series.instrument.tick_size == Decimal("0.5")
    with pytest.raises(ImportRefusedError, match=r"off_tick|off_grid"):
        bring(days(5, first="2024-02-10", price=100.25), append=True)
    assert catalog.info("X.TEST", "1d").rows == 40


def test_a_file_that_restates_is_treated_as_was_asked_for(bring: Bring, days: Days) -> None:
    bring(days(3))
    other = days(1, first="2024-01-03", price=101.0)
    with pytest.raises(DataError, match="1 bar with other values"):
        bring(other, append=True)
    report = bring(other, append=True, restatement="replace")
    assert (report.merged.added, report.merged.restated) == (0, 1)


def test_a_repair_of_an_appended_file_is_on_record(bring: Bring, days: Days, catalog) -> None:
    bring(days(30))
    lines = days(10, first="2024-01-31")
    bring([*lines, lines[-1]], append=True, repair=True)
    assert [repair.rule for repair in catalog.repairs("X.TEST", "1d")] == ["duplicate"]


def test_appending_to_nothing_begins_a_series(bring: Bring, days: Days) -> None:
    assert bring(days(30), append=True).merged.added == 30


def test_options_that_contradict_are_refused(bring: Bring, days: Days) -> None:
    with pytest.raises(UsageError, match="replace and append"):
        bring(days(3), append=True, replace=True)
    bring(days(30))
    with pytest.raises(UsageError, match="the series has its own"):
        bring(days(3, first="2024-02-01"), append=True, tick_size="1")
