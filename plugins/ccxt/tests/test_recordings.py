"""A recorded quarter of a minute of Binance, served again: markets and quotes as they were."""

from __future__ import annotations

import asyncio
import json
import tarfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fake_binance import Reply, running
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_sdk.exchange import FeedState, Quote, Subscription

if TYPE_CHECKING:
    from pathlib import Path

INSTRUMENT, STREAM = "NKN/USDT.BINANCE", "nknusdt@bookTicker"


@pytest.fixture(scope="module")
def recorded(recordings: Path) -> tuple[Any, list[dict[str, Any]]]:
    """Return the recorded markets, and the recorded quotes of one of them."""
    archive = recordings / "cryptofeed_recordings" / "BINANCE.tar.gz"
    if not archive.is_file():
        pytest.skip("shared data is absent: cryptofeed_recordings/BINANCE.tar.gz")
    with tarfile.open(archive) as files:
        texts = {
            member.name: file.read().decode()
            for member in files.getmembers()
            if (file := files.extractfile(member)) is not None
        }
    markets = next(line for line in texts["BINANCE.0"].splitlines() if "exchangeInfo" in line)
    quotes = [
        json.loads(line.partition(": ")[2])["data"]
        for line in texts["BINANCE.ws.1.0"].splitlines()
        if f'"stream":"{STREAM}"' in line
    ]
    assert len(quotes) > 50
    return json.loads(markets[markets.index("{") :]), quotes


def test_recorded_markets_and_quotes_are_told_exactly(
    recorded: tuple[Any, list[dict[str, Any]]],
) -> None:
    markets, quotes = recorded

    async def act() -> tuple[CcxtExchange, list[Any]]:
        async with running() as fake:
            fake.script("GET", "exchangeInfo", Reply(markets))
            exchange = CcxtExchange("binance", fake.settings(timeout_seconds=30.0), None)
            await exchange.open()
            heard: list[Any] = []
            wanted = Subscription(instrument=INSTRUMENT, kind="quotes")

            async def listen() -> None:
                async for event in exchange.market_data([wanted]):
                    heard.append(event)  # noqa: PERF401 - it is read while it grows

            task = asyncio.create_task(listen())
            while STREAM not in fake.subscribed:  # noqa: ASYNC110 - the server is not ours to change
                await asyncio.sleep(0.01)
            for number, event in enumerate(quotes):
                await fake.push(event)
                while len(heard) < number + 2:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.001)
            await exchange.close()
            await task
            return exchange, heard

    exchange, heard = asyncio.run(asyncio.wait_for(act(), 40))
    of = exchange.known(INSTRUMENT)
    assert (of.tick_size, of.lot_size) == (Decimal("0.0001"), Decimal(1))
    assert len(exchange.symbols) > 1_000
    assert isinstance(heard[0], FeedState)
    told = [event for event in heard if isinstance(event, Quote)]
    assert [
        (of.ticks_to_price(q.bid), of.lots_to_quantity(q.bid_lots), of.ticks_to_price(q.ask))
        for q in told
    ] == [(Decimal(q["b"]), Decimal(q["B"]), Decimal(q["a"])) for q in quotes]
