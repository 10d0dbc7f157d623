"""Files as venues and vendors really write them, from the shared data beside the repository."""

from __future__ import annotations

import csv
import gzip
import importlib.util
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data import Catalog, ImportReport, import_bars
from tradectl_sdk.data.walk import random_walk
from tradectl_sdk.errors import ImportRefusedError

if TYPE_CHECKING:
    from pathlib import Path

BITFINEX = ["time", "open", "close", "high", "low", "volume"]


def shared(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        pytest.skip(f"shared data is absent: {name}")
    return path


def bring(catalog: Catalog, path: Path, name: str, **options: object) -> ImportReport:
    return import_bars(catalog, path, instrument=name, **options)  # type: ignore[arg-type]


def test_bitfinex_minutes_keep_every_digit_and_list_every_gap(
    catalog: Catalog, shared_data: Path
) -> None:
    path = shared(shared_data, "crypto/bitfinex_1m/BTCUSD_2016.csv.gz")
    info = bring(catalog, path, "BTC/USD.BITFINEX", timeframe="1m", names=BITFINEX).series
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))
    bars = catalog.bars("BTC/USD.BITFINEX", "1m")
    assert list(bars.time) == [int(row[0]) * 10**6 for row in rows]
    for column, index in (("open", 1), ("close", 2), ("high", 3), ("low", 4)):
        assert list(bars.floats(column)) == [float(row[index]) for row in rows]
    assert info.rows + info.missing == (info.last - info.first) // (60 * 10**9) + 1
    gaps = catalog.gaps("BTC/USD.BITFINEX", "1m")
    assert not np.isin(bars.time, gaps.start).any()
    assert np.isin(gaps.end, bars.time).all()


def test_the_wild_prints_of_2013_must_be_mended_or_accepted(
    catalog: Catalog, shared_data: Path
) -> None:
    path = shared(shared_data, "crypto/bitfinex_1m/BTCUSD_2013.csv.gz")
    with pytest.raises(ImportRefusedError, match="spike"):
        bring(catalog, path, "BTC/USD.BITFINEX", timeframe="1m", names=BITFINEX)
    bring(catalog, path, "BTC/USD.BITFINEX", timeframe="1m", names=BITFINEX, accept=["spike"])


def test_offsets_are_converted_to_utc(catalog: Catalog, shared_data: Path) -> None:
    path = shared(shared_data, "crypto/binance_usdm_1h/BTCUSDT_1h.csv.gz")
    info = bring(catalog, path, "BTCUSDT.BINANCE").series
    assert (info.rows, info.gaps, str(info.timeframe)) == (31_973, 0, "1h")
    assert info.first == 1_603_440_000 * 10**9  # 2020-10-23 11:00+03:00
    assert str(info.instrument.lot_size) == "0.001"


def test_feather_files_of_other_bots_are_read(catalog: Catalog, shared_data: Path) -> None:
    path = shared(shared_data, "crypto/binance_spot/BTC_USDT-5m.feather")
    info = bring(catalog, path, "BTC/USDT.BINANCE").series
    assert (info.rows, info.missing, str(info.timeframe)) == (87_983, 16, "5m")


def test_points_are_scaled_to_prices(catalog: Catalog, shared_data: Path) -> None:
    path = shared(shared_data, "fx/ejtrader/EURUSDd1.csv.gz")
    info = bring(catalog, path, "EURUSD.EJ", price_scale="0.00001").series
    assert info.instrument.calendar == "weekdays"
    assert catalog.bars("EURUSD.EJ", "1d").floats("open")[0] == 1.30584


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("AET-L-1d-100x-error", "level_shift"),
        ("DEX-AX-1d-bad-stock-split", "level_shift"),
        ("SPM-MI-1d-bad-stock-split", "level_shift"),
        ("ASAI-L-1h-bad-unit", "spike"),
        ("LA-V-1d-bad-stock-split", "spike"),
        ("MOB-ST-1d-bad-stock-split", "spike"),
    ],
)
def test_wrong_units_and_splits_are_noticed_and_their_mended_forms_pass(
    catalog: Catalog, shared_data: Path, name: str, rule: str
) -> None:
    folder = "golden/data_repair_yfinance"
    frame = "1h" if "-1h-" in name else "1d"
    bad = shared(shared_data, f"{folder}/{name}.csv")
    with pytest.raises(ImportRefusedError, match=rule):
        bring(catalog, bad, "X.YAHOO", timeframe=frame)
    good = shared(shared_data, f"{folder}/{name}-fixed.csv")
    report = bring(catalog, good, "X.YAHOO", timeframe=frame, repair=True)
    assert not set(report.repaired) & {"spike", "level_shift"}


@pytest.mark.parametrize("name", ["HSBK-IL", "IBE-MC", "TISG-MI"])
def test_good_files_stay_unchanged(catalog: Catalog, shared_data: Path, name: str) -> None:
    folder = "golden/data_repair_yfinance"
    path = shared(shared_data, f"{folder}/{name}-1d-no-bad-divs.csv.gz")
    assert bring(catalog, path, "X.YAHOO", timeframe="1d").repaired == {}


def test_the_benchmark_walk_equals_that_of_the_peers(shared_data: Path) -> None:
    path = shared(shared_data.parent, "peers/common.py")
    spec = importlib.util.spec_from_file_location("peers_common", path)
    assert spec is not None
    assert spec.loader is not None
    peers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peers)
    theirs = peers._walk(np.random.default_rng([7, 3]), 20_000)
    ours = random_walk(20_000, seed=[7, 3])
    assert ours.time[0] == peers.T0_NS
    for name, values in theirs.items():
        assert np.array_equal(ours.floats(name), values)
