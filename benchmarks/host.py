"""How long a strategy host takes from a bar to what it wants done, and whether its memory is flat.

``python -m benchmarks.host`` steps a real host core with the SMA cross on one-minute bars. The
clock runs from the bar's message to the effects: frames to record and, where the strategy decides,
the intents. Beside it: the same with the frames written to a recording, and a long run for memory.
Executor and bus are not part of it.
"""

from __future__ import annotations

import argparse
import gc
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.report import machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.nodes.host import HostCore

WARM = 2_000  # bars before the clock runs


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host", description=__doc__)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--memory", type=int, default=1_000_000, help="bars of the long run")
    options = parser.parse_args(arguments)
    header = machine()
    print(f"{header['cpu']}, {header['cores']} cores, Python {platform.python_version()}")
    print(f"{'microseconds a bar':<34}{'p50':>8}{'p99':>8}{'worst':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("step", None), ("step and record", Path(folder) / "session.record")):
            spent, decided = stepped(options.bars, path)
            for label, part in ((name, spent), (f"{name}, where it decides", spent[decided])):
                p50, p99, worst = np.percentile(part, (50, 99, 100)) / 1e3
                print(f"{label:<34}{p50:8.1f}{p99:8.1f}{worst:9.1f}")
    if options.memory:
        growth = grown(options.memory)
        print(f"memory: {growth / 1024:+.1f} MiB after {options.memory:,} bars")


def stepped(count: int, path: Path | None) -> tuple[Any, Any]:
    """Nanoseconds of each step, and in which the strategy decided something."""
    from tradectl_sdk.nodes.host.recording import Recorder
    from tradectl_sdk.nodes.inputs import Datum

    core, recorder = started(), Recorder(path) if path else None
    spent, decided = np.empty(count, np.int64), np.zeros(count, bool)
    gc.collect()
    gc.freeze()
    for number, (cursor, message) in enumerate(messages(WARM + count)):
        datum = Datum(cursor, message)
        before = time.perf_counter_ns()
        effects = core.step(number, datum)
        if recorder is not None:
            recorder.write(effects.records)
        after = time.perf_counter_ns()
        answer(core, number, effects)
        if number >= WARM:
            spent[number - WARM] = after - before
            decided[number - WARM] = bool(effects.messages)
    if recorder is not None:
        recorder.close()
    return spent, decided


def grown(count: int) -> int:
    """How much memory a long run takes beyond what its first tenth took, KiB."""
    from tradectl_sdk.nodes.inputs import Datum

    core, after_start = started(), 0
    for number, (cursor, message) in enumerate(messages(count)):
        answer(core, number, core.step(number, Datum(cursor, message)))
        if number == count // 10:
            gc.collect()
            after_start = resident()
    gc.collect()
    return resident() - after_start


def resident() -> int:
    """Resident memory of this process, KiB."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize() // 1024


def started() -> HostCore:
    """A host that has met its executor."""
    from tradectl_sdk.bus.messages.events import AccountSnapshot
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.config import Settings
    from tradectl_sdk.nodes.host import HostCore, HostSetup
    from tradectl_sdk.nodes.host.records import Began
    from tradectl_sdk.nodes.inputs import Received
    from tradectl_sdk.pipelines.finding import find_strategy
    from tradectl_sdk.pipelines.planning import bare_plan

    began = Began(session="b", mode="paper", strategy="sma", epoch=1, time=0, identity=b"{}")
    plan = bare_plan(
        find_strategy("sma-cross", None),
        {"fast": 5, "slow": 20},
        [instrument()],
        60 * 10**9,
        Settings(),
        has_volume=True,
    )
    core = HostCore(HostSetup(began=began, plan=plan))
    nowhere = Cursor(1, 0)
    snapshot = AccountSnapshot(at=nowhere, executions=nowhere, cash=10**16)
    core.step(0, Received("executor", snapshot))
    return core


def instrument() -> Any:
    """What the walk is quoted in."""
    from tradectl_sdk.data.walk import random_walk

    return random_walk(1, seed=1).instrument


def messages(count: int) -> Iterator[tuple[Any, Any]]:
    """One message of market data a bar, made as it is needed."""
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.market import Bars
    from tradectl_sdk.data.walk import random_walk
    from tradectl_sdk.exchange.values import BarClosed

    bars = random_walk(min(count, 100_000), seed=1)
    name, length = str(bars.instrument.id), bars.timeframe.nanoseconds
    cells = [getattr(bars, each) for each in ("open", "high", "low", "close", "volume")]
    first = int(bars.time[0])
    for number in range(count):
        open_, high, low, close, volume = (int(each[number % len(bars)]) for each in cells)
        bar = BarClosed(
            instrument=name,
            length=length,
            time=first + (number + 1) * length,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )
        yield Cursor(1, number + 1), Bars(executions=Cursor(1, 0), bars=(bar,))


def answer(core: HostCore, now: int, effects: Any) -> None:
    """Fill every order at once, at no cost, as far as a host can tell."""
    from tradectl_sdk.bus.messages.events import Filled, Progress
    from tradectl_sdk.bus.messages.intents import Cursor, Intents
    from tradectl_sdk.nodes.inputs import Received

    for _, intents in effects.messages:
        if not isinstance(intents, Intents):
            continue
        held = core.holdings
        for place in intents.commands:
            held[place.instrument] += place.side * place.lots
            fill = Filled(
                epoch=1,
                number=place.number,
                trade_id=str(place.number),
                instrument=place.instrument,
                side=place.side,
                lots=place.lots,
                price=1,
                fee=0,
                time=intents.decided,
                position=held[place.instrument],
                cash=10**16,
                status=8,
            )
            core.step(now, Received("executor", fill))
        progress = Progress(executions=Cursor(1, 0), heard=intents.number)
        core.step(now, Received("executor", progress))


if __name__ == "__main__":
    main()
