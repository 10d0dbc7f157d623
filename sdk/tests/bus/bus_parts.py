"""Who takes part in the bus's tests, what they say, and an event loop that ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus import Identity
from tradectl_sdk.bus.messages.events import Progress
from tradectl_sdk.bus.messages.intents import Cursor, StrategyFailed
from tradectl_sdk.bus.messages.market import Bars, Quotes, Ticks
from tradectl_sdk.bus.zeromq import sockets
from tradectl_sdk.exchange.values import Quote

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

HOST = Identity(name="sma", role="host", epoch=3)
EXECUTOR = Identity(name="main", role="executor", epoch=5)
GATEWAY = Identity(name="venue", role="gateway", epoch=7)
OPERATOR = Identity(name="ann", role="operator", epoch=1)
NOWHERE = Cursor(0, 0)


def run(main: Coroutine[Any, Any, None], seconds: float = 120) -> None:
    """Run a test's coroutine, for a bounded time, and close what it leaves open.

    A test that fails half-way closes nothing: its sockets would be found by the collector of
    garbage in the middle of another test, which would be blamed for them.
    """

    async def bounded() -> None:
        await asyncio.wait_for(main, seconds)

    before = set(sockets._open)
    try:
        asyncio.run(bounded())
    finally:
        for context in sockets._open - before:
            sockets.close_context(context)


async def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 -- there is no event for what is looked at
            await asyncio.sleep(0.005)


def failed(number: int) -> StrategyFailed:
    """Something that a host may say."""
    return StrategyFailed(strategy="sma", epoch=3, text=str(number))


def progress(number: int) -> Progress:
    """Something that an executor may say to a host."""
    return Progress(executions=Cursor(7, number))


def bars(number: int) -> Bars:
    """A message that nothing replaces."""
    return Bars(executions=Cursor(7, number), bars=())


def quotes(price: int, instrument: str = "A.X") -> Quotes:
    """A message that a newer one replaces."""
    quote = Quote(instrument=instrument, time=1, bid=price, bid_lots=1, ask=price + 1, ask_lots=1)
    return Quotes(executions=NOWHERE, quotes=(quote,))


def ticks(number: int, size: int = 0) -> Ticks:
    """A large message that nothing replaces."""
    column = bytes(size)
    return Ticks(
        executions=Cursor(7, number), instrument="A.X", time=column, price=column, lots=column
    )
