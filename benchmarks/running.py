"""Running one measurement as a process of its own, alone, and turning it into a table row."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import datasets, rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.catalogue import Engine, Workload

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table and of results.json.

    Attributes:
        workload: Its letter.
        size: Bars (of each instrument) or orders.
        engine: Who.
        version: Of the engine.
        mode: How.
        unit: What ``units`` counts.
        units: How many bars (over all instruments or pairs) or orders.
        seconds: The best call; the first one where there is no other.
        first_seconds: The first call in the process.
        loop_seconds: The event loop alone, where the engine says.
        process_seconds: The whole process, data set and checks included.
        rate: Units per second.
        ratio_to_limit: ``rate`` of the fastest hand-written loop over this one.
        equal: Whether the result is the expected one.
        peak_mb: Most memory the process held, in MB.
        note: What else a reader must know.
    """

    workload: str
    size: int
    engine: str
    version: str
    mode: str
    unit: str
    units: int
    seconds: float
    first_seconds: float
    loop_seconds: float | None
    process_seconds: float
    rate: float
    equal: bool
    peak_mb: float
    ratio_to_limit: float | None = None
    note: str = ""

    def after(self, earlier: Row) -> Row:
        """The quicker of two rounds, with the earlier first call; both have to be equal."""
        return replace(
            min(self, earlier, key=lambda row: row.seconds),
            first_seconds=earlier.first_seconds,
            equal=self.equal and earlier.equal,
            peak_mb=max(self.peak_mb, earlier.peak_mb),
        )

    def as_json(self) -> dict[str, Any]:
        """The row as values JSON can hold."""
        return asdict(self)


@dataclass(frozen=True)
class Finished:
    """A process that has ended.

    Attributes:
        output: What it printed.
        error: What went wrong, in a line; empty if nothing did.
        seconds: From its start to its end.
        peak_mb: Most memory it held.
    """

    output: str
    error: str
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Limits:
    """How long and how often.

    Attributes:
        repeats: Warm calls, at most.
        budget: Seconds of warm calls after which no further one is begun.
        timeout: Seconds after which a process is ended.
    """

    repeats: int = 20
    budget: float = 5.0
    timeout: float = 900.0


def run_process(
    command: list[str], *, folder: Path, timeout: float, environment: Mapping[str, str]
) -> Finished:
    """Run a command to its end, with its output in files so that nothing waits for a reader."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, cwd=folder, env=os.environ | dict(environment)
        )
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        error = ""
        if process.returncode:
            late = seconds >= timeout
            error = f"stopped after {timeout:g} s" if late else _last_line(err.read())
        text = out.read().decode(errors="replace")
    return Finished(text, error, seconds, round(usage.ru_maxrss / 1024, 1))


def _last_line(said: bytes) -> str:
    """The line of an error output that says what went wrong."""
    lines = said.decode(errors="replace").strip().splitlines()
    telling = [line for line in lines if line.strip() and not line.lstrip().startswith("hint")]
    return telling[-1] if telling else "it failed without a word"


def measure(
    python: Path, engine: Engine, workload: Workload, size: int, mode: str, data: Path, how: Limits
) -> Row | str:
    """Measure one engine at one workload; return the row, or in words why there is none."""
    letter = "A" if workload.letter == "P" else workload.letter
    command = [str(python), "-W", "ignore", "-m", f"benchmarks.engines.{engine.name}"]
    command += [letter, str(size), mode, "--data", str(data)]
    command += ["--repeats", str(how.repeats), "--budget", str(how.budget)]
    done = run_process(
        command,
        folder=ROOT,
        timeout=how.timeout,
        environment={"NUMBA_CACHE_DIR": str(data / "numba"), "PYTHONPATH": ""},
    )
    if done.error:
        return done.error
    found = json.loads(done.output.splitlines()[-1])
    expected = datasets.expected(data, f"{letter}-{size}")[found["rule"]]
    wanted = rules.of_some_pairs(expected, found["result"])
    units = size * len(found["result"].get("pairs", range(workload.width)))
    whole = workload.letter == "P"
    seconds = done.seconds if whole else min(found["seconds"])
    return Row(
        workload=workload.letter,
        size=size,
        engine=engine.name,
        version=found["version"],
        mode=mode,
        unit=workload.unit,
        units=units,
        seconds=seconds,
        first_seconds=seconds if whole else found["seconds"][0],
        loop_seconds=found["loop_seconds"],
        process_seconds=done.seconds,
        rate=units / seconds,
        equal=rules.agrees(found["result"], wanted),
        peak_mb=found["peak_mb"],
        note=found["note"],
    )
