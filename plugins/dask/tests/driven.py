"""Research over Dask that tests drive in a process of their own, which may die of it.

``python driven.py KIND FOLDER SCHEDULER LAST TOKEN`` kills itself when LAST trials, or windows of a
walk, are done, and what TOKEN names has killed a worker.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk import Settings, SweepStore, WalkStore, optimize, sweep, walkforward
from tradectl_sdk.research import resuming
from tradectl_sdk.testing import executor_strategies

if TYPE_CHECKING:
    from collections.abc import Callable

MORTAL = f"{executor_strategies.__file__}:Mortal"
LENGTHS = [4, 5, 6, executor_strategies.KILLS_ONCE, 10, 11, 12, 13]


def mark_of(token: int) -> Path:
    """The file that says that a worker was killed already."""
    return Path(tempfile.gettempdir()) / f"tradectl-killed-{token}"


def settings_for(scheduler: str) -> Settings:
    """Chunks of single trials, so that many are left whenever somebody dies."""
    table = {"scheduler": scheduler, "worker_seconds": 60, "chunk_seconds": 0.001}
    return Settings.model_validate({"plugins": {"dask": table}})


def research(
    kind: str,
    folder: Path,
    scheduler: str | None,
    *,
    asker: int,
    token: int,
    progress: Callable[[int, int], None] | None = None,
    **more: Any,
) -> Any:
    """Sweep, optimise or walk: over Dask where there is a scheduler, in this process otherwise."""
    where: dict[str, Any] = {"workers": 1}
    if scheduler is not None:
        where = {"executor": "dask", "settings": settings_for(scheduler)}
    given = where | {
        "parameters": {"asker": asker, "token": token}, "mode": "interpreted",
        "start": "2015-01-01", "progress": progress,
    }  # fmt: skip
    if kind == "sweep":
        return sweep(
            MORTAL, "SPX.SAMPLE", {"length": LENGTHS}, hashes=True, store=SweepStore(folder),
            **given | more,
        )  # fmt: skip
    if kind == "walk":
        return walkforward(
            MORTAL, "SPX.SAMPLE", {"length": LENGTHS}, train=250, test=200,
            store=WalkStore(folder), **given | more,
        )  # fmt: skip
    return optimize(
        MORTAL, "SPX.SAMPLE", {"length": LENGTHS}, trials=16, batch=4, sampler="random",
        folder=folder, **given | more,
    )  # fmt: skip


def main(kind: str, folder: str, scheduler: str, last: str, token: str) -> None:
    """Do it until it is time to die."""

    def die(done: int, _: int) -> None:
        if done >= int(last) and mark_of(int(token)).exists():
            os.kill(os.getpid(), signal.SIGKILL)

    resuming.INTERVAL = 0.0  # write whatever was told at once, on however quick a machine
    research(kind, Path(folder), scheduler, asker=0, token=int(token), progress=die)


if __name__ == "__main__":
    main(*sys.argv[1:])
