"""Taking over a node that runs already, and not taking anything else for one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.bus.messages.control import Adopt, AskStatus, Declined, Done, NodeStatus
from tradectl_sdk.nodes.control import ControlServer
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions, write_json
from tradectl_sdk.nodes.supervisor import launching
from tradectl_sdk.nodes.supervisor.launching import LaunchError, ProcessLauncher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
NO_NODE = (sys.executable, "-c", "raise SystemExit(3)")


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    made = Sessions(tmp_path).create({}, {}, mode="paper")
    made.make_run_folder()
    return made


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPER) as made:
        yield made
        made.kill()


@contextlib.asynccontextmanager
async def answering(folder: SessionFolder, answers: dict[type, Any]) -> AsyncIterator[Any]:
    """A control socket of the host."""

    async def answer(question: Any) -> Any:
        return answers[type(question)]

    server = ControlServer(folder.socket("host.sock"), answer)
    await server.start()
    yield server
    await server.close()


def test_an_adopted_node_is_over_when_its_process_is_and_its_last_words_are_passed_on(
    folder: SessionFolder, process: subprocess.Popen[bytes]
) -> None:
    status = NodeStatus(name="host", pid=process.pid, epoch=1, state="ready")

    async def play() -> None:
        async with answering(folder, {Adopt: Done(), AskStatus: status}):
            handle = await ProcessLauncher(folder, NO_NODE).launch("host")
            assert (handle.adopted, handle.pid) == (True, process.pid)
            assert await handle.ask(AskStatus()) == status
            ended = asyncio.create_task(handle.wait())
        await asyncio.sleep(0.3)
        assert not ended.done(), "it hung up, but it lives"
        write_json(folder.last_words("host"), {"status": 7, "text": "it was refused"})
        handle.terminate()
        assert await asyncio.wait_for(ended, 60) == (7, "it was refused")
        process.wait(60)
        handle.kill()  # nobody is there any more

    asyncio.run(play())


def test_what_answers_but_is_no_node_is_not_adopted(folder: SessionFolder) -> None:
    async def play() -> None:
        async with answering(folder, {Adopt: Done(), AskStatus: Declined(status=2, text="what?")}):
            with pytest.raises(LaunchError) as failed:
                await ProcessLauncher(folder, NO_NODE).launch("host")
        assert (failed.value.status, failed.value.text) == (3, "")

    asyncio.run(play())


def test_what_hangs_up_on_questions_is_not_adopted(folder: SessionFolder) -> None:
    async def play() -> None:
        server = await asyncio.start_unix_server(
            lambda _, writer: writer.close(), folder.socket("host.sock")
        )
        async with server:
            with pytest.raises(LaunchError) as failed:
                await ProcessLauncher(folder, NO_NODE).launch("host")
        assert failed.value.status == 3

    asyncio.run(play())


def test_a_process_that_ended_does_not_run_though_nobody_fetched_its_end(
    process: subprocess.Popen[bytes],
) -> None:
    assert launching._is_running(process.pid)
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays
    assert not launching._is_running(process.pid)
    process.wait(60)
    assert not launching._is_running(process.pid)
