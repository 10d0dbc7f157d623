"""Real processes under a supervisor: kept alive, stopped in order, adopted, never orphaned."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus, SetSwitch
from tradectl_sdk.errors import AccountInUseError, NotFoundError
from tradectl_sdk.nodes.control import ask
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions, write_json
from tradectl_sdk.nodes.supervisor import RestartRules, Supervisor, launching
from tradectl_sdk.nodes.supervisor.launching import (
    LaunchError,
    ProcessLauncher,
    environment_for,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

# A node that does nothing but be there; it leaves a line in "ended" when it stops in good order.
NODE = """
import asyncio, os, sys, threading, time
from pathlib import Path
from tradectl_sdk.bus.messages.control import Done, NodeStatus
from tradectl_sdk.nodes.running import run_node, stopping_on_signals
from tradectl_sdk.nodes.session_folder import SessionFolder, write_json

name, folder = sys.argv[1], SessionFolder(Path(sys.argv[2]))
manifest = folder.manifest()

class Node:
    def __init__(self): self.stopped = asyncio.Event()
    async def run(self):
        await self.stopped.wait()
        if name == manifest.get("stubborn"): await asyncio.sleep(600)
        with (folder.path / "ended").open("a") as file: file.write(name + "\\n")
    def stop(self): self.stopped.set()
    def status(self): return NodeStatus(name=name, pid=os.getpid(), epoch=1, state="ready")
    async def answer(self, request):
        (folder.path / f"{name}.asked").write_text(repr(request))
        return Done()

async def main():
    node = Node()
    with stopping_on_signals(node):
        await run_node(node, folder.socket(f"{name}.sock"), orphan_grace=manifest["grace"])

if name == manifest.get("broken"):
    write_json(folder.last_words(name), {"status": 4, "text": "there is no key"})
    sys.exit(4)
if name == manifest.get("fragile"):
    def break_down():
        while not (folder.path / "break").exists():
            time.sleep(0.02)
        write_json(folder.last_words(name), {"status": 3, "text": "the disk is full"})
        os._exit(3)

    threading.Thread(target=break_down, daemon=True).start()
if name == manifest.get("silent"):
    time.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    made = Sessions(tmp_path).create({"grace": 60.0}, {}, mode="paper")
    made.make_run_folder()
    (tmp_path / "node.py").write_text(NODE)
    return made


def change(folder: SessionFolder, **values: Any) -> None:
    write_json(folder.path / "session.json", {**folder.manifest(), **values})


def supervisor(folder: SessionFolder, **rules: Any) -> Supervisor:
    command = (sys.executable, str(folder.path.parent / "node.py"))
    return Supervisor(folder, ProcessLauncher(folder, command), RestartRules(**rules))


async def until(what: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(boss: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(boss.run())
    try:
        await until(lambda: task.done() or boss.core.state == "running")
        yield task
    finally:
        boss.stop()
        await asyncio.wait_for(task, 60)


def pids(boss: Supervisor) -> dict[str, int]:
    return {name: node["pid"] for name, node in boss.core.describe()["nodes"].items()}


def test_a_session_starts_and_stops_in_order_and_writes_down_how_it_is(
    folder: SessionFolder,
) -> None:
    async def play() -> None:
        boss = supervisor(folder)
        async with running(boss):
            status = ask(folder.socket("host.sock"), AskStatus(), NodeStatus, seconds=60)
            assert status.pid == pids(boss)["host"]
            assert folder.state()["state"] == "running"
            assert boss.status().state == "running"

    asyncio.run(play())
    assert (folder.path / "ended").read_text().split() == ["host", "executor", "gateway"]
    assert folder.state()["state"] == "stopped"
    with pytest.raises(NotFoundError):
        ask(folder.socket("host.sock"), AskStatus(), NodeStatus, seconds=60)


def test_a_node_that_is_killed_comes_back_and_the_others_stay(folder: SessionFolder) -> None:
    async def play() -> None:
        boss = supervisor(folder)
        async with running(boss):
            before = pids(boss)
            os.kill(before["executor"], signal.SIGKILL)
            await until(lambda: pids(boss)["executor"] not in {0, before["executor"]})
            after = pids(boss)
            assert (after["gateway"], after["host"]) == (before["gateway"], before["host"])

    asyncio.run(play())


def test_a_node_that_dies_too_often_halts_the_executor_and_ends_the_session(
    folder: SessionFolder,
) -> None:
    async def play() -> None:
        boss = supervisor(folder, most=0)
        async with running(boss) as task:
            os.kill(pids(boss)["host"], signal.SIGKILL)
            await asyncio.wait_for(task, 60)
        assert boss.core.state == "halted"

    asyncio.run(play())
    asked = (folder.path / "executor.asked").read_text()
    assert SetSwitch.__name__ in asked
    assert "state='halted'" in asked
    assert "SIGKILL" in asked
    assert not folder.switch_wish.exists()  # it would halt a life after a person's release


@pytest.mark.parametrize("policy", ["halted", "reducing"])
def test_a_strategy_that_is_gone_for_good_moves_the_switch_and_the_rest_goes_on(
    folder: SessionFolder, policy: str
) -> None:
    change(folder, fragile="host")

    async def play() -> None:
        launcher = ProcessLauncher(folder, (sys.executable, str(folder.path.parent / "node.py")))
        boss = Supervisor(folder, launcher, RestartRules(), frozenset({"host"}), policy)
        async with running(boss):
            (folder.path / "break").touch()
            await until((folder.path / "executor.asked").exists)
            assert boss.core.state == "running"

    asyncio.run(play())
    asked = (folder.path / "executor.asked").read_text()
    assert f"state='{policy}'" in asked
    assert "by=''" in asked
    assert "the disk is full" in asked


def test_a_full_disk_keeps_no_executor_from_being_halted_nor_a_session_from_its_end(
    folder: SessionFolder,
) -> None:
    folder.switch_wish.mkdir()  # nothing can be written there

    async def play() -> None:
        boss = supervisor(folder, most=0)
        async with running(boss) as task:
            os.kill(pids(boss)["host"], signal.SIGKILL)
            await asyncio.wait_for(task, 60)
        assert boss.core.state == "halted"

    asyncio.run(play())
    assert SetSwitch.__name__ in (folder.path / "executor.asked").read_text()


def test_a_node_that_no_process_can_be_had_for_is_tried_again(
    folder: SessionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = asyncio.create_subprocess_exec
    refusals = [OSError(11, "Resource temporarily unavailable")]

    async def scarce(*words: Any, **rest: Any) -> Any:
        if "executor" in words and refusals:
            raise refusals.pop()
        return await made(*words, **rest)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", scarce)

    async def play() -> None:
        boss = supervisor(folder)
        async with running(boss):
            assert boss.core.state == "running"
            assert boss.core.describe()["nodes"]["executor"]["restarts"] == 1

    asyncio.run(play())


def test_a_node_that_cannot_start_ends_the_session_with_its_own_words(
    folder: SessionFolder,
) -> None:
    change(folder, broken="gateway")

    async def play() -> None:
        boss = supervisor(folder)
        await asyncio.wait_for(boss.run(), 60)
        assert boss.core.state == "failed"
        assert boss.core.text == "the gateway could not go on: there is no key"

    asyncio.run(play())


def test_a_node_that_cannot_be_spoken_to_is_killed(
    folder: SessionFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "_START", 0.5)
    change(folder, silent="gateway")
    launcher = ProcessLauncher(folder, (sys.executable, str(folder.path.parent / "node.py")))

    async def play() -> None:
        with pytest.raises(LaunchError, match=r"could not be spoken to within 0\.5 s") as refused:
            await launcher.launch("gateway")
        assert refused.value.status == -signal.SIGKILL

    asyncio.run(play())


def test_last_words_that_cannot_be_read_are_said_to_be(folder: SessionFolder) -> None:
    (folder.path.parent / "node.py").write_text(
        "import sys; from pathlib import Path; from tradectl_sdk.nodes.session_folder import *\n"
        "SessionFolder(Path(sys.argv[2])).last_words(sys.argv[1]).write_text('{'); sys.exit(4)"
    )
    launcher = ProcessLauncher(folder, (sys.executable, str(folder.path.parent / "node.py")))

    async def play() -> None:
        with pytest.raises(LaunchError, match="could not be read") as refused:
            await launcher.launch("host")
        assert refused.value.status == 4

    asyncio.run(play())


def test_a_node_that_hangs_while_stopping_is_killed(folder: SessionFolder) -> None:
    change(folder, stubborn="executor")

    async def play() -> None:
        boss = supervisor(folder, stop_time=2_000_000_000)
        async with running(boss):
            pass
        assert boss.core.state == "stopped"

    asyncio.run(play())
    assert (folder.path / "ended").read_text().split() == ["host", "gateway"]


BOSS = """
import asyncio, sys
from pathlib import Path
from tradectl_sdk.nodes.session_folder import SessionFolder
from tradectl_sdk.nodes.supervisor import RestartRules, Supervisor
from tradectl_sdk.nodes.supervisor.launching import ProcessLauncher

folder = SessionFolder(Path(sys.argv[1]))
launcher = ProcessLauncher(folder, (sys.executable, str(folder.path.parent / "node.py")))
asyncio.run(Supervisor(folder, launcher, RestartRules()).run())
"""


@contextlib.asynccontextmanager
async def killed_supervisor(folder: SessionFolder) -> AsyncIterator[dict[str, int]]:
    """Let a supervisor start the nodes and kill it; yield the processes of the nodes."""
    boss = subprocess.Popen(  # noqa: ASYNC220 - it takes no time
        [sys.executable, "-c", BOSS, str(folder.path)]
    )
    try:
        await until(lambda: folder.state().get("state") == "running")
        found = {name: node["pid"] for name, node in folder.state()["nodes"].items()}
        await asyncio.sleep(1.3)  # longer than the grace of the test below
        assert not (folder.path / "ended").exists()
        boss.kill()
        boss.wait(60)
        yield found
    finally:
        boss.kill()
        boss.wait(60)


def test_nodes_outlive_their_supervisor_and_the_next_one_adopts_them(
    folder: SessionFolder,
) -> None:
    async def play() -> None:
        async with killed_supervisor(folder) as before:
            boss = supervisor(folder)
            async with running(boss) as task:
                assert pids(boss) == before
                os.kill(before["host"], signal.SIGKILL)
                await until(lambda: pids(boss)["host"] not in {0, before["host"]})
                assert not task.done()

    asyncio.run(play())
    assert (folder.path / "ended").read_text().split() == ["host", "executor", "gateway"]


def test_a_node_without_a_supervisor_stops_by_itself(folder: SessionFolder) -> None:
    change(folder, grace=1.0)

    async def play() -> None:
        async with killed_supervisor(folder):
            await until((folder.path / "ended").is_file)
            await until(lambda: len((folder.path / "ended").read_text().split()) == 3)

    asyncio.run(play())


def test_a_session_has_one_supervisor(folder: SessionFolder) -> None:
    async def play() -> None:
        async with running(supervisor(folder)):
            with pytest.raises(AccountInUseError, match="has a supervisor already"):
                await supervisor(folder).run()

    asyncio.run(play())


def test_only_the_gateway_gets_what_may_be_a_secret() -> None:
    environment = {"PATH": "/bin", "BINANCE_API_KEY": "k", "MY_SECRET": "s", "GH_TOKEN": "t"}
    assert environment_for("gateway", environment) == environment
    assert environment_for("host", environment) == {"PATH": "/bin"}
