"""Paper trading keeps every promise that an exchange adapter makes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from counter import BTC, MINUTE, START, assume
from test_exchange import series
from tradectl_sdk.exchange import Subscription
from tradectl_sdk.paper import MemoryLedger, PaperExchange, PaperSettings, Replay
from tradectl_sdk.testing import ExchangeStage, exchange_checks, parametrize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HISTORY = 20


class Listening(PaperExchange):
    """A paper exchange somebody always listens to: it is its market data that fill orders."""

    async def open(self) -> None:
        await super().open()
        self._drain = asyncio.create_task(self._listen())
        await asyncio.sleep(0)

    async def _listen(self) -> None:
        async for _ in self.market_data([Subscription(instrument=BTC, length=MINUTE)]):
            pass

    async def close(self) -> None:
        await super().close()
        await self._drain


class PaperStage(ExchangeStage):
    """A replay that waits to be told to go on."""

    instrument = BTC
    lots = 500
    bar_length = MINUTE
    patience = 5.0

    def __init__(self) -> None:
        self._ledger = MemoryLedger()
        self._gone = START + HISTORY * MINUTE
        self._moved = asyncio.Condition()

    async def _pace(self, time: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: time <= self._gone)

    def connect(self) -> PaperExchange:
        source = Replay([series([10_000] * 500)], start=self._gone, pace=self._pace)
        settings = PaperSettings(assumptions=assume(cash=Decimal(10**6)))
        return Listening(source, self._ledger, settings, clock=source.clock)

    async def resting_price(self) -> int:
        return 5_000

    async def taking_price(self) -> int:
        return 11_000

    async def advance(self) -> None:
        async with self._moved:
            self._gone += MINUTE
            self._moved.notify_all()


@asynccontextmanager
async def rehearsal() -> AsyncIterator[PaperStage]:
    yield PaperStage()


@parametrize(exchange_checks(rehearsal=rehearsal))
def test_conforms(check) -> None:
    check()
