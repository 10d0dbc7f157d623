"""The same session as three processes: equal to the backtest, and whole again after any kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest
from session_scene import SERIES, at_venue, in_backtest, in_paper, session
from tradectl_sdk import backtest
from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus
from tradectl_sdk.config import Settings
from tradectl_sdk.data.locking import writer_lock
from tradectl_sdk.errors import (
    AccountInUseError,
    JournalLockedError,
    NotFoundError,
    TradectlError,
)
from tradectl_sdk.nodes.control import ask
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.precedence import objection_to_first
from tradectl_sdk.nodes.session_folder import Sessions, read_json, write_json
from tradectl_sdk.nodes.supervisor import RestartRules, Supervisor
from tradectl_sdk.nodes.supervisor.launching import ProcessLauncher
from tradectl_sdk.pipelines.session import Session
from tradectl_sdk.pipelines.sessions.opening import open_session
from tradectl_sdk.pipelines.sessions.parts import holding_account
from tradectl_sdk.pipelines.sessions.supervising import (
    is_running,
    start_detached,
    stop_session,
    supervise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions.parts import OpenSession

pytestmark = pytest.mark.slow
PACE = 4e6  # a day in about 20 ms, so that there is time to interfere
START, END = "2016-06-01", "2017-06-01"  # between which a breakout trades


@pytest.fixture(autouse=True)
def _nothing_is_left_running(tmp_path: Path) -> Iterator[None]:
    yield
    for folder in Sessions(tmp_path).list():
        with contextlib.suppress(TradectlError):
            stop_session(folder)


def play(opened: OpenSession) -> str:
    async def run() -> str:
        return (await asyncio.wait_for(supervise(opened), 240)).state

    return asyncio.run(run())


def status(folder: SessionFolder, node: str) -> NodeStatus | None:
    try:
        return ask(folder.socket(f"{node}.sock"), AskStatus(), NodeStatus, seconds=30)
    except TradectlError:
        return None


def wait(what: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def played(folder: SessionFolder) -> int:
    found = status(folder, "gateway")
    return found.data.seq if found else 0


def is_back(folder: SessionFolder, node: str, pid: int) -> bool:
    """Whether a node that was killed runs again, if it is not too late for that."""
    found = status(folder, node)
    return not is_running(folder) if found is None else found.pid != pid


def test_three_processes_over_a_replay_are_the_backtest(tmp_path: Path) -> None:
    opened = session(tmp_path, "donchian-breakout", SERIES, start=START, end=END)
    assert play(opened) == "finished"
    run = backtest("donchian-breakout", SERIES, start=START, end=END).record
    assert len(run.fills) > 1
    assert in_paper(opened.folder) == in_backtest(SERIES, run)


@pytest.mark.skipif(
    sys.platform != "linux" or bool(objection_to_first()),
    reason="this user may not have a real-time priority",
)
def test_nodes_run_first_where_that_is_wanted(tmp_path: Path) -> None:
    first = Settings.model_validate({"session": {"realtime": True}})
    opened = session(tmp_path, "buy-and-hold", settings=first, speed=PACE)
    start_detached(opened)
    found = [status(opened.folder, node) for node in ("gateway", "executor", "host")]
    policies = [os.sched_getscheduler(one.pid) for one in found if one is not None]
    stop_session(opened.folder)
    assert policies == [os.SCHED_RR] * 3


@pytest.mark.parametrize("node", ["gateway", "executor", "host"])
def test_a_node_that_is_killed_loses_and_duplicates_nothing(tmp_path: Path, node: str) -> None:
    opened = session(tmp_path, fast=5, slow=20, start="2016-01-01", end="2016-11-01", speed=PACE)
    folder = opened.folder
    start_detached(opened)
    for mark in (40, 80):
        # The market goes on while a node starts again: on a busy machine it may be over by now.
        wait(lambda mark=mark: played(folder) > mark or not is_running(folder))  # type: ignore[misc]
        found = status(folder, node)
        if found is None:
            break
        os.kill(found.pid, signal.SIGKILL)
        wait(lambda pid=found.pid: is_back(folder, node, pid))  # type: ignore[misc]
        if node == "gateway":
            break  # its numbers begin anew
    wait(lambda: not is_running(folder))
    assert folder.state()["state"] == "finished"
    assert folder.state()["nodes"][node]["restarts"] > 0
    assert in_paper(folder)["fills"]
    assert at_venue(opened) == in_paper(folder)
    with JournalView(folder.journal) as journal:
        assert not [one for one in journal.orders() if one.status == "unknown"]
        assert journal.check() == ""


def test_a_detached_session_is_stopped_in_good_order_and_resumed(tmp_path: Path) -> None:
    opened = session(tmp_path, fast=5, slow=20, start="2016-01-01", end="2016-11-01", speed=PACE)
    folder = opened.folder
    start_detached(opened)
    wait(lambda: played(folder) > 50)
    assert stop_session(folder)["state"] == "stopped"
    with pytest.raises(NotFoundError, match="not running"):
        stop_session(folder)
    assert at_venue(opened) == in_paper(folder)
    assert open_session(folder).plan == opened.plan
    manifest = folder.manifest()
    manifest["replay"]["speed"] = 0.0  # the rest as fast as it can
    write_json(folder.path / "session.json", manifest)
    assert play(open_session(folder)) == "finished"
    assert in_paper(folder)["fills"]
    assert at_venue(opened) == in_paper(folder)


def test_sigterm_stops_the_whole_session_in_good_order(tmp_path: Path) -> None:
    opened = session(tmp_path, "buy-and-hold", speed=PACE)
    boss = start_detached(opened)
    # Nothing is under way once it holds what it wants, so the venue has no more to say.
    wait(lambda: in_paper(opened.folder)["held"] != {})
    os.kill(boss, signal.SIGTERM)
    wait(lambda: not is_running(opened.folder))
    wait(lambda: opened.folder.state()["state"] == "stopped")
    assert at_venue(opened) == in_paper(opened.folder)


def test_a_supervisor_that_is_killed_is_followed_by_one_that_takes_the_nodes_over(
    tmp_path: Path,
) -> None:
    opened = session(tmp_path, speed=PACE)
    folder = opened.folder
    boss = start_detached(opened)
    wait(lambda: played(folder) > 20)
    before = {name: node["pid"] for name, node in folder.state()["nodes"].items()}
    os.kill(boss, signal.SIGKILL)
    wait(lambda: not is_running(folder))
    start_detached(open_session(folder))
    assert {name: node["pid"] for name, node in folder.state()["nodes"].items()} == before
    os.kill(folder.state()["supervisor"], signal.SIGKILL)
    wait(lambda: not is_running(folder))
    ended = stop_session(folder)  # at once, and not after the time they would wait for another
    assert ended["state"] == "stopped"
    assert {node["pid"] for node in ended["nodes"].values()} == {0}
    assert [status(folder, node) for node in before] == [None] * 3
    with pytest.raises(NotFoundError, match="the supervisor of this session is not running"):
        stop_session(folder)


def free_ports(count: int) -> list[int]:
    """A port for each, the market's with the next one free, too."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            with contextlib.suppress(OSError):
                two.bind(("127.0.0.1", port + 1))
                found.append(port)
    return found


def test_nodes_talk_over_tcp_with_a_key_for_each(tmp_path: Path) -> None:
    gateway, executor, market = (f"127.0.0.1:{port}" for port in free_ports(3))
    tcp = {"gateway": gateway, "executor": executor, "market": market}
    settings = Settings.model_validate({"session": {"tcp": tcp}})
    opened = session(tmp_path, "donchian-breakout", settings=settings, start=START, end=END)
    folder = opened.folder
    assert {path.name for path in (folder.path / "keys").iterdir()} == {
        "gateway-gateway.keys", "executor-executor.keys", "host-host.keys",
    }  # fmt: skip
    assert play(open_session(folder)) == "finished"
    run = backtest("donchian-breakout", SERIES[:1], start=START, end=END).record
    assert len(run.fills) > 1
    assert in_paper(folder) == in_backtest(SERIES[:1], run)
    assert not list((folder.path / "run").glob("*.bus"))
    assert not (folder.path / "run").is_symlink()  # sockets that were elsewhere have left nothing


HANGING = """
import signal
from tradectl_sdk import Strategy

class Hanging(Strategy):
    def on_start(self, ctx):
        self.count = 0

    def on_bar(self, ctx, bar):
        self.count += 1
        if self.count == 3:
            signal.pause()
"""
PATIENT = """
import sys
from tradectl_sdk.nodes.host import node
node.Host.__init__.__kwdefaults__["hang"] = 0.2
from tradectl_sdk.pipelines.sessions.processes import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_strategy_that_hangs_leaves_words_and_ends_its_process(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGING)
    opened = session(tmp_path, f"{tmp_path / 'hanging.py'}:Hanging")
    folder, script = opened.folder, tmp_path / "patient.py"
    script.write_text(PATIENT)
    folder.make_run_folder()
    launcher = ProcessLauncher(folder, (sys.executable, str(script)))
    boss = Supervisor(folder, launcher, RestartRules(), frozenset({"host"}), "reducing")

    async def play() -> None:
        running = asyncio.create_task(boss.run())
        while boss.core.describe()["nodes"]["host"]["state"] != "failed":
            assert not running.done()
            await asyncio.sleep(0.05)
        await asyncio.to_thread(
            wait, lambda: "reducing" in (status(folder, "executor") or boss.status()).text
        )
        boss.stop()
        await running

    asyncio.run(asyncio.wait_for(play(), 120))
    words = read_json(folder.last_words("host"))
    assert "has not returned for" in words["text"]
    assert words["text"] in boss.core.describe()["nodes"]["host"]["text"]
    assert "signal.pause()" in folder.log("host").read_text()


def test_a_session_whose_executor_never_began_says_why(tmp_path: Path) -> None:
    opened = session(tmp_path)
    held = opened.folder.journal.with_name(opened.folder.journal.name + ".lock")
    with writer_lock(held, timeout=0.0), pytest.raises(JournalLockedError, match="is open in"):
        Session(opened).run(processes=True)


MINE = "from tradectl_sdk import Strategy\nclass Mine(Strategy): ..."


def test_what_keeps_a_session_from_starting_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    opened = session(tmp_path, f"{tmp_path / 'mine.py'}:Mine")
    (tmp_path / "mine.py").write_text("raise ValueError('changed')")
    with pytest.raises(TradectlError, match="could not be imported: ValueError: changed"):
        start_detached(opened)
    (tmp_path / "mine.py").write_text(MINE)
    with (
        holding_account(opened),
        pytest.raises(AccountInUseError, match=f"in use by {opened.folder.id}"),
    ):
        start_detached(opened)
