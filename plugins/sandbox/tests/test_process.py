"""The exchange as a process of its own: started, killed, and there again."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from typing import Any, ClassVar

import aiohttp
import pytest
from rehearsing import NAME, Client, run

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="SIGKILL is absent on this system"
)


class Process:
    """``tradectl sandbox start``, and what it said."""

    begun: ClassVar[list[subprocess.Popen[str]]] = []

    def __init__(self, *words: str, cwd: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tradectl", "sandbox", "start", "--port", "0", *words],
            stdout=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self.begun.append(self._process)
        self.said = ""
        assert self._process.stdout is not None
        while "interrupt to stop" not in self.said:
            line = self._process.stdout.readline()
            assert line, self.said
            self.said += line
        found = re.search(r"sandbox +(http://\S+)", self.said)
        assert found is not None
        self.url = found[1]

    def end(self, number: int) -> int:
        """Send a signal and return the exit status."""
        self._process.send_signal(number)
        rest, _ = self._process.communicate(timeout=60)
        self.said += rest
        return self._process.returncode


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    yield
    while Process.begun:
        with Process.begun.pop() as process:
            process.kill()


async def asked(url: str, action: Any) -> Any:
    async with aiohttp.ClientSession() as session:
        return await action(Client(session, url))


def test_an_account_is_there_again_after_a_kill(tmp_path):
    words = ("--synthetic", "7", "--symbol", "BTC/USDT", "--ledger", "account.db")

    async def trade(client: Client) -> Any:
        bought = await client.place(newClientOrderId="bought")
        rests = await client.place(
            type="LIMIT", timeInForce="GTC", price="100", newClientOrderId="rests"
        )
        return bought, rests, await client.get("account")

    async def look(client: Client) -> Any:
        found = [
            await client.get("order", symbol=NAME, origClientOrderId=name)
            for name in ("bought", "rests")
        ]
        again = await client.place(type="LIMIT", timeInForce="GTC", price="100",
                                   newClientOrderId="rests")  # fmt: skip
        return found, again, await client.get("account")

    first = Process(*words, cwd=tmp_path)
    bought, rests, before = run(asked(first.url, trade))
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = Process(*words, cwd=tmp_path)
    found, again, after = run(asked(second.url, look))
    assert [one["orderId"] for one in found] == [bought["orderId"], rests["orderId"]]
    assert [one["status"] for one in found] == ["FILLED", "NEW"]
    assert again["msg"] == "Duplicate order sent."
    assert after["balances"] == before["balances"]
    assert second.end(signal.SIGTERM) == 0
    assert "orders stay as they are" in second.said


def test_it_listens_to_this_machine_only_and_moves_by_itself(tmp_path):
    process = Process("--synthetic", "7", "--speed", "600", cwd=tmp_path)
    assert process.url.startswith("http://127.0.0.1:")

    async def latest(client: Client) -> int:
        params = {"symbol": NAME, "limit": 1, "signed": False}
        return int((await client.ask("GET", "/api/v3/trades", **params))[1][0]["time"])

    async def watch(client: Client) -> None:
        begun = await latest(client)
        async with asyncio.timeout(60):
            while await latest(client) < begun + 300_000:  # noqa: ASYNC110 - to be asked for
                await asyncio.sleep(0.05)

    run(asked(process.url, watch))
    assert process.end(signal.SIGINT) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_where_nobody_can_listen_is_said_in_one_line(tmp_path, host):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "tradectl", "sandbox", "start", "--host", host, "--port", port],
            capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"nobody can listen at {host}, port {port}" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_ledger_in_use_and_a_wrong_series_are_said_in_one_line(tmp_path):
    first = Process("--ledger", "account.db", cwd=tmp_path)
    for words, text in (
        (("--ledger", "account.db"), "another process has it open"),
        (("--data", "NOTHING.ANYWHERE"), "there is no data"),
    ):
        command = [sys.executable, "-m", "tradectl", "sandbox", "start", "--port", "0", *words]
        failed = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
        )
        assert failed.returncode not in {0, 70}
        assert text in failed.stderr
        assert "Traceback" not in failed.stderr
    first.end(signal.SIGTERM)
