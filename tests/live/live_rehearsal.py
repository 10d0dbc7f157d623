"""The rehearsal exchange in a process of its own, and a project that trades there live."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRATEGY = """
from tradectl_sdk import Strategy, param

class Pendulum(Strategy):
    every: int = param(4, ge=1)

    def on_start(self, ctx):
        self.count = 0

    def on_bar(self, ctx, bar):
        self.count += 1
        if self.count % self.every == 0:
            if ctx.position > 0.0:
                ctx.sell(ctx.position)
            else:
                ctx.buy(0.01)
"""
CAPS = """
[risk]
max_order_notional = 5000
max_position_notional = 6000
max_daily_loss = 2000
"""
KEYS = {
    "TRADECTL_KEY_BINANCE_API_KEY": "sandbox",
    "TRADECTL_KEY_BINANCE_SECRET": "sandbox-secret",
}


class Rehearsal:
    """``tradectl sandbox start``, with seconds for bars."""

    def __init__(self, folder: Path) -> None:
        words = ("--synthetic", "7", "--symbol", "BTC/USDT", "--timeframe", "1s")
        rest = ("--history", "600", "--port", "0", "--ledger", "box.db")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tradectl", "sandbox", "start", *words, *rest],
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self.said = ""
        assert self._process.stdout is not None
        while "interrupt to stop" not in self.said:
            line = self._process.stdout.readline()
            assert line, self.said
            self.said += line
        found = re.search(r"ccxt +(\{.*\})", self.said)
        assert found is not None
        self.urls: dict[str, Any] = json.loads(found[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=120)


def write_project(folder: Path, urls: dict[str, Any], settings: str = "") -> None:
    """Write a project whose Binance is the rehearsal exchange."""
    lines = [CAPS, settings, "[plugins.ccxt.exchanges.binance]", f"urls = {_toml(urls)}"]
    (folder / "tradectl.toml").write_text("\n".join(lines))
    (folder / "pendulum.py").write_text(STRATEGY)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(each)}' for key, each in value.items()) + "}"
    return json.dumps(value)


def only_session(project: Path) -> SessionFolder:
    """Return the one session of a project."""
    (found,) = Sessions(project / ".tradectl" / "sessions").list()
    return found


def fills_of(folder: SessionFolder) -> int:
    """Count the fills in a session's journal."""
    if not folder.journal.exists():
        return 0
    with JournalView(folder.journal) as journal:
        return sum(1 for _ in journal.fills())


def wait(what: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
