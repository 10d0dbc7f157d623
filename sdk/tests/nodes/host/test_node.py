"""The host as a node: in one process with its counterpart, over the bus, recording to disk."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from casino import make_plan
from counterpart import Executor, began, closed_bars, exact
from test_handover import plan
from tradectl_sdk.bus import Identity, in_process_pair, in_process_stream
from tradectl_sdk.bus.messages.control import AskStatus, BarsFetched, Declined
from tradectl_sdk.bus.messages.intents import Intents, StrategyFailed
from tradectl_sdk.engine import Assumptions, Mode, run
from tradectl_sdk.nodes.host import HostSetup
from tradectl_sdk.nodes.host.node import Host
from tradectl_sdk.nodes.host.recording import Recorder, read_frames
from tradectl_sdk.nodes.host.records import Ended, Failed, Noticed, Saw
from tradectl_sdk.nodes.host.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

HOST = Identity(name="gambler", role="host", epoch=1)
EXECUTOR = Identity(name="main", role="executor", epoch=1)
GATEWAY = Identity(name="main", role="gateway", epoch=1)


class Scene:
    """A host on an in-process bus, and a counterpart that is driven bar by bar."""

    def __init__(self, folder: Path, made: Any, **options: Any) -> None:
        self.executor = Executor(made)
        self.instants = closed_bars(made)
        mine, self.theirs = in_process_pair(HOST, EXECUTOR, through_codec=True)
        self.stream = in_process_stream(GATEWAY, through_codec=True)
        self.market = self.stream.subscribe(HOST)
        self.path = folder / "session.record"
        self.questions: list[Any] = []
        self.heard: list[Any] = []
        self.host = Host(
            HostSetup(began=began(), plan=made, **options.pop("setup", {})),
            mine,
            self.market,
            fetch=self.fetch,
            recorder=Recorder(self.path),
            **options,
        )

    async def fetch(self, question: Any) -> Any:
        self.questions.append(question)
        if len(self.questions) == 1:
            raise OSError("the line is down")
        return BarsFetched(bars=tuple(bar for bars in self.instants for bar in bars))

    async def answer(self) -> None:
        while True:
            message = await self.theirs.receive()
            self.heard.append(message)
            if isinstance(message, Intents):
                for event in self.executor.take(message):
                    self.theirs.send(event)

    async def play(self, numbers: Any = None) -> None:
        """Run the host over bars, each after everything about the one before was said."""
        running = asyncio.create_task(self.host.run())
        answering = asyncio.create_task(self.answer())
        self.theirs.send(self.executor.snapshot(1))
        while not self.market.core.joined:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        for at, instant in enumerate(self.instants):
            if numbers is None or at in numbers:
                events, message = self.executor.pass_bars(1, instant)
                for event in events:
                    self.theirs.send(event)
                cursor = self.stream.publish(message)
                while not running.done() and not self.is_quiet(cursor):  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.001)
        self.host.stop()
        await running
        await asyncio.sleep(0.05)
        answering.cancel()

    def is_quiet(self, cursor: Any) -> bool:
        trader = self.host._core._trader
        return self.host.status().data == cursor and not trader.outbox.waiting


def within(main: Coroutine[Any, Any, None], seconds: float = 60) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main, seconds)

    asyncio.run(bounded())


def test_a_node_makes_the_fills_of_the_backtest_and_records_what_it_saw(tmp_path):
    made = exact(make_plan(5, 2, 40, Assumptions()))

    async def main() -> None:
        scene = Scene(tmp_path, made)
        before = scene.host.status()
        assert (before.state, before.name) == ("waiting", "host")
        await scene.play()
        whole = run(made, Mode.INTERPRETED)
        assert scene.executor.fills["price"].tolist() == whole.fills["price"].tolist()
        frames = list(read_frames(scene.path))
        assert [f.bars[0].time for f in frames if isinstance(f, Saw)] == whole.times.tolist()
        assert isinstance(frames[-1], Ended)
        status = scene.host.status()
        assert (status.state, status.figures["strategy"]) == ("stopped", "gambler")
        assert status.figures["recorded bytes"] == scene.path.stat().st_size
        assert status.traffic[0].sent == len(scene.executor.read)
        assert scene.host.failed == ""
        assert isinstance(await scene.host.answer(AskStatus()), Declined)

    within(main())


def test_an_order_denied_here_is_told_with_its_reason_but_not_each_time(tmp_path, caplog):
    def off_the_grid(ctx: Any, bar: Any, at: int) -> None:
        ctx.buy(1.0, limit=bar.close / 3.0 + 0.0001)

    async def main() -> None:
        scene = Scene(tmp_path, plan(off_the_grid))
        await scene.play(range(5))
        assert scene.host.status().figures["orders denied here"] == 5

    within(main())
    told = [one.message for one in caplog.records if "was denied" in one.message]
    assert len(told) == 3  # the first, the second and the fourth
    assert "a buy of" in told[0]
    assert "OFF_TICK, a price lies between two ticks; ctx.round_price" in told[0]
    assert told[2].endswith("4 orders so far")


def test_a_failure_reaches_the_executor_before_the_node_ends(tmp_path, caplog):
    async def main() -> None:
        scene = Scene(tmp_path, plan(lambda ctx, bar, at: 1 / 0))
        await scene.play()
        assert "division by zero" in scene.host.failed
        failures = [one for one in scene.heard if isinstance(one, StrategyFailed)]
        assert [one.text for one in failures] == ["ZeroDivisionError: division by zero"]
        assert "1 / 0" in failures[0].traceback

    within(main())
    assert "the strategy failed" in caplog.text


def test_bars_that_are_missing_are_asked_for_until_they_come(tmp_path):
    async def main() -> None:
        made = plan(lambda ctx, bar, at: None)
        first = tuple(closed_bars(made)[0])
        scene = Scene(tmp_path, made, setup={"history": first, "retry": 1_000_000})
        await scene.play({3, 4})
        assert len(scene.questions) >= 2
        frames = list(read_frames(scene.path))
        late = [f.late for f in frames if isinstance(f, Saw)]
        assert late == [True, True, False, False]
        notices = [f.text for f in frames if isinstance(f, Noticed)]
        assert notices == ["OSError: the line is down", "2 bars"]

    within(main())


def test_a_handler_that_hangs_is_told_with_its_stack_and_recorded(tmp_path):
    released = threading.Event()
    barked: list[str] = []

    def bark(text: str) -> None:
        barked.append(text)
        released.set()

    def hang_here(ctx: Any, bar: Any, at: int) -> None:
        released.wait(60)

    async def main() -> None:
        scene = Scene(tmp_path, plan(hang_here), hang=0.1, on_hang=bark)
        await scene.play({0})
        assert re.search(r"a handler of gambler has not returned for \d+\.\d", barked[0])
        assert "hang_here" in barked[0]
        failed = next(f for f in read_frames(scene.path) if isinstance(f, Failed))
        assert "released.wait(60)" in failed.traceback

    within(main())


def test_a_process_that_hangs_ends_itself(tmp_path):
    code = """
import sys, time
from tradectl_sdk.nodes.host.node import end_process
from tradectl_sdk.nodes.host.watchdog import Watchdog
watchdog = Watchdog(0.1, lambda lasted, stack: end_process("it hangs\\n" + stack))
def forever():
    while True:
        pass
with watchdog:
    forever()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "it hangs" in done.stderr
    assert "in forever" in done.stderr


def test_a_watchdog_lets_short_work_and_rest_pass():
    barked: list[float] = []
    watchdog = Watchdog(1.0, lambda lasted, stack: barked.append(lasted))
    for _ in range(4):
        with watchdog:
            time.sleep(0.01)
    time.sleep(1.2)
    watchdog.close()
    assert barked == []


def test_a_recording_that_cannot_be_written_ends_the_node(tmp_path):
    async def main() -> None:
        scene = Scene(tmp_path, plan(lambda ctx, bar, at: None))
        full = OSError(28, "No space left on device")

        def refuse(_: Any) -> None:
            raise full

        scene.host._recorder.write = refuse
        with pytest.raises(ExceptionGroup) as caught:
            await scene.play({0})
        assert caught.value.exceptions == (full,)

    within(main())


def test_the_recording_is_forced_to_the_disk_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr("tradectl_sdk.nodes.host.node._SYNC", 0.01)
    synced: list[str] = []

    async def main() -> None:
        scene = Scene(tmp_path, plan(lambda ctx, bar, at: None))
        scene.host._recorder.sync = lambda: synced.append(threading.current_thread().name)
        await scene.play()
        await asyncio.sleep(0)

    within(main())
    assert any(name != threading.main_thread().name for name in synced)
