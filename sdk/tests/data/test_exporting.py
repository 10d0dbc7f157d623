from __future__ import annotations

import gzip
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradectl_sdk.data import Bars, Catalog, export_bars, import_bars
from tradectl_sdk.data.walk import START, random_walk
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataMissingError, UsageError

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet", ".feather")
ALL = ("non_positive", "spike", "level_shift", "timeframe")


@st.composite
def any_bars(draw: st.DrawFn) -> Bars:
    """Bars that obey the stored rules, however odd."""
    steps = st.sampled_from(["0.01", "0.25", "1", "0.00000001", "5", "0.5"])
    instrument = Instrument(
        symbol=draw(st.sampled_from(["A", "BTC/USDT", "ES.c.0"])),
        venue="TEST",
        tick_size=Decimal(draw(steps)),
        lot_size=Decimal(draw(steps)),
    )
    frame = Timeframe.parse(draw(st.sampled_from(["1m", "5m", "4h", "1d"])))
    count = draw(st.integers(1, 12))
    slots = draw(st.lists(st.integers(0, 300), min_size=count, max_size=count, unique=True))
    prices = np.array(draw(st.lists(st.integers(1, 10**9), min_size=4 * count, max_size=4 * count)))
    prices = np.sort(prices.reshape(count, 4), axis=1)
    volume = draw(st.lists(st.integers(0, 10**9), min_size=count, max_size=count))
    first = START - START % frame.nanoseconds
    return Bars(
        instrument=instrument,
        timeframe=frame,
        time=first + frame.nanoseconds * np.array(sorted(slots), np.int64),
        open=prices[:, 1],
        high=prices[:, 3],
        low=prices[:, 0],
        close=prices[:, 2],
        volume=np.array(volume, np.int64),
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_bars(), st.sampled_from(SUFFIXES))
def test_an_exported_series_imports_as_itself(bars: Bars, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), Catalog(Path(name) / "a")
        source.write(bars)
        path = folder / f"out{suffix}"
        assert export_bars(source, bars.instrument.id, bars.timeframe, path) == len(bars)
        target = Catalog(folder / "b")
        report = import_bars(
            target, path, instrument=bars.instrument, timeframe=bars.timeframe, accept=ALL
        )
        assert report.repaired == {}
        assert target.bars(bars.instrument.id, bars.timeframe) == bars
        assert report.series.content_hash == source.list_series()[0].content_hash


def test_prices_are_written_as_exact_decimals(catalog: Catalog, tmp_path: Path) -> None:
    bars = random_walk(2, seed=1)
    exact = replace(bars.instrument, tick_size=Decimal("0.00000005"), lot_size=Decimal("0.1"))
    catalog.write(replace(bars, instrument=exact))
    export_bars(catalog, "WALK.SIM", "1m", tmp_path / "out.csv.gz")
    lines = gzip.decompress((tmp_path / "out.csv.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "time,open,high,low,close,volume"
    cells = lines[1].split(",")
    assert cells[0] == "2020-01-01T00:00:00Z"
    assert [Decimal(c) for c in cells[1:5]] == [
        int(getattr(bars, name)[0]) * exact.tick_size for name in ("open", "high", "low", "close")
    ]
    assert cells[1] == "5.00000000"


def test_a_range_can_be_exported(catalog: Catalog, tmp_path: Path) -> None:
    catalog.write(random_walk(100, seed=1))
    path = tmp_path / "out.csv"
    assert (
        export_bars(catalog, "WALK.SIM", "1m", path, "2020-01-01T00:10", "2020-01-01T00:20") == 10
    )
    assert path.read_text().splitlines()[1].startswith("2020-01-01T00:10:00Z,")


def test_a_failed_export_leaves_the_old_file(catalog: Catalog, tmp_path: Path) -> None:
    catalog.write(random_walk(10, seed=1))
    path = tmp_path / "out.csv"
    path.write_text("precious")
    with pytest.raises(DataMissingError, match="had no bars from 2030-01-01"):
        export_bars(catalog, "WALK.SIM", "1m", path, "2030-01-01")
    with pytest.raises(UsageError, match=r"had suffix '\.xls'"):
        export_bars(catalog, "WALK.SIM", "1m", tmp_path / "out.xls")
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["out.csv"]
