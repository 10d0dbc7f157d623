"""A sweep is its backtests, whatever runs them and whatever goes wrong."""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Strategy, SweepStore, backtest, param, sweep
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.indicators import SMA
from tradectl_sdk.kernel import compiled
from tradectl_sdk.pipelines.sweeps import local, trial, workers
from tradectl_sdk.research import Effort, Executor, Trial, died
from tradectl_sdk.runs.metrics import METRICS

GRID = {"fast": [5, 8, 12], "slow": "20:30:5"}


class Swept(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(5, ge=2, le=12)
    slow: int = param(20, ge=3, le=200)

    def on_start(self, ctx):
        self.fast_average, self.slow_average = SMA(self.fast), SMA(self.slow)
        self.warmup = self.slow - 1

    def on_bar(self, ctx, bar):
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0:
            ctx.buy(10)
        elif fast < slow and ctx.position > 0:
            ctx.close()


class Raising(Swept):
    """Raises on a bar, for some parameters."""

    def on_bar(self, ctx, bar):
        if self.fast == 8 and ctx.position > 0:
            raise ValueError("enough")
        if ctx.position == 0:
            ctx.buy(1)


class Mortal(Swept):
    """Kills its worker, for some parameters: always, or once."""

    folder = Path()
    parent = 0

    def on_start(self, ctx):
        super().on_start(ctx)
        once = self.folder / "once"
        if os.getpid() == self.parent:
            return
        if self.fast == 8 and self.slow == 30:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fast == 12 and self.slow == 20 and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(
        symbol="SYN",
        venue="TEST",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        taker_fee=Decimal("0.001"),
        maker_fee=Decimal("0.001"),
    )
    (series,) = synthetic_market([one], bars=600, timeframe="1d", seed=11)
    return series.bars


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little there is to do, workers do it."""
    monkeypatch.setattr(local, "_WORTH_FORKING", 0.0)


def same(one, other):
    assert one.table.points == other.table.points
    assert one.table.final_equity.tobytes() == other.table.final_equity.tobytes()
    assert one.table.order_hashes == other.table.order_hashes
    for name, column in one.table.metrics.items():
        assert column.tobytes() == other.table.metrics[name].tobytes(), name


@pytest.mark.parametrize("mode", ["compiled", "interpreted"])
def test_every_trial_is_the_backtest_with_its_parameters(bars, mode):
    everything = tuple(METRICS)
    result = sweep(Swept, bars, GRID, metrics=everything, hashes=True, mode=mode, workers=1)
    table = result.table
    assert len(table) == 9
    assert len(set(table.order_hashes)) == 9
    for number, point in enumerate(table.points):
        record = backtest(Swept, bars, parameters=point, trials=9).record
        assert table.order_hashes[number] == record.order_list_hash
        assert int(table.final_equity[number]) == record.final_equity
        assert table.row(number)["metrics"] == dict(record.metrics.values)


def test_workers_find_what_one_process_finds(bars, forked):
    told = []
    alone = sweep(Swept, bars, GRID, hashes=True, workers=1)
    spread = sweep(
        Swept, bars, GRID, hashes=True, workers=3, progress=lambda done, of: told.append((done, of))
    )
    assert (alone.workers, spread.workers, spread.deaths) == (1, 3, 0)
    same(alone, spread)
    assert told[-1] == (9, 9)
    assert told == sorted(told)


class Once(Swept):
    """A class that nobody has compiled yet."""


def test_a_sweep_compiles_once(bars, tmp_path, monkeypatch):
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(tmp_path))
    built, build = [], compiled._build
    monkeypatch.setattr(compiled, "_build", lambda *given: built.append(1) or build(*given))
    result = sweep(Once, bars, GRID, workers=1, mode="compiled")
    assert not result.table.reasons
    assert built == [1]


def test_a_trial_that_fails_says_why_and_the_rest_goes_on(bars, forked):
    result = sweep(Raising, bars, {"fast": [5, 8, 20]}, workers=2, mode="interpreted")
    reasons = result.table.reasons
    assert set(reasons) == {1, 2}
    assert "the strategy raised ValueError: enough at bar " in reasons[1]
    assert reasons[2] == "Raising: fast was 20, expected 2 to 12"
    assert np.isfinite(result.table.metrics["total_return"]).tolist() == [True, False, False]


def test_a_worker_that_is_killed_costs_no_trial_but_its_own(bars, forked, tmp_path, monkeypatch):
    monkeypatch.setattr(Mortal, "folder", tmp_path)
    monkeypatch.setattr(Mortal, "parent", os.getpid())
    killed = sweep(Mortal, bars, GRID, hashes=True, workers=2)
    assert killed.deaths == 4  # three times by one trial, once by the other
    assert set(killed.table.reasons) == {5}
    assert "worker process died" in killed.table.reasons[5]
    whole = sweep(Swept, bars, GRID, hashes=True, workers=1).table
    for number in (0, 1, 2, 3, 4, 6, 7, 8):
        assert killed.table.order_hashes[number] == whole.order_hashes[number]


def test_a_trial_that_died_of_its_workers_is_tried_again_and_the_others_are_not(
    bars, forked, tmp_path, monkeypatch
):
    store = SweepStore(tmp_path / "runs")
    monkeypatch.setattr(Mortal, "folder", tmp_path)
    monkeypatch.setattr(Mortal, "parent", os.getpid())
    killed = sweep(Mortal, bars, GRID, hashes=True, workers=2, store=store)
    assert set(killed.table.reasons) == {5}
    again = sweep(Mortal, bars, GRID, hashes=True, workers=1, store=store)
    assert (again.stored, again.resumed, again.table.reasons) == (False, 7, {})
    assert sweep(Mortal, bars, GRID, hashes=True, workers=1, store=store).stored
    same(again, sweep(Swept, bars, GRID, hashes=True, workers=1))


class Deadly(Executor):
    """Loses every worker at every trial."""

    def run(self, task, numbers, tell, *, workers=None):
        tell([died(number) for number in numbers])
        return Effort(0, deaths=3 * len(numbers))


def test_deaths_are_counted_where_no_worker_is_left(bars):
    found = sweep(Swept, bars, GRID, executor=Deadly())
    assert (found.workers, found.deaths, len(found.table.reasons)) == (1, 24, 8)


def test_workers_tell_of_long_trials_before_their_chunk_is_done(monkeypatch):
    monkeypatch.setattr(workers, "_TELL", 0.0)
    told: list[list[int]] = []
    pool = workers.Pool(Trial, 1)
    pool.results(range(40), lambda some: told.append([each.number for each in some]))
    assert told == [[number] for number in range(40)]


def test_a_worker_that_dies_costs_no_trial_that_it_had_told_of(monkeypatch):
    monkeypatch.setattr(workers, "_TELL", 0.0)

    def run(number):
        if number == 33:
            os.kill(os.getpid(), signal.SIGKILL)
        return Trial(number)

    told: list[Trial] = []
    pool = workers.Pool(run, 1)
    pool.results(range(40), told.extend)
    assert sorted(each.number for each in told) == list(range(40))
    assert [each for each in told if each.reason] == [died(33)]
    assert pool.deaths == 3


def test_a_bug_in_a_worker_is_no_failed_trial(bars, forked, monkeypatch):
    parent, usual = os.getpid(), trial.Trials.__call__

    def broken(self, number):
        if os.getpid() != parent:
            raise ZeroDivisionError("ours")
        return usual(self, number)

    monkeypatch.setattr(trial.Trials, "__call__", broken)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: ours"):
        sweep(Swept, bars, GRID, workers=2)


def test_ctrl_c_ends_the_workers_and_stores_no_table(bars, forked, tmp_path, monkeypatch):
    started, start = [], workers.Pool._start

    def remembered(self):
        worker = start(self)
        started.append(worker.process)
        return worker

    def interrupt(done, _):
        if done > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(workers.Pool, "_start", remembered)
    store = SweepStore(tmp_path / "runs")
    with pytest.raises(KeyboardInterrupt):
        sweep(Swept, bars, GRID, workers=2, store=store, progress=interrupt)
    assert store.ids() == []  # what was done may lie beside, to go on from
    assert [process.exitcode for process in started] == [-signal.SIGKILL] * 2


def test_a_store_that_cannot_be_written_is_seen_before_the_first_trial(bars, tmp_path):
    (tmp_path / "runs").write_text("")
    told = []
    with pytest.raises(DataError, match="the sweep could not be stored: Not a directory"):
        sweep(
            Swept, bars, GRID, workers=1, store=SweepStore(tmp_path / "runs"),
            progress=lambda done, _: told.append(done),
        )  # fmt: skip
    assert not told


def test_the_same_sweep_is_answered_from_the_store(bars, tmp_path):
    store = SweepStore(tmp_path)
    first = sweep(Swept, bars, GRID, store=store, workers=1)
    again = sweep(Swept, bars, GRID, store=store, workers=1)
    assert (first.stored, again.stored) == (False, True)
    same(first, again)
    assert not sweep(Swept, bars, {"fast": [5, 8]}, store=store, workers=1).stored
    assert not sweep(Swept, bars, GRID, store=store, workers=1, fresh=True).stored
    assert len(list(tmp_path.iterdir())) == 2


def test_a_grid_that_explodes_is_refused_with_its_size_and_time(bars):
    huge = {"fast": "2:12", "slow": "3:200000"}
    with pytest.raises(UsageError, match=r"2,199,978 trials, about .* on 1 core") as caught:
        sweep(Swept, bars, huge, workers=1)
    assert "--yes" in caught.value.hint
    beyond = {"fast": "1:100000", "slow": "1:100000"}
    with pytest.raises(UsageError, match="10,000,000,000 trials") as caught:
        sweep(Swept, bars, beyond, workers=1, limit=None)
    assert "--yes" not in caught.value.hint
    assert len(sweep(Swept, bars, huge, sample=4, workers=1).table) == 4


def test_conditions_leave_points_out(bars):
    table = sweep(Swept, bars, {"fast": "5:9", "slow": "5:9"}, where=["fast < slow"]).table
    assert len(table) == 10
    assert all(point["fast"] < point["slow"] for point in table.points)


def test_what_cannot_be_swept_is_refused(bars):
    with pytest.raises(UsageError, match="there is no grid"):
        sweep(Swept, bars, {})
    with pytest.raises(UsageError, match="fasst is not a parameter"):
        sweep(Swept, bars, ["fasst=1:2"])
    with pytest.raises(UsageError, match="both a grid and a value"):
        sweep(Swept, bars, GRID, parameters={"fast": 5})
    with pytest.raises(UsageError, match="sharp is not a metric"):
        sweep(Swept, bars, GRID, metrics=["sharp"])
