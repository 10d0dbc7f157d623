"""A session's folder with a journal in it, and nodes that answer, without any process."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.exchange.values import BarClosed
from tradectl_sdk.nodes.control import ControlServer
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.journal import Journal
from tradectl_sdk.nodes.executor.parts import terms_of
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions
from tradectl_sdk.runs.record import instrument_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START = 1_700_000_000_000_000_000
COIN = Instrument(
    symbol="BTC/USDT",
    venue="TEST",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.001"),
)
X = "BTC/USDT.TEST"


def placed(key: int, event: int = -1, reason: int = 0, lots: int = 2000) -> of.Placed:
    return of.Placed(
        START + key * 10**9, key, 1, key, X, 1, 1, 0, 0, lots, 10_000, 0, 0, 0, 0, 0, START,
        event, reason, lots,
    )  # fmt: skip


def make_session(project: Path, mode: str = "paper", name: str = "cross") -> SessionFolder:
    manifest = {
        "name": name,
        "strategy": "sma-cross",
        "instruments": [instrument_to_json(COIN)],
        "created": "2026-01-02T03:04:05+00:00",
    }
    folder = Sessions(project / ".tradectl/sessions").create(manifest, {}, mode=mode)
    folder.make_run_folder()
    return folder


def trade(folder: SessionFolder) -> None:
    """Write a journal: one order that works half filled, one that was filled, one denied."""
    journal = Journal(folder.journal)
    journal.commit([of.Started(START, 1, "a", "cross", False, (terms_of(COIN),))])
    journal.commit([of.Funded(START, "USDT", 0, 1_000_000 * 10**8)])
    for key, lots in ((1, 500), (2, 2000)):
        journal.commit(
            [
                placed(key),
                of.Sent(START, key, f"id{key}", 1, 2000, 10_000, 0, START),
                of.Moved(START, key, int(OrderEvent.ACCEPT)),
                of.Booked(START, key, 0, X, f"t{key}", 7, 1, lots, 10_050, 10**6, "", False, START),
            ]
        )
    journal.commit([placed(3, int(OrderEvent.DENY), int(DenyReason.CASH))])
    journal.close()


@contextlib.contextmanager
def supervised(folder: SessionFolder) -> Iterator[None]:
    """Hold the lock that a supervisor holds."""
    with (folder.path / "supervisor.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def answering(
    folder: SessionFolder, node: str, answer: Callable[[Any], Any]
) -> Iterator[list[Any]]:
    """Run a node's control socket; yields what it was asked."""
    asked: list[Any] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async def reply(question: Any) -> Any:
            asked.append(question)
            return answer(question)

        server = ControlServer(folder.socket(f"{node}.sock"), reply)
        await server.start()
        ready.set()
        await done.wait()
        await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(60)
    try:
        yield asked
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


__all__ = ["BarClosed", "answering", "make_session", "supervised", "trade"]
