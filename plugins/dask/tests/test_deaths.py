"""Research that died on Dask, workers and whoever drove it, ends as one undisturbed run would."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_dask.executor import connected
from tradectl_dask.rehearsal import two_workers
from tradectl_dask.settings import DaskSettings

sys.path.insert(0, str(Path(__file__).parent))

from driven import LENGTHS, mark_of, research

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.research import SweepTable, WalkForward

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed")


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Of a cluster whose two workers are there; one may be on its way back from a test."""
    with two_workers() as values:
        with connected(DaskSettings(**values)) as client:
            client.wait_for_workers(2, timeout=60)
        yield values["scheduler"]


@pytest.fixture
def deadly() -> Iterator[int]:
    """A token with which one length kills the first worker that tries it."""
    token = secrets.randbelow(2**31)
    yield token
    mark_of(token).unlink(missing_ok=True)


@pytest.fixture
def harmless(deadly: int) -> int:
    """A token with which that has happened before."""
    mark_of(deadly).touch()
    return deadly


def driven_to_death(kind: str, folder: Path, scheduler: str, last: int, token: int) -> None:
    script = str(Path(__file__).with_name("driven.py"))
    done = subprocess.run(
        [sys.executable, script, kind, str(folder), scheduler, str(last), str(token)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


def alone(kind: str, folder: Path) -> Any:
    """The same, in this process, where nothing dies."""
    return research(kind, folder, None, asker=os.getpid(), token=0)


def assert_same_table(one: SweepTable, other: SweepTable) -> None:
    """Compare all that trials found; the parameters that say who may die are not among it."""
    assert one.points == other.points
    assert one.reasons == other.reasons == {}
    assert one.order_hashes == other.order_hashes
    assert one.final_equity.tobytes() == other.final_equity.tobytes()
    assert list(one.metrics) == list(other.metrics)
    for name, column in one.metrics.items():
        assert column.tobytes() == other.metrics[name].tobytes(), name


def assert_same_walk(one: WalkForward, other: WalkForward) -> None:
    assert len(one.pieces) == len(other.pieces) >= 3
    for here, there in zip(one.pieces, other.pieces, strict=True):
        assert here.parameters == there.parameters
        assert repr((here.in_sample, here.out_of_sample)) == repr(
            (there.in_sample, there.out_of_sample)
        )
        assert (here.trades, here.order_list_hash) == (there.trades, there.order_list_hash)
        assert here.times.tobytes() == there.times.tobytes()
        assert here.equity.tobytes() == there.equity.tobytes()
    assert (one.trials, one.failures) == (other.trials, other.failures)
    assert repr((one.growth, one.efficiency, one.stability)) == repr(
        (other.growth, other.efficiency, other.stability)
    )


def test_a_sweep_that_lost_a_worker_and_then_its_driver_goes_on(
    scheduler: str, deadly: int, tmp_path: Path
) -> None:
    driven_to_death("sweep", tmp_path / "dask", scheduler, 7, deadly)
    assert mark_of(deadly).exists(), "a worker died of it"
    resumed = research("sweep", tmp_path / "dask", scheduler, asker=0, token=deadly)
    whole = alone("sweep", tmp_path / "alone")
    assert resumed.resumed >= 6  # the first is always run again: it compiles
    assert len(set(whole.table.order_hashes)) == len(LENGTHS)
    assert_same_table(resumed.table, whole.table)
    kept = [path.name for path in (tmp_path / "dask").iterdir()]
    assert kept == [resumed.sweep.sweep_id], "nothing is left of the first half"


def test_a_study_that_lost_its_driver_goes_on(
    scheduler: str, harmless: int, tmp_path: Path
) -> None:
    driven_to_death("study", tmp_path / "dask", scheduler, 9, harmless)
    resumed = research("study", tmp_path / "dask", scheduler, asker=0, token=harmless, resume=True)
    whole = alone("study", tmp_path / "alone")
    assert 9 <= resumed.resumed < 16
    assert len({point["length"] for point in whole.table.points}) > 3
    assert_same_table(resumed.table, whole.table)
    assert resumed.evidence.best == whole.evidence.best
    assert repr(resumed.in_sample) == repr(whole.in_sample)


def test_a_study_that_lost_a_worker_is_the_study_of_one_process(
    scheduler: str, deadly: int, tmp_path: Path
) -> None:
    here = os.getpid()
    spread = research("study", tmp_path / "dask", scheduler, asker=here, token=deadly)
    assert mark_of(deadly).exists(), "a worker died of it"
    assert spread.effort.deaths >= 1
    whole = alone("study", tmp_path / "alone")
    assert_same_table(spread.table, whole.table)
    assert repr(spread.in_sample) == repr(whole.in_sample)


def test_a_walk_that_lost_a_worker_is_the_walk_of_one_process(
    scheduler: str, deadly: int, tmp_path: Path
) -> None:
    here = os.getpid()
    spread = research("walk", tmp_path / "dask", scheduler, asker=here, token=deadly)
    assert mark_of(deadly).exists(), "a worker died of it"
    assert_same_walk(spread, alone("walk", tmp_path / "alone"))
    (kept,) = (tmp_path / "dask").iterdir()
    assert kept.name == spread.walk_id


def test_a_walk_that_lost_its_driver_is_walked_again(
    scheduler: str, harmless: int, tmp_path: Path
) -> None:
    driven_to_death("walk", tmp_path / "dask", scheduler, 2, harmless)
    again = research("walk", tmp_path / "dask", scheduler, asker=0, token=harmless)
    assert not again.stored
    assert_same_walk(again, alone("walk", tmp_path / "alone"))
