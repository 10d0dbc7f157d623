"""Memory that mapped columns take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data import Catalog
from tradectl_sdk.data.bars import VALUE_COLUMNS
from tradectl_sdk.data.mapped import mapped_path, release
from tradectl_sdk.data.walk import random_walk

if TYPE_CHECKING:
    from tradectl_sdk.data import Bars, SeriesInfo

WALK = "WALK.SIM"
ROWS = 200_000
MAPS = Path("/proc/self/smaps")


@pytest.fixture
def bars() -> Bars:
    return random_walk(ROWS, seed=4)


@pytest.fixture
def stored(tmp_path: Path, bars: Bars) -> tuple[Catalog, SeriesInfo]:
    catalog = Catalog(tmp_path)
    return catalog, catalog.write(bars)


def resident(path: Path) -> int:
    """Bytes of a file in the memory of this process."""
    lines = iter(MAPS.read_text().splitlines())
    sizes = [next(s for s in lines if s.startswith("Rss:")) for x in lines if str(path) in x]
    return sum(int(size.split()[1]) * 1024 for size in sizes)


def test_what_is_prepared_is_what_bars_compute(
    stored: tuple[Catalog, SeriesInfo], bars: Bars
) -> None:
    first, prepared = stored[0].prepared(WALK, "1m")
    assert first == bars
    assert prepared is not None
    assert np.array_equal(prepared.close_time, bars.close_time)
    for name in VALUE_COLUMNS:
        assert prepared.floats[name].tobytes() == bars.floats(name).tobytes()

    part, some = stored[0].prepared(WALK, "1m", int(bars.time[100]), int(bars.time[300]))
    assert part == bars.rows(100, 300)
    assert some is not None
    assert some.floats["close"].tobytes() == bars.floats("close")[100:300].tobytes()
    nothing, none = stored[0].prepared(WALK, "1m", int(bars.time[300]), int(bars.time[100]))
    assert len(nothing) == 0
    assert none is not None
    assert len(none.close_time) == 0


def test_a_window_of_a_series_without_a_copy_has_nothing_prepared(
    stored: tuple[Catalog, SeriesInfo], bars: Bars
) -> None:
    assert stored[0].prepared(WALK, "1m", int(bars.time[5]))[1] is None
    assert Catalog(stored[0].root, cache=False).prepared(WALK, "1m")[1] is None


@pytest.mark.parametrize("line", range(12))
def test_verify_notices_a_wrong_number_in_any_line(
    stored: tuple[Catalog, SeriesInfo], line: int
) -> None:
    catalog, info = stored
    catalog.bars(WALK, "1m")
    copy = mapped_path(catalog.folder(WALK, "1m"), info)
    assert catalog.verify(WALK, "1m").ok
    table = np.lib.format.open_memmap(copy, mode="r+")
    table[line, ROWS - 7] += 1
    table.flush()
    assert "did not hold" in catalog.verify(WALK, "1m").problems[0]


def test_another_grid_has_another_copy(stored: tuple[Catalog, SeriesInfo], bars: Bars) -> None:
    catalog = stored[0]
    catalog.bars(WALK, "1m")
    coarse = replace(bars.instrument, tick_size=bars.instrument.tick_size * 10)
    catalog.write(replace(bars, instrument=coarse), replace=True)
    _, prepared = catalog.prepared(WALK, "1m")
    assert prepared is not None
    assert prepared.floats["close"][0] == pytest.approx(10 * bars.floats("close")[0])


@pytest.mark.skipif(not MAPS.exists(), reason="this system does not tell what is in memory")
def test_a_released_copy_leaves_memory_and_reads_the_same_again(
    stored: tuple[Catalog, SeriesInfo],
) -> None:
    catalog, info = stored
    bars, prepared = catalog.prepared(WALK, "1m")
    assert prepared is not None
    path = mapped_path(catalog.folder(WALK, "1m"), info)
    columns = [bars.time, bars.close, *prepared.floats.values()]
    total = sum(float(column.sum()) for column in columns)
    assert resident(path) > ROWS * 8 * 6
    release(prepared.floats["close"][10:])
    assert resident(path) < ROWS * 8
    assert sum(float(column.sum()) for column in columns) == total


def test_a_column_in_ordinary_memory_is_left_alone(bars: Bars) -> None:
    column = bars.time.copy()
    release(column)
    assert np.array_equal(column, bars.time)
