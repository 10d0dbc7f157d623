"""What every engine's process does: prepare, call a few times with the clock on, print one line.

Needs nothing but the standard library, since it runs in the environments of other engines.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Task:
    """What one process is to measure.

    Attributes:
        workload: Its letter.
        size: Bars (of each instrument) or orders.
        mode: Which of the engine's ways.
        data: Folder of the data sets.
        repeats: Calls after the first, at most.
        budget: Seconds of calls after the first, after which no further one is begun.
    """

    workload: str
    size: int
    mode: str
    data: Path
    repeats: int
    budget: float

    @property
    def key(self) -> str:
        """Name of the data set."""
        return f"{self.workload}-{self.size}"


@dataclass(frozen=True)
class Work:
    """A prepared call.

    Attributes:
        call: The work; what it does is timed.
        read: Turns what it returned into counts and equity; not timed.
        rule: Which expectation the engine can be held to.
        loop: Finds the seconds of the event loop in what ``call`` returned, where known.
        note: What a reader of the table should know.
        workers: Processes that the call forks and ends; their memory counts, too.
        once: Whether the call uses up what was prepared, so that it cannot be repeated.
    """

    call: Callable[[], Any]
    read: Callable[[Any], dict[str, Any]]
    rule: str = "next_open"
    loop: Callable[[Any], float] | None = None
    note: str = ""
    workers: int = 0
    once: bool = False


def measure(task: Task, work: Work) -> dict[str, Any]:
    """Call the work, first and then warm, and describe it; the peak is taken before the check."""
    seconds: list[float] = []
    loops: list[float] = []
    outcome = None
    repeats = 0 if work.once else task.repeats
    while not seconds or (len(seconds) <= repeats and sum(seconds[1:]) < task.budget):
        outcome = None  # its memory goes before the next call's comes
        gc.collect()
        started = time.perf_counter()
        outcome = work.call()
        seconds.append(time.perf_counter() - started)
        if work.loop:
            loops.append(work.loop(outcome))
    peak = peak_mb() + work.workers * workers_peak_mb()
    return {
        "seconds": seconds,
        "loop_seconds": min(loops) if loops else None,
        "peak_mb": peak,
        "result": work.read(outcome),
        "rule": work.rule,
        "note": work.note,
    }


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_peak_mb() -> float:
    """Most memory that a forked worker has held, in MB, with what it shares with this process."""
    scale = 2**20 if platform.system() == "Darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale, 1)


def peak_mb() -> float:
    """Most memory this process has held, in MB.

    The kernel's high-water mark of this address space where there is one: the figure of getrusage
    also counts what the parent held when it forked.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        mark = next(line for line in lines if line.startswith("VmHWM"))
        return round(int(mark.split()[1]) / 1024, 1)
    except (OSError, StopIteration):
        scale = 2**20 if platform.system() == "Darwin" else 2**10
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)


def serve(version: str, prepare: Callable[[Task], Work]) -> None:
    """Be an engine's process: read the task from the command line, print the measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload")
    parser.add_argument("size", type=int)
    parser.add_argument("mode")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=0)
    parser.add_argument("--budget", type=float, default=10.0)
    task = Task(**vars(parser.parse_args()))
    row = measure(task, prepare(task))
    print(json.dumps(row | {"version": version, "python": platform.python_version()}), flush=True)
