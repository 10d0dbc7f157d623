"""What is done to a session's processes: nothing lost, nothing twice, or a clear refusal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from killing import account, play, restless, status, tell, wait
from tradectl_sdk.errors import AccountInUseError, TradectlError
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.session_folder import write_json
from tradectl_sdk.pipelines.sessions.opening import open_session
from tradectl_sdk.pipelines.sessions.supervising import is_running, start_detached, stop_session

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.nodes.session_folder import SessionFolder

resource = pytest.importorskip("resource", reason="there are no limits of processes here")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="another process's limits: Linux"),
]
PACE = 1e6  # a day in about 90 ms, so that there is time to interfere
UNHEARD = 4.0  # seconds after which a node that says nothing counts as lost


def test_whatever_is_done_to_its_processes_the_session_agrees_with_its_venue(
    tmp_path: Path,
) -> None:
    opened = restless(tmp_path, speed=PACE, start="2010-01-01", end="2013-06-01")
    folder = opened.folder
    try:
        boss = start_detached(opened)
        after_some_orders(folder)
        freeze(folder, "executor")
        refuse_a_second_gateway(folder)
        boss = lose_the_supervisor(folder, boss)
        after_some_orders(folder)
        fill_the_disk(folder)
        boss = start_detached(open_session(folder))
        after_some_orders(folder)
        os.kill(boss, signal.SIGTERM)
        wait(lambda: not is_running(folder))
        wait(lambda: folder.state()["state"] == "stopped")
        # A venue goes on trading while its session stops; what it did meanwhile is found again.
        play_the_rest(folder)
        assert folder.state()["state"] == "finished"
        found = account(opened)
    finally:
        with contextlib.suppress(TradectlError):
            stop_session(folder)
    tell(found)
    assert found.is_clean
    assert found.orders > 30


@pytest.mark.parametrize(("poor", "caller"), [("executor", "host"), ("gateway", "executor")])
def test_a_node_that_can_open_nothing_more_ends_by_name_and_nothing_is_lost(
    tmp_path: Path, poor: str, caller: str
) -> None:
    opened = restless(tmp_path, speed=PACE, start="2010-01-01", end="2012-01-01")
    folder = opened.folder
    try:
        start_detached(opened)
        after_some_orders(folder)
        take_all_descriptors(folder, poor, caller)
        after_some_orders(folder)
        stop_session(folder)
        play_the_rest(folder)
        assert folder.state()["state"] == "finished"
        found = account(opened)
    finally:
        with contextlib.suppress(TradectlError):
            stop_session(folder)
    tell(found)
    assert found.is_clean
    assert found.orders > 30


def take_all_descriptors(folder: SessionFolder, poor: str, caller: str) -> None:
    """Let a node open nothing more, and have another one come back to it."""
    before, other = status(folder, poor), status(folder, caller)
    assert before is not None
    assert other is not None
    soft, hard = resource.prlimit(before.pid, resource.RLIMIT_NOFILE)
    assert soft == hard  # as many as may be, until now
    resource.prlimit(before.pid, resource.RLIMIT_NOFILE, (3, hard))  # nor what it has closed
    os.kill(other.pid, signal.SIGKILL)
    wait(lambda: not is_running(folder) or _life(folder, poor) not in {0, before.pid})
    assert "Too many open files" in folder.log(poor).read_text()
    if not is_running(folder):  # it ended itself; where libzmq ended it, it was started anew
        assert folder.state()["state"] == "failed"
        assert f"the {poor} could not go on" in folder.state()["text"]
        start_detached(open_session(folder))


def _life(folder: SessionFolder, node: str) -> int:
    return int(folder.state()["nodes"][node]["pid"])


def play_the_rest(folder: SessionFolder) -> None:
    """Let a stopped session go on to its end, as fast as it can."""
    manifest = folder.manifest()
    manifest["replay"]["speed"] = 0.0
    write_json(folder.path / "session.json", manifest)
    play(open_session(folder))


def after_some_orders(folder: SessionFolder) -> None:
    """Wait until there is more to lose than now."""

    def records() -> int:
        said = status(folder, "executor")
        return int(said.figures["journal records"]) if said is not None else 0

    before = records()
    wait(lambda: records() > before + 40)


def freeze(folder: SessionFolder, node: str) -> None:
    """Stop a node in the middle of its work for so long that the others miss it."""
    found = status(folder, node)
    assert found is not None
    os.kill(found.pid, signal.SIGSTOP)
    time.sleep(UNHEARD)
    os.kill(found.pid, signal.SIGCONT)
    after_some_orders(folder)
    again = status(folder, node)
    assert again is not None
    assert again.pid == found.pid
    assert "is not heard" in folder.log("gateway").read_text()


def refuse_a_second_gateway(folder: SessionFolder) -> None:
    """Start a gateway beside the one that has the account."""
    command = [sys.executable, "-m", "tradectl_sdk.pipelines.node", "gateway", str(folder.path)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert second.returncode == AccountInUseError.exit_status
    assert f"is in use by {folder.id}" in second.stderr


def lose_the_supervisor(folder: SessionFolder, boss: int) -> int:
    """Kill the supervisor, and start another one, which takes over what still runs."""
    before = {name: node["pid"] for name, node in folder.state()["nodes"].items()}
    os.kill(boss, signal.SIGKILL)
    wait(lambda: not is_running(folder))
    boss = start_detached(open_session(folder))
    assert {name: node["pid"] for name, node in folder.state()["nodes"].items()} == before
    return boss


def fill_the_disk(folder: SessionFolder) -> None:
    """Let the executor write nothing more; the session ends, and says why."""
    found = status(folder, "executor")
    assert found is not None
    resource.prlimit(found.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    wait(lambda: not is_running(folder))
    state = folder.state()
    assert state["state"] == "failed"
    assert "the executor could not go on" in state["text"]
    assert str(folder.journal) in state["text"]
    with JournalView(folder.journal) as view:
        assert view.check() == ""
