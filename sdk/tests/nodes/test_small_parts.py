"""Tallies, coming to rest, nodes that are made first, and being stopped by signals."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.bus.link import PeerBack, PeerChanged
from tradectl_sdk.bus.messages.control import (
    Adopt,
    AskStatus,
    Declined,
    Done,
    FromNode,
    NodeStatus,
    Reconcile,
    StopNode,
    ToNode,
    Traffic,
)
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.nodes.control import Connection
from tradectl_sdk.nodes.deferred import Deferred
from tradectl_sdk.nodes.quiet import is_at_rest, until_quiet
from tradectl_sdk.nodes.running import run_node, stopping_on_signals
from tradectl_sdk.nodes.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path


def met(epoch: int) -> PeerChanged:
    return PeerChanged(name="x", role="host", epoch=epoch)


class TestTally:
    def test_messages_count_and_what_the_channel_says_does_not(self) -> None:
        tally = Tally("host")
        tally.sent()
        tally.handled(met(1))
        tally.handled("a message")
        tally.handled(PeerBack(name="x", role="host", epoch=1))
        assert tally.traffic() == Traffic(peer="host", sent=1, handled=1)

    def test_a_peer_in_another_life_begins_anew(self) -> None:
        tally = Tally("host")
        for event in (met(1), "a message", met(2)):
            tally.sent()
            tally.handled(event)
        assert tally.traffic() == Traffic(peer="host", sent=0, handled=0)


def status(name: str, state: str = "ready", seq: int = 3, busy: int = 0, **sent: Any) -> NodeStatus:
    lines = [Traffic(peer=peer, sent=count[0], handled=count[1]) for peer, count in sent.items()]
    return NodeStatus(
        name=name, pid=1, epoch=1, state=state, data=Cursor(1, seq), busy=busy, traffic=tuple(lines)
    )


def resting(**changes: Any) -> dict[str, NodeStatus]:
    found = {
        "gateway": status("gateway", executor=(2, 1)),
        "executor": status("executor", gateway=(1, 2), host=(4, 5)),
        "host": status("host", executor=(5, 4)),
    }
    return found | changes


class TestRest:
    def test_all_ready_and_everything_dealt_with_is_rest(self) -> None:
        assert is_at_rest(resting())

    @pytest.mark.parametrize(
        "changes",
        [
            {"host": status("host", busy=1, executor=(5, 4))},
            {"host": status("host", executor=(6, 4))},
            {"host": status("host", executor=(5, 3))},
            {"host": status("host", seq=2, executor=(5, 4))},
            {"host": status("host", "waiting", executor=(5, 4))},
            {"executor": status("executor", "reconciling", gateway=(1, 2), host=(4, 5))},
            {"gateway": status("gateway", seq=0, executor=(2, 1))},
        ],
    )
    def test_work_and_messages_on_their_way_are_not(self, changes: dict[str, NodeStatus]) -> None:
        assert not is_at_rest(resting(**changes))

    def test_a_node_that_does_not_answer_is_waited_for(self) -> None:
        found = resting()
        del found["host"]
        assert not is_at_rest(found)

    def test_a_host_whose_strategy_failed_is_not(self) -> None:
        assert is_at_rest(resting(host=status("host", "failed", seq=0, executor=(9, 9))))

    def test_two_rounds_have_to_agree(self) -> None:
        moved = resting(
            host=status("host", executor=(6, 4)),
            executor=status("executor", gateway=(1, 2), host=(4, 6)),
        )
        rounds = [resting(), moved, moved]
        asked = 0

        async def ask() -> dict[str, NodeStatus]:
            nonlocal asked
            asked += 1
            return rounds[asked - 1]

        asyncio.run(until_quiet(ask))
        assert asked == 3


class Idle:
    """A node that waits to be stopped."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.ran = False

    async def run(self) -> None:
        self.ran = True
        await self.stopped.wait()

    def stop(self) -> None:
        self.stopped.set()

    def status(self) -> NodeStatus:
        return status("host")

    async def answer(self, request: ToNode) -> FromNode:
        return Done(lines=(type(request).__name__,))


class TestDeferred:
    def test_it_is_starting_until_it_is_made_and_then_what_it_is(self) -> None:
        async def scene() -> None:
            ready, idle = asyncio.Event(), Idle()

            async def make() -> Idle:
                await ready.wait()
                return idle

            node = Deferred("host", make)
            task = asyncio.create_task(node.run())
            await asyncio.sleep(0)
            assert node.status().state == "starting"
            assert isinstance(await node.answer(Reconcile()), Declined)
            ready.set()
            while not idle.ran:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert node.status().state == "ready"
            assert isinstance(await node.answer(Reconcile()), Done)
            node.stop()
            await asyncio.wait_for(task, 60)

        asyncio.run(scene())

    def test_it_can_be_stopped_before_it_is_made(self) -> None:
        async def scene() -> None:
            async def make() -> Idle:
                await asyncio.sleep(60)
                return Idle()

            node = Deferred("host", make)
            task = asyncio.create_task(node.run())
            await asyncio.sleep(0)
            node.stop()
            await asyncio.wait_for(task, 60)
            assert node.node is None

        asyncio.run(scene())

    def test_it_does_not_run_what_was_stopped_before_it_began(self) -> None:
        async def scene() -> None:
            idle = Idle()

            async def make() -> Idle:
                return idle

            node = Deferred("host", make)
            node.stop()
            await asyncio.wait_for(node.run(), 60)
            assert not idle.ran

        asyncio.run(scene())


class TestRunning:
    def test_a_node_is_asked_adopted_and_stopped_over_its_socket(self, tmp_path: Path) -> None:
        async def scene() -> None:
            task = asyncio.create_task(run_node(Idle(), tmp_path / "x.sock", orphan_grace=30))
            while not (tmp_path / "x.sock").exists():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            line = await Connection.open(tmp_path / "x.sock")
            for question, kind in ((AskStatus(), NodeStatus), (Adopt(supervisor=1), Done)):
                assert isinstance(await line.ask(question, seconds=60), kind)
            assert await line.ask(Reconcile(), seconds=60) == Done(lines=("Reconcile",))
            await line.ask(StopNode(), seconds=60)
            await asyncio.wait_for(task, 60)
            await line.close()

        asyncio.run(scene())

    def test_a_node_that_nobody_adopts_stops_by_itself(self, tmp_path: Path) -> None:
        async def scene() -> None:
            node = run_node(Idle(), tmp_path / "x.sock", orphan_grace=0.05)
            await asyncio.wait_for(node, 60)

        asyncio.run(scene())

    def test_a_supervisor_that_goes_is_waited_for_and_its_successor_counts(
        self, tmp_path: Path
    ) -> None:
        async def scene() -> None:
            path = tmp_path / "x.sock"
            task = asyncio.create_task(run_node(Idle(), path, orphan_grace=1.0))
            while not path.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            for _ in range(3):
                line = await Connection.open(path)
                await line.ask(Adopt(supervisor=1), seconds=60)
                await asyncio.sleep(0.4)  # all three together: longer than the grace
                await line.close()
            assert not task.done()
            await asyncio.wait_for(task, 60)

        asyncio.run(scene())

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signals_ask_for_the_end(self, number: signal.Signals) -> None:
        async def scene() -> None:
            node = Idle()
            with stopping_on_signals(node):
                os.kill(os.getpid(), number)
                await asyncio.wait_for(node.run(), 60)

        asyncio.run(scene())
