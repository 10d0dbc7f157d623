from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tradectl_samples.indices import IndexSamples
from tradectl_sdk.data import Catalog, DataSource, load_series
from tradectl_sdk.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400 * 10**9
FIRST = 915_408_000 * 10**9  # 1999-01-04


def test_it_is_a_data_source() -> None:
    assert isinstance(IndexSamples(), DataSource)


@pytest.mark.parametrize("series", IndexSamples().series(), ids=lambda s: s.instrument)
def test_everything_on_offer_can_be_stored_and_verified(tmp_path: Path, series: object) -> None:
    source, catalog = IndexSamples(), Catalog(tmp_path)
    instrument, timeframe = series.instrument, series.timeframe  # type: ignore[attr-defined]
    info = load_series(catalog, source, instrument, timeframe)
    assert info.rows == 5031
    assert info.first == FIRST
    assert catalog.verify(instrument, timeframe).ok
    assert catalog.bars(instrument, timeframe) == source.fetch(instrument, timeframe)


def test_prices_are_as_quoted_to_the_last_digit() -> None:
    bars = IndexSamples().fetch("SPX.SAMPLE", "1d")
    assert bars.floats("open")[0] == 1229.22998
    assert bars.floats("close")[-1] == 2506.850098
    assert bars.volume[0] == 877_000_000


def test_the_closed_days_of_september_2001_are_gaps_not_bars(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    load_series(catalog, IndexSamples(), "SPX.SAMPLE", "1d")
    gaps = catalog.gaps("SPX.SAMPLE", "1d")
    longest = int(gaps.bars.argmax())
    assert gaps.bars[longest] == 4
    assert gaps.start[longest] == 1_000_166_400 * 10**9  # 2001-09-11


def test_a_range_includes_its_start_and_excludes_its_end() -> None:
    bars = IndexSamples().fetch("SPX.SAMPLE", "1d", FIRST, FIRST + 4 * DAY)
    assert list(bars.time) == [FIRST + day * DAY for day in range(4)]


def test_an_unknown_series_gets_a_suggestion() -> None:
    with pytest.raises(NotFoundError, match=r"did you mean SPX\.SAMPLE 1d") as caught:
        IndexSamples().fetch("SPY.SAMPLE", "1d")
    assert "IXIC.SAMPLE 1d" in caught.value.message


def test_the_heavy_package_it_reads_from_is_not_imported() -> None:
    code = (
        "import sys; from tradectl_samples.indices import IndexSamples;"
        "IndexSamples().fetch('SPX.SAMPLE', '1d');"
        "print({'arch', 'pandas', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
