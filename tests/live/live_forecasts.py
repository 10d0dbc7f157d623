"""A live session with a model of ``plugins/ml``, all its nodes in one process."""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.events import Filled
from tradectl_sdk.config import discover_settings
from tradectl_sdk.nodes.failpoints import arm
from tradectl_sdk.nodes.host.recording import read_frames
from tradectl_sdk.nodes.host.records import Decided, Heard
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.making import opened_from, planned_at
from tradectl_sdk.pipelines.sessions.opening import open_session, sessions_of
from tradectl_sdk.pipelines.sessions.plan import LIVE

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.pipelines.sessions.parts import OpenSession

SIZED = """
from tradectl_sdk import Strategy

class Sized(Strategy):
    signals = ("forecast",)

    def on_start(self, ctx):
        self.forecast = ctx.signal("forecast")

    def on_bar(self, ctx, bar):
        ctx.buy(0.02 if self.forecast.value > 0 else 0.01)
"""
STRATEGY = "sized.py:Sized"
MODELS = {"forecast": "ridge:first=40,every=7,horizon=1,features=return_1+return_5"}


def made(project: Path) -> OpenSession:
    """Make the session; nothing of it runs yet."""
    settings = discover_settings(project=project).settings
    plan = planned_at(
        STRATEGY,
        ["BTC/USDT"],
        "binance",
        mode=LIVE,
        account="binance",
        timeframe="1s",
        parameters={},
        models=MODELS,
        settings=settings,
        plugins=None,
        warmup=0,
        history=60,
    )
    return opened_from(plan, STRATEGY, settings, None, MODELS)


def opened(project: Path) -> OpenSession:
    """Open it again as it was started."""
    (folder,) = sessions_of(discover_settings(project=project).settings).list()
    return open_session(folder)


def frames_of(session: OpenSession, kind: Any) -> list[Any]:
    """What all lives have recorded of a kind."""
    path = session.folder.record
    return [one for one in read_frames(path) if isinstance(one, kind)] if path.exists() else []


def go_on(session: OpenSession, decisions: int) -> None:
    """Run it until the strategy has decided so many times, in all lives, and heard of a fill."""

    async def run() -> None:
        running = InProcessSession(session)
        task = asyncio.create_task(running.run())
        deadline = asyncio.get_running_loop().time() + 60
        while not task.done() and not _is_done(session, decisions):
            await asyncio.wait([task], timeout=0.3)
            assert asyncio.get_running_loop().time() < deadline, "nothing was traded"
        await asyncio.sleep(1)  # so that its last order is filled
        running.stop()
        await asyncio.wait_for(task, 60)

    asyncio.run(run())


def _is_done(session: OpenSession, decisions: int) -> bool:
    heard = [one.event for one in frames_of(session, Heard)]
    enough = len(frames_of(session, Decided)) >= decisions
    return enough and any(isinstance(event, Filled) for event in heard)


def die(session: OpenSession, decisions: int) -> int:
    """Run it in a process of its own, killed when it has recorded a decision; return its status."""
    importlib.import_module("sklearn.linear_model")  # once for both lives, as all the rest
    process = os.fork()
    if process == 0:
        try:
            arm(f"host.decision.recorded:kill:{decisions}")
            go_on(session, 100)
        finally:
            os._exit(1)
    return os.waitpid(process, 0)[1]
