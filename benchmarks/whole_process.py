"""The whole process: what a person waits for between pressing return and reading the result.

tradectl is measured as its users meet it: the installed command, bars from a catalog, a strategy
from a file, the printed report; ``--fresh`` keeps it from answering from the stored run of the
last start. ``first start`` begins with an empty cache of machine code,
``second start`` with a full one, ``after a change`` with a strategy whose source was edited.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import datasets, rules
from benchmarks.running import ROOT, Finished, Limits, Row, run_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.catalogue import Workload

SERIES, TIMEFRAME = "WALK.SIM", "1m"
SETTINGS = """\
[backtest]
cash = 1000000
default_fee = 0.001
volume_share = 0
slippage_bps = 0
"""
COMMAND = ("backtest", "strategy.py:Cross", SERIES, "--timeframe", TIMEFRAME, "--fresh")
STARTS, CHANGES = 5, 3  # at most; their median counts
_STORE = """
import sys
from tradectl_sdk.data import Catalog
from tradectl_sdk.data.walk import random_walk
long, size = int(sys.argv[1]), int(sys.argv[2])
Catalog(".tradectl/catalog").write(random_walk(long, seed=7).rows(0, size))
"""


def measure_command(workload: Workload, size: int, data: Path, how: Limits) -> Iterator[Row | str]:
    """Yield the rows of tradectl's command, or in words why there are none."""
    command = Path(sys.executable).with_name("tradectl")
    known = subprocess.run([str(command), "backtest", "--help"], capture_output=True, check=False)
    if known.returncode:
        yield "this tradectl has no command backtest"
        return
    with tempfile.TemporaryDirectory(prefix="tradectl-bench-") as folder:
        yield from _Project(Path(folder), command, data, how).rows(workload, size)


class _Project:
    """A folder like a user's: settings, a catalog, a strategy, and a cache of its own."""

    def __init__(self, folder: Path, command: Path, data: Path, how: Limits) -> None:
        self._folder, self._command, self._data, self._how = folder, command, data, how

    def rows(self, workload: Workload, size: int) -> Iterator[Row | str]:
        """Prepare the project, then yield one row per kind of start."""
        (self._folder / "tradectl.toml").write_text(SETTINGS)
        strategy = self._folder / "strategy.py"
        shutil.copy(ROOT / "benchmarks" / "engines" / "strategies.py", strategy)
        long = size if size <= datasets.QUICK else datasets.LONG
        stored = self._run([sys.executable, "-c", _STORE, str(long), str(size)])
        if stored.error:
            yield f"the catalog could not be written: {stored.error}"
            return
        first = self._backtest()
        if first.error:
            yield first.error
            return
        equal = self._check(size)
        yield self._row(workload, size, "first start", [first], equal)
        again = [self._backtest() for _ in range(self._samples(STARTS))]
        yield self._row(workload, size, "second start", again, equal)
        text = strategy.read_text(encoding="utf-8")
        changed = []
        for number in range(self._samples(CHANGES)):
            edited = text.replace("ctx.position == 0", f"-{number} <= ctx.position == 0")
            strategy.write_text(edited, encoding="utf-8")
            changed.append(self._backtest())
        yield self._row(workload, size, "after a change", changed, self._check(size))

    def _samples(self, most: int) -> int:
        return min(most, self._how.repeats + 1)

    def _run(self, command: list[str]) -> Finished:
        return run_process(
            command,
            folder=self._folder,
            timeout=self._how.timeout,
            environment={
                "TRADECTL_CACHE_DIR": str(self._folder / "cache"),
                "NO_COLOR": "1",
                "PYTHONDONTWRITEBYTECODE": "",  # some developers' habit; pip leaves bytecode
            },
        )

    def _backtest(self, *options: str) -> Finished:
        return self._run([str(self._command), *COMMAND, *options])

    def _check(self, size: int) -> bool:
        """Whether the command's result is the expected one; not timed."""
        done = self._backtest("--json")
        if done.error:
            return False
        found = json.loads(done.output)["data"]
        result = {"fills": len(found["fills"]), "equity": float(found["final_equity"])}
        return rules.agrees(result, datasets.expected(self._data, f"A-{size}")["next_open"])

    def _row(
        self, workload: Workload, size: int, mode: str, done: list[Finished], equal: bool
    ) -> Row | str:
        failed = [one.error for one in done if one.error]
        if failed:
            return failed[0]
        seconds = statistics.median(one.seconds for one in done)
        return Row(
            workload=workload.letter,
            size=size,
            engine="tradectl",
            version=version("tradectl"),
            mode=mode,
            unit=workload.unit,
            units=size,
            seconds=seconds,
            first_seconds=done[0].seconds,
            loop_seconds=None,
            process_seconds=seconds,
            rate=size / seconds,
            equal=equal,
            peak_mb=max(one.peak_mb for one in done),
            note=f"median of {len(done)}" if len(done) > 1 else "",
        )
