"""What share of an optimisation is spent outside the engine: on choosing and on keeping trials.

    python -m benchmarks.optimize                      1,000 trials over 100,000 bars, each sampler
    python -m benchmarks.optimize --samplers tpe       one of them
    python -m benchmarks.optimize --batch 32           more trials chosen at once
    python -m benchmarks.optimize --storage ADDRESS    kept in PostgreSQL instead of the journal

The trials are those of workload B: the crossing of two averages, their windows chosen from 5 to 24
and 30 to 150, one after the other in one process. Inside is the time from handing a trial to the
engine to having its metrics; outside is the rest of the loop, from its first trial to its last.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk import Bars, Settings, Timeframe, optimize
from tradectl_sdk.pipelines.optimizing.choosing import SAMPLERS
from tradectl_sdk.research import Effort, Executor

from benchmarks import rules
from benchmarks.datasets import SEED, walk
from benchmarks.engines.strategies import Cross
from benchmarks.engines.tradectl import FREE, instrument
from benchmarks.report import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.research import Task, Trial

RANGES = {"fast": "5:24", "slow": "30:150"}


class Timed(Executor):
    """Runs trials here, with two clocks on: that of the wall, and that of this process.

    Attributes:
        began: When the first trial began, seconds by both.
        inside: Seconds in trials, by both.
    """

    def __init__(self) -> None:
        self.began = self.inside = (0.0, 0.0)

    def run(
        self,
        task: Task,
        numbers: Sequence[int],
        tell: Callable[[Sequence[Trial]], None],
        *,
        workers: int | None = None,
    ) -> Effort:
        """Run them one after the other; the first of all once more, to compile."""
        del workers
        for number in numbers:
            if not any(self.began):
                task(number)
                self.began = clocks()
            before = clocks()
            trial = task(number)
            wall, process = clocks()
            self.inside = (
                self.inside[0] + wall - before[0],
                self.inside[1] + process - before[1],
            )
            tell([trial])
        return Effort(1)


def clocks() -> tuple[float, float]:
    """Seconds by the wall, and seconds that this process had a processor."""
    return time.perf_counter(), time.process_time()


def bars_of(size: int) -> Bars:
    """The first bars of a walk."""
    drawn = walk(size, SEED)
    return Bars.from_floats(instrument(0), Timeframe.parse("1m"), **drawn)


def measure(bars: Bars, sampler: str, trials: int, batch: int, storage: str | None) -> None:
    """Run an optimisation and print a line."""
    free = {name: int(value) for name, value in FREE.items()}
    settings = Settings.model_validate({"backtest": free | {"cash": int(rules.CASH)}})
    timed, ended = Timed(), [(0.0, 0.0)]
    with tempfile.TemporaryDirectory() as folder:
        optimize(
            Cross, bars, RANGES,
            settings=settings, trials=trials, sampler=sampler, batch=batch, executor=timed,
            storage=storage, folder=Path(folder), fresh=True,
            progress=lambda _done, _all: ended.__setitem__(0, clocks()),
        )  # fmt: skip
    words = [f"{sampler:8}"]
    for name, began, end, inside in zip(
        ("wall", "process"), timed.began, ended[0], timed.inside, strict=True
    ):
        whole = end - began
        each = (whole - inside) / trials * 1e3
        words.append(f"{name} {whole:.2f} s, {1 - inside / whole:.0%} outside, {each:.2f} ms each")
    print("   ".join(words), flush=True)


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=8, help="trials that are chosen at once")
    parser.add_argument("--samplers", default=",".join(SAMPLERS))
    parser.add_argument("--storage", help="postgresql://USER@HOST/DATABASE")
    options = parser.parse_args()
    print(", ".join(f"{name}: {value}" for name, value in machine().items()), file=sys.stderr)
    bars = bars_of(options.bars)
    for sampler in options.samplers.split(","):
        measure(bars, sampler, options.trials, options.batch, options.storage)


if __name__ == "__main__":
    main()
