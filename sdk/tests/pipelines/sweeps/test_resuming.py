"""A sweep that ended early is not begun anew."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk import Bars, Instrument, SweepStore, sweep
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.research import Trial, died, resuming
from tradectl_sdk.research.resuming import Unfinished
from tradectl_sdk.testing import executor_strategies

if TYPE_CHECKING:
    from pathlib import Path

STRATEGY = f"{executor_strategies.__file__}:Steady"
GRID = {"length": "5:16"}


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    (series,) = synthetic_market([one], bars=200, timeframe="1d", seed=2)
    return series.bars


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "INTERVAL", 0.0)


def run(bars: Bars, folder: Path, progress=None, **given):
    return sweep(
        STRATEGY, bars, GRID, mode="interpreted", hashes=True, workers=1,
        store=SweepStore(folder), progress=progress, **given,
    )  # fmt: skip


def killed_after(bars: Bars, folder: Path, trials: int) -> None:
    """Run it in a process that is killed with SIGKILL when so many trials are done."""

    def kill(done: int, _: int) -> None:
        if done == trials:
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=run, args=(bars, folder, kill))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def test_a_sweep_that_was_killed_goes_on_where_it_was(bars, tmp_path, at_once):
    killed_after(bars, tmp_path / "one", 7)
    told: list[int] = []
    resumed = run(bars, tmp_path / "one", lambda done, _: told.append(done))
    assert resumed.resumed == 6  # the first is always run again, it compiles
    assert told == list(range(7, 13))
    whole = run(bars, tmp_path / "other")
    assert whole.resumed == 0
    assert resumed.table.order_hashes == whole.table.order_hashes
    for name, column in whole.table.metrics.items():
        assert resumed.table.metrics[name].tobytes() == column.tobytes()
    assert [path.name for path in (tmp_path / "one").iterdir()] == [resumed.sweep.sweep_id]


def test_what_was_left_is_for_equal_inputs_only_and_fresh_begins_anew(bars, tmp_path, at_once):
    killed_after(bars, tmp_path, 5)
    assert run(bars, tmp_path, start="2000-01-02", end="2030-01-01", warmup=30).resumed == 0
    assert run(bars, tmp_path, fresh=True).resumed == 0


def test_what_nobody_went_on_with_for_a_month_is_deleted_by_the_next_sweep(bars, tmp_path, at_once):
    killed_after(bars, tmp_path, 5)
    (left,) = tmp_path.iterdir()
    forgotten = left.with_name(left.name.replace("s-", "s-0"))
    forgotten.write_bytes(left.read_bytes())
    long_ago = time.time() - resuming.STALE - 60
    os.utime(forgotten, (long_ago, long_ago))
    done = run(bars, tmp_path, warmup=30)
    assert {path.name for path in tmp_path.iterdir()} == {left.name, done.sweep.sweep_id}


def test_a_quick_sweep_leaves_nothing(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "INTERVAL", 3600.0)  # on however slow a machine
    killed_after(bars, tmp_path, 4)
    assert list(tmp_path.iterdir()) == []


def test_a_line_cut_short_is_no_trial(tmp_path):
    kept = Unfinished(tmp_path, {"a": 1})
    trials = [Trial(1, (0.1, float("nan")), 5, "ab"), Trial(2, reason="why"), Trial(9, (1.0, 2.0))]
    kept.add([*trials, died(3)])
    kept.write()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b"[4, [0.5, 0.")
    found = Unfinished(tmp_path, {"a": 1}).read(9)
    assert repr(found) == repr({1: trials[0], 2: trials[1]})
    assert Unfinished(tmp_path, {"a": 2}).read(9) == {}


def test_what_is_written_behind_a_line_cut_short_is_not_lost(tmp_path):
    kept = Unfinished(tmp_path, {})
    kept.add([Trial(1, (0.5,))])
    kept.write()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b"[4, [0.5, 0.")
    again = Unfinished(tmp_path, {})
    for number in (2, 3):
        again.add([Trial(number, (0.5,))])
        again.write()
    assert list(Unfinished(tmp_path, {}).read(9)) == [1, 2, 3]
    assert path.read_bytes().count(b"\n") == 4


def test_a_folder_that_cannot_be_written_ends_no_sweep(tmp_path):
    (tmp_path / "file").touch()
    kept = Unfinished(tmp_path / "file", {})
    kept.add([Trial(1)])
    kept.write()
    kept.forget()
    assert kept.read(5) == {}
