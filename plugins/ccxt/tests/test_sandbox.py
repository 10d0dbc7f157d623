"""The whole of it against the rehearsal exchange: real sockets, real client, real faults."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.settings import VenueSettings
from tradectl_sdk.data import Bars, Catalog
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.exchange import Credentials
from tradectl_sdk.pipelines.pulling import pull_bars
from tradectl_sdk.testing import ExchangeStage, Fault, exchange_checks, parametrize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

sandbox = pytest.importorskip("tradectl_sandbox", reason="tradectl-sandbox is not installed")

MINUTE = 60_000_000_000
START = 1_700_000_040_000_000_000
HISTORY, COUNT = 1_200, 1_300
INSTRUMENT = "BTC/USDT.BINANCE"
ARMED: dict[Fault, tuple[tuple[str, dict[str, Any]], ...]] = {
    Fault.ANSWER_LOST: (("accept_then_timeout", {"times": 1}),),
    Fault.RATE_LIMIT: (("rate_limit", {"seconds": 60}),),
    Fault.STREAMS_CUT: (("drop_streams", {}),),
}


def market() -> Bars:
    """Minutes that go up and down a little, so that limits far away rest."""
    close = 10_000 + (np.arange(COUNT, dtype=np.int64) % 40) * 5
    opened = np.r_[close[:1], close[:-1]]
    instrument = Instrument(
        symbol="BTC/USDT",
        venue="SANDBOX",
        base="BTC",
        quote="USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        min_notional=Decimal(5),
    )
    return Bars(
        instrument=instrument,
        timeframe=Timeframe(MINUTE),
        time=START + MINUTE * np.arange(COUNT, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) + 10,
        low=np.minimum(opened, close) - 10,
        close=close,
        volume=np.full(COUNT, 1_200_000, np.int64),
    )


class SandboxStage(ExchangeStage):
    """The rehearsal exchange with a proxy's worth of trouble."""

    instrument = INSTRUMENT
    lots = 100_000
    bar_length = MINUTE
    secrets = ("sandbox-secret",)
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault)
    patience = 40.0

    def __init__(self, box: Any) -> None:
        self.box = box
        self.gates: list[Gate] = []

    def connect(self) -> CcxtExchange:
        gate = Gate(self.box.port)
        self.gates.append(gate)
        keys = Credentials.of({"api_key": "sandbox", "secret": "sandbox-secret"})
        usual: dict[str, Any] = {"timeout_seconds": 2.0, "reconnect_seconds": 0.05}
        urls = sandbox.ccxt_urls(f"127.0.0.1:{gate.port}")
        return CcxtExchange("binance", VenueSettings(urls=urls, **usual), keys)

    async def resting_price(self) -> int:
        return 5_000

    async def taking_price(self) -> int:
        return 12_000

    async def advance(self) -> None:
        self.box.step(12)

    async def cause(self, fault: Fault) -> None:
        if fault is Fault.UNREACHABLE:
            for gate in self.gates:
                gate.shut()
        for kind, occasion in ARMED.get(fault, ()):
            self.box.arm(kind, **occasion)

    async def heal(self) -> None:
        self.box.house.faults.clear()
        for gate in self.gates:
            gate.open()


class Gate:
    """A relay in front of the exchange that can be shut: then every connection breaks."""

    def __init__(self, target: int) -> None:
        import socket

        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = True
        self._server = asyncio.ensure_future(asyncio.start_server(self._serve, sock=self._listener))

    def shut(self) -> None:
        self._open = False
        for writer in list(self._writers):
            writer.transport.abort()

    def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        self.shut()
        server = await self._server
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        there, onward = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, onward}
        try:
            await asyncio.gather(_copy(reader, onward), _copy(there, writer))
        finally:
            self._writers -= {writer, onward}
            for each in (writer, onward):
                each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@contextlib.asynccontextmanager
async def stage() -> AsyncIterator[SandboxStage]:
    settings = sandbox.SandboxSettings(
        series=[market()], history=HISTORY, speed=0.0, as_recorded=True
    )
    async with sandbox.Sandbox(settings) as box:
        box.step()
        found = SandboxStage(box)
        try:
            yield found
        finally:
            for gate in found.gates:
                await gate.close()


@parametrize(exchange_checks(rehearsal=stage)[3:])
def test_conforms(check):
    check()


def test_bars_are_pulled_whole_and_again_and_the_running_one_is_not(tmp_path: Path) -> None:
    async def pull(found: SandboxStage, catalog: Catalog) -> Any:
        exchange = found.connect()
        await exchange.open()
        found.box.arm("rate_limit", seconds=0.5)
        try:
            return await pull_bars(
                exchange,
                catalog,
                name="binance",
                symbol="BTC/USDT",
                timeframe="1m",
                since=START,
            )
        finally:
            await exchange.close()

    async def act() -> None:
        catalog = Catalog(tmp_path)
        async with stage() as found:
            first = await pull(found, catalog)
            found.box.step(12 * 5)
            second = await pull(found, catalog)
        assert first.merged.added == HISTORY
        assert second.merged.same == 10
        bars, source = catalog.bars(INSTRUMENT, "1m"), market()
        assert len(bars) == HISTORY + second.merged.added
        assert second.merged.added in {4, 5}
        for name in ("time", "open", "high", "low", "close"):
            assert getattr(bars, name).tolist() == getattr(source, name)[: len(bars)].tolist()

    asyncio.run(asyncio.wait_for(act(), 60))
