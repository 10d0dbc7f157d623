"""The exchange as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from typing import TYPE_CHECKING

from tradectl_sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sandbox.settings import SandboxSettings


def run_until_stopped(settings: SandboxSettings, say: Callable[[str], object]) -> None:
    """Run an exchange until the process is interrupted or terminated.

    Args:
        settings: What it is made of.
        say: Takes lines for whoever started it.
    """
    asyncio.run(_run(settings, say))


async def _run(settings: SandboxSettings, say: Callable[[str], object]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows
            loop.add_signal_handler(number, stopped.set)
    async with Sandbox(settings) as box:
        for line in _greeting(box, settings):
            say(line)
        await stopped.wait()
    say("stopped; orders stay as they are" if settings.ledger else "stopped")


def _greeting(box: Sandbox, settings: SandboxSettings) -> list[str]:
    symbols = ", ".join(one.name for one in box.house.listings.all)
    account = str(settings.ledger or "in memory")
    speed = f"{settings.speed:g} times real time" if settings.speed else "moves when told to"
    return [
        f"sandbox   {box.url}",
        f"symbols   {symbols}",
        f"speed     {speed}",
        f"account   {account}",
        f"key       {settings.keys[0].key}, secret {settings.keys[0].secret}",
        f"control   {box.url}/sandbox/state, token {box.admin_token}",
        f"ccxt      {json.dumps(box.urls)}",
        "interrupt to stop",
    ]
