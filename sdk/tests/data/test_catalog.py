from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pytest
from tradectl_sdk.data import Bars, Catalog, writing
from tradectl_sdk.data.locking import writer_lock
from tradectl_sdk.data.mapped import mapped_path
from tradectl_sdk.data.storage import ROW_GROUP
from tradectl_sdk.data.walk import START, random_walk
from tradectl_sdk.errors import DataError, DataMissingError, DeadlineError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60 * 10**9
WALK = "WALK.SIM"


@pytest.fixture
def bars() -> Bars:
    return random_walk(1000, seed=1)


def test_what_was_written_is_read_back_bit_for_bit(catalog: Catalog, bars: Bars) -> None:
    info = catalog.write(bars)
    assert catalog.bars(WALK, "1m") == bars
    assert (info.rows, info.first, info.last) == (1000, START, START + 999 * MINUTE)
    assert catalog.list_series() == [catalog.info(WALK, "1m")] == [info]


def test_a_range_includes_its_start_and_excludes_its_end(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    expected = bars.rows(60, 120)
    assert catalog.bars(WALK, "1m", START + 60 * MINUTE, START + 120 * MINUTE) == expected
    assert catalog.bars(WALK, "1m", "2020-01-01T01:00", "2020-01-01T02:00Z") == expected
    berlin = timezone(timedelta(hours=1))
    start, end = datetime(2020, 1, 1, 2, tzinfo=berlin), datetime(2020, 1, 1, 2, tzinfo=UTC)
    assert catalog.bars(WALK, "1m", start, end) == expected
    assert len(catalog.bars(WALK, "1m", "2030-01-01")) == 0


def test_chunks_hold_the_same_bars_and_no_more_than_asked(catalog: Catalog) -> None:
    bars = random_walk(ROW_GROUP + 1000, seed=2)
    catalog.write(bars)
    chunks = list(catalog.iter_bars(WALK, "1m", chunk=50_000))
    assert [len(chunk) for chunk in chunks] == [50_000, 50_000, 22_880, 1000]
    assert np.array_equal(np.concatenate([chunk.close for chunk in chunks]), bars.close)
    inner = list(catalog.iter_bars(WALK, "1m", int(bars.time[-1500]), int(bars.time[-500])))
    assert [len(chunk) for chunk in inner] == [500, 500]
    assert inner[0].time[0] == bars.time[-1500]


def test_the_hash_is_of_the_content_not_of_the_file(tmp_path: Path, bars: Bars) -> None:
    first = Catalog(tmp_path / "a").write(bars)
    again = Catalog(tmp_path / "b").write(bars)
    assert first.content_hash == again.content_hash
    other_tick = replace(bars.instrument, tick_size=bars.instrument.tick_size * 10)
    scaled = Catalog(tmp_path / "c").write(replace(bars, instrument=other_tick))
    shorter = Catalog(tmp_path / "d").write(bars.rows(0, 999))
    assert len({info.content_hash for info in (first, scaled, shorter)}) == 3
    assert scaled.columns_hash == first.columns_hash


@pytest.mark.parametrize("symbol", ["BTC/USDT", "../../escape", "A B", "ES.c.0", "..", "ÄÖ:%2F"])
def test_any_symbol_makes_a_folder_inside_the_catalog(
    catalog: Catalog, bars: Bars, symbol: str
) -> None:
    named = replace(bars, instrument=replace(bars.instrument, symbol=symbol))
    catalog.write(named)
    assert catalog.bars(f"{symbol}.SIM", "1m") == named
    folder = catalog.folder(f"{symbol}.SIM", "1m").resolve()
    assert folder.is_relative_to(catalog.root.resolve())
    assert len(folder.relative_to(catalog.root.resolve()).parts) == 4


def test_other_tools_read_the_files_with_their_partitions(catalog: Catalog, bars: Bars) -> None:
    catalog.write(replace(bars, instrument=replace(bars.instrument, symbol="BTC/USDT")))
    files = str(catalog.root / "**" / "bars-*.parquet")
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT venue, instrument, kind, timeframe, count(*), typeof(any_value(close))"
            " FROM read_parquet(?, hive_partitioning=true) GROUP BY ALL",
            [files],
        ).fetchone()
    assert row == ("SIM", "BTC/USDT", "bars", "1m", 1000, "BIGINT")


def test_a_series_is_replaced_only_on_purpose(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    other = random_walk(500, seed=9)
    with pytest.raises(DataError, match="already in the catalog"):
        catalog.write(other)
    assert catalog.bars(WALK, "1m") == bars
    catalog.write(other, replace=True)
    assert len(list(catalog.folder(WALK, "1m").iterdir())) == 4  # manifest and three files
    assert catalog.bars(WALK, "1m") == other


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("time", START + 1, "time was not a multiple of 1m"),
        ("low", 0, "low was zero or negative"),
        ("high", 1, "high was below low"),
        ("open", 10**12, "open was outside of low and high"),
        ("volume", -1, "volume was negative"),
    ],
)
def test_bad_bars_from_memory_are_refused_and_leave_nothing(
    catalog: Catalog, bars: Bars, column: str, value: int, message: str
) -> None:
    bad = getattr(bars, column).copy()
    bad[0] = value
    with pytest.raises(DataError, match=f"bar 1: {message}"):
        catalog.write(replace(bars, **{column: bad}))
    assert catalog.list_series() == []
    assert [path.name for path in catalog.root.iterdir()] == [".lock"]


def test_unsorted_and_empty_bars_are_refused(catalog: Catalog, bars: Bars) -> None:
    with pytest.raises(DataError, match="not increasing"):
        catalog.write(replace(bars, time=bars.time[::-1].copy()))
    with pytest.raises(DataError, match="no bars"):
        catalog.write(bars.rows(0, 0))


@pytest.mark.parametrize("step", ["hash_blocks", "find_gaps", "_flush"])
def test_a_writer_that_dies_changes_nothing(
    catalog: Catalog, bars: Bars, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.write(bars)
    before = {path: path.read_bytes() for path in _files(catalog)}

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, step, die)
    with pytest.raises(KeyboardInterrupt):
        catalog.write(random_walk(10, seed=3), replace=True)
    assert {path: path.read_bytes() for path in _files(catalog)} == before


def test_leftovers_of_a_killed_writer_are_swept(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    folder = catalog.folder(WALK, "1m")
    (folder / "bars-0123456789abcdef.parquet").write_bytes(b"moved in, but never named")
    (catalog.root / ".staging" / "dead").mkdir(parents=True)
    catalog.write(bars, replace=True)
    assert not (catalog.root / ".staging").exists()
    assert not (folder / "bars-0123456789abcdef.parquet").exists()


def test_a_missing_series_says_what_is_there(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    with pytest.raises(DataMissingError) as caught:
        catalog.bars("WALKS.SIM", "1m")
    assert caught.value.hint == "did you mean WALK.SIM?"
    with pytest.raises(DataMissingError) as caught:
        catalog.bars(WALK, "1h")
    assert caught.value.hint == "it is there as 1m"
    with pytest.raises(DataMissingError):
        catalog.remove(WALK, "5m")


def test_bad_arguments_are_refused(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    with pytest.raises(UsageError, match="expected ISO 8601"):
        catalog.bars(WALK, "1m", "yesterday")
    with pytest.raises(UsageError, match="chunk was 0"):
        list(catalog.iter_bars(WALK, "1m", chunk=0))
    with pytest.raises(UsageError, match=r"expected SYMBOL\.VENUE"):
        catalog.bars("WALK", "1m")


def test_removing_leaves_no_trace(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    catalog.remove(WALK, "1m")
    assert catalog.list_series() == []
    assert [path.name for path in catalog.root.iterdir()] == [".lock"]


def test_verify_notices_every_kind_of_damage(catalog: Catalog, bars: Bars) -> None:
    info = catalog.write(bars)
    assert catalog.verify(WALK, "1m").ok
    path = catalog.folder(WALK, "1m") / info.parts[0].file
    whole = path.read_bytes()
    for damaged in (whole[:-100], whole[:5000] + b"\0" + whole[5001:], b""):
        path.write_bytes(damaged)
        assert "was changed since it was written" in catalog.verify(WALK, "1m").problems[0]
    path.unlink()
    assert "was missing" in catalog.verify(WALK, "1m").problems[0]


def test_verify_notices_an_edited_manifest(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    path = catalog.folder(WALK, "1m") / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["instrument"]["tick_size"] = "0.01"
    path.write_text(json.dumps(manifest))
    assert "was changed by hand" in catalog.verify(WALK, "1m").problems[0]
    path.write_text("{")
    assert "was not a manifest" in catalog.verify(WALK, "1m").problems[0]


def test_a_truncated_file_is_an_error_not_a_crash(catalog: Catalog, bars: Bars) -> None:
    info = catalog.write(bars)
    path = catalog.folder(WALK, "1m") / info.parts[0].file
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="could not be read") as caught:
        catalog.bars(WALK, "1m")
    assert "import it again" in caught.value.hint
    with pytest.raises(DataError, match="could not be read"):
        list(catalog.iter_bars(WALK, "1m"))


def _hold(path: Path, held: multiprocessing.synchronize.Event, done: object) -> None:
    with writer_lock(path):
        held.set()
        done.wait(300)  # type: ignore[attr-defined]


def test_a_second_writer_waits_and_a_dead_one_blocks_nobody(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / ".lock", held, done))
    holder.start()
    assert held.wait(60)
    with (
        pytest.raises(DeadlineError, match="still writing"),
        writer_lock(tmp_path / ".lock", timeout=0.1),
    ):
        pass
    holder.kill()
    holder.join()
    with writer_lock(tmp_path / ".lock", timeout=5):
        pass


def _files(catalog: Catalog) -> list[Path]:
    return sorted(path for path in catalog.folder(WALK, "1m").iterdir() if path.is_file())


def test_a_whole_read_leaves_a_copy_that_needs_no_database(catalog: Catalog, bars: Bars) -> None:
    catalog.write(bars)
    first = catalog.bars(WALK, "1m")
    code = (
        "import sys; from tradectl_sdk.data import Catalog;"
        f"bars = Catalog({str(catalog.root)!r}).bars({WALK!r}, '1m', '2020-01-01T00:10');"
        "print(len(bars), int(bars.close.sum()), 'duckdb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["990", str(int(first.close[10:].sum())), "False"]
    assert catalog.bars(WALK, "1m") == first == bars


def test_a_copy_that_does_not_fit_is_ignored_and_noticed(catalog: Catalog, bars: Bars) -> None:
    info = catalog.write(bars)
    catalog.bars(WALK, "1m")
    copy = mapped_path(catalog.folder(WALK, "1m"), info)
    whole = copy.read_bytes()
    for damaged in (b"", whole[:-8], b"not an array" + whole[12:], whole[:50]):
        copy.write_bytes(damaged)
        assert not catalog.verify(WALK, "1m").ok
        assert catalog.bars(WALK, "1m") == bars
        assert copy.read_bytes() == whole
    for other in (
        np.zeros((6, 999), np.int64),
        np.zeros((6, 1000)),
        np.zeros((1000, 6), np.int64).T,
    ):
        np.save(copy, other)
        assert catalog.bars(WALK, "1m") == bars
    copy.write_bytes(whole[:-8] + b"\1" * 8)
    assert "did not hold" in catalog.verify(WALK, "1m").problems[0]


def test_copies_go_with_their_series_and_are_optional(catalog: Catalog, bars: Bars) -> None:
    info = catalog.write(bars)
    copy = mapped_path(catalog.folder(WALK, "1m"), info)
    assert Catalog(catalog.root, cache=False).bars(WALK, "1m") == bars
    assert len(catalog.bars(WALK, "1m", START + MINUTE)) == 999
    assert not copy.exists()
    catalog.bars(WALK, "1m")
    assert copy.exists()
    catalog.write(bars.rows(0, 10), replace=True)
    assert not copy.exists()
