"""Two workers on this machine to try the executor with: processes with a bare environment.

They are started once and end with the process that asked for them.
"""

from __future__ import annotations

import atexit
import os
import select
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a process needs to run at all; nothing else of our environment goes along.
_NEEDED = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "TRADECTL_CACHE_DIR")
_WARM = ("distributed", "pyarrow.parquet", "tradectl_dask.worker", "tradectl_sdk.testing")
_running: list[tuple[subprocess.Popen[str], str]] = []


@contextmanager
def two_workers() -> Iterator[Mapping[str, Any]]:
    """Yield settings for an executor that reaches two workers on this machine."""
    if not _running or _running[0][0].poll() is not None:
        _running[:] = [_start()]
    yield {"scheduler": _running[0][1], "worker_seconds": 60, "chunk_seconds": 0.2}


def _start() -> tuple[subprocess.Popen[str], str]:
    kept = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "tradectl_dask.rehearsal"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=kept
        | {
            "DASK_CONFIG": tempfile.gettempdir(),  # nobody's habits, and nothing written there
            "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver",
            "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "5s",
        },
    )
    atexit.register(_end, process)
    if process.stdout is None or not (address := process.stdout.readline().strip()):
        raise RuntimeError(f"two workers could not be started: status {process.wait()}")
    return process, address


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Be a cluster until nobody wants anything any more."""
    from distributed import LocalCluster
    from distributed.utils import get_mp_context

    get_mp_context().set_forkserver_preload([*_WARM])  # a worker that died is back sooner
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        memory_limit=None,
        silence_logs="CRITICAL",
    ) as cluster:
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        # Whoever asked is gone when there is something to read: the end. A worker that was killed
        # before its nanny knew that it had started is not started again by that.
        while not select.select([sys.stdin], [], [], 1.0)[0]:
            cluster.scale(2)


if __name__ == "__main__":
    main()
