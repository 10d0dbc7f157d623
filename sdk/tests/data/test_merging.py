from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradectl_sdk.data import Bars, Catalog, merge_bars
from tradectl_sdk.data.manifest import Provenance
from tradectl_sdk.data.spooling import Spool
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.data import MergeReport

MINUTE = 60_000_000_000
FRAME = Timeframe(MINUTE)
COIN = Instrument(
    symbol="A/B", venue="X", tick_size=Decimal("0.01"), lot_size=Decimal("0.1"), base="A", quote="B"
)
ORIGIN = Provenance(source="exchange x")


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
    return merge_bars(catalog, new, provenance=ORIGIN, **options)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def stored(catalog: Catalog) -> list[int]:
    return (catalog.bars("A/B.X", FRAME).time // MINUTE).tolist()


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
    before = catalog.info("A/B.X", FRAME)
    report = merge(catalog, bars(1, 2))

    assert (report.added, report.same) == (0, 2)
    assert catalog.info("A/B.X", FRAME) == before


def test_a_bar_with_other_values_is_refused_with_its_place(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2, 3))
    with pytest.raises(DataError, match=r"2 bars with other values.*close was 1\.05 and is 1\.06"):
        merge(catalog, bars(2, 3, 4, close=106))

    assert stored(catalog) == [1, 2, 3]


def test_a_restated_bar_is_kept_or_replaced_on_record(catalog: Catalog) -> None:
    merge(catalog, bars(1, 2, 3))
    kept = merge(catalog, bars(2, 4, close=106), restatement="keep")
    assert (kept.added, kept.restated) == (1, 1)
    assert catalog.bars("A/B.X", FRAME).close.tolist() == [105, 105, 105, 106]

    taken = merge(catalog, bars(2, close=106), restatement="replace")
    assert (taken.added, taken.restated) == (0, 1)
    assert catalog.bars("A/B.X", FRAME).close.tolist() == [105, 106, 105, 106]
    (record,) = catalog.repairs("A/B.X", FRAME)
    assert (record.row, record.rule, record.column) == (2, "restated", "close")
    assert (record.before, record.after) == ("1.05", "1.06")
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
    with pytest.raises(DataError, match="not after the row before"):
        merge(catalog, bars(3, 2))
    with pytest.raises(DataError, match="is no bar"):
        merge(catalog, bars(2, close=111))

    assert stored(catalog) == [1]


def test_sources_are_added_up(catalog: Catalog) -> None:
    merge(catalog, bars(1))
    merge_bars(catalog, bars(2), provenance=Provenance(source="prices.csv", source_hash="ab"))
    merge(catalog, bars(3))

    assert catalog.info("A/B.X", FRAME).provenance.source == "exchange x, prices.csv"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=12, unique=True), max_size=5))
def test_in_whatever_order_bars_come_the_series_is_all_of_them_once(
    tmp_path_factory: pytest.TempPathFactory, pages: list[list[int]]
) -> None:
    catalog = Catalog(tmp_path_factory.mktemp("catalog"))
    for page in pages:
        merge(catalog, bars(*sorted(page)))

    everything = sorted({at for page in pages for at in page})
    assert not everything or stored(catalog) == everything


# What waits on disk -----------------------------------------------------------------------------


def test_pages_wait_on_disk_and_come_back_as_one_series(catalog: Catalog) -> None:
    Spool(catalog, COIN.id, FRAME).add(bars(5, 6))
    Spool(catalog, COIN.id, FRAME).add(bars(1, 2))
    Spool(catalog, COIN.id, FRAME).add(bars(2, 3))
    waiting = Spool(catalog, COIN.id, FRAME).bars()

    assert waiting is not None
    assert (waiting.time // MINUTE).tolist() == [1, 2, 3, 5, 6]
    assert waiting.instrument == COIN
    assert catalog.names() == []  # not visible before they are merged
    Spool(catalog, COIN.id, FRAME).clear()
    assert Spool(catalog, COIN.id, FRAME).bars() is None


def test_an_unfinished_page_is_not_there(catalog: Catalog) -> None:
    spool = Spool(catalog, COIN.id, FRAME)
    spool.add(bars(1))
    (spool.folder / ".a1b2c3").write_bytes(b"half a page")

    waiting = spool.bars()
    assert waiting is not None
    assert len(waiting) == 1


def test_a_damaged_page_is_named(catalog: Catalog) -> None:
    spool = Spool(catalog, COIN.id, FRAME)
    spool.add(bars(1))
    (page,) = spool.folder.glob("page-*")
    page.write_bytes(page.read_bytes()[:-40])
    with pytest.raises(DataError, match="was no page of bars"):
        spool.bars()
