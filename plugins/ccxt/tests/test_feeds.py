"""Streams over a real websocket on the loopback: closed bars, holes, silence, cuts."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from fake_binance import INSTRUMENT, Reply, play
from tradectl_sdk.exchange import (
    AccountLink,
    BarClosed,
    FeedState,
    OrderReport,
    Print,
    Quote,
    Subscription,
    TradeReport,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tradectl_ccxt.adapter import CcxtExchange

MINUTE = 60_000  # milliseconds
LENGTH = MINUTE * 1_000_000
BARS = Subscription(instrument=INSTRUMENT, kind="bars", length=LENGTH)
TRADES = Subscription(instrument=INSTRUMENT, kind="trades")
QUOTES = Subscription(instrument=INSTRUMENT, kind="quotes")


class Ear:
    """Collects what a stream yields."""

    def __init__(self, events: AsyncIterator[Any]) -> None:
        self.heard: list[Any] = []
        self.task = asyncio.create_task(self._listen(events))

    async def _listen(self, events: AsyncIterator[Any]) -> None:
        async for event in events:
            self.heard.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kind)]

    async def until(self, what: Callable[[], Any]) -> None:
        for _ in range(3000):
            if what():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never came, only {self.heard}")


async def start(fake: Any, exchange: CcxtExchange) -> int:
    """Let a bar begin at the server, so that it lasts longer than a test; return its open."""
    now = int(time.time() * 1000)
    first = now // MINUTE * MINUTE + MINUTE
    fake.offset = first + 5_000 - now
    await exchange.venue_time()
    return first


def candle(opened: int, close: str, *, final: bool = False, volume: str = "1") -> dict[str, Any]:
    kline = {
        "t": opened,
        "T": opened + MINUTE - 1,
        "s": "BTCUSDT",
        "i": "1m",
        "o": "100.00",
        "c": close,
        "h": "110.00",
        "l": "90.00",
        "v": volume,
        "x": final,
    }
    return {"e": "kline", "E": opened + 500, "s": "BTCUSDT", "k": kline}


def klines(*opens: int, close: str = "105.00") -> Reply:
    rows = [[at, "100.00", "110.00", "90.00", close, "2.0", at + MINUTE - 1] for at in opens]
    return Reply([[*row, "0", 1, "0", "0", "0"] for row in rows])


def opens(ear: Ear) -> list[int]:
    return [(bar.time - LENGTH) // 1_000_000 for bar in ear.of(BarClosed)]


def test_a_bar_is_told_when_the_next_one_begins_with_its_last_state() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        first = await start(fake, exchange)
        ear = Ear(exchange.market_data([BARS]))
        await ear.until(lambda: ear.of(FeedState))
        assert ear.heard == [FeedState(instrument=INSTRUMENT, live=True)]
        for event in (
            candle(first, "101.00"),
            candle(first, "102.00", final=True, volume="3"),
            candle(first + MINUTE, "103.00"),
        ):
            await fake.push(event)
        await ear.until(lambda: ear.of(BarClosed))
        await fake.push(candle(first + MINUTE, "104.00"))
        await asyncio.sleep(0.1)
        (bar,) = ear.of(BarClosed)
        assert (bar.close, bar.volume, bar.high) == (10_200, 300_000, 11_000)
        assert opens(ear) == [first]
        assert fake.count("GET", "klines") == 0

    play(act)


def test_bars_left_out_of_the_stream_are_asked_for() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        first = await start(fake, exchange)
        ear = Ear(exchange.market_data([BARS]))
        await ear.until(lambda: ear.of(FeedState))
        await fake.push(candle(first, "101.00", final=True))
        await fake.push(candle(first + MINUTE, "101.00"))
        await ear.until(lambda: len(ear.of(BarClosed)) == 1)
        fake.offset += 5 * MINUTE
        await exchange.venue_time()
        later = [first + i * MINUTE for i in range(1, 5)]
        fake.script("GET", "klines", klines(*later, first + 5 * MINUTE))
        await fake.push(candle(first + 5 * MINUTE, "109.00"))
        await ear.until(lambda: len(ear.of(BarClosed)) == 5)
        assert opens(ear) == [first, *later]
        # The second had begun in the stream, but nobody saw how it ended
        assert [bar.close for bar in ear.of(BarClosed)] == [10_100, *[10_500] * 4]

    play(act)


def test_a_bar_whose_time_is_over_is_asked_for_when_nothing_comes() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        first = await start(fake, exchange)
        ear = Ear(exchange.market_data([BARS]))
        await ear.until(lambda: ear.of(FeedState))
        fake.script("GET", "klines", klines(first, first + MINUTE))
        fake.offset += MINUTE
        await exchange.venue_time()
        await fake.push(candle(first, "101.00"))  # no final state ever comes
        await ear.until(lambda: ear.of(BarClosed))
        assert opens(ear) == [first]

    play(act, grace_seconds=0.05)


def test_after_a_cut_no_bar_is_missing_and_none_comes_twice() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        first = await start(fake, exchange)
        ear = Ear(exchange.market_data([BARS]))
        await ear.until(lambda: ear.of(FeedState))
        await fake.push(candle(first, "101.00", final=True))
        await fake.push(candle(first + MINUTE, "101.00"))
        await ear.until(lambda: len(ear.of(BarClosed)) == 1)
        fake.offset += 3 * MINUTE
        await exchange.venue_time()
        between = [first + MINUTE, first + 2 * MINUTE]
        fake.script("GET", "klines", klines(first, *between, first + 3 * MINUTE))
        await fake.cut()
        await ear.until(lambda: [state.live for state in ear.of(FeedState)] == [True, False, True])
        await fake.push(candle(first + 2 * MINUTE, "101.00", final=True))  # told already
        await fake.push(candle(first + 3 * MINUTE, "101.00", final=True))
        await fake.push(candle(first + 4 * MINUTE, "101.00"))
        await ear.until(lambda: len(ear.of(BarClosed)) == 4)
        assert opens(ear) == [first, *between, first + 3 * MINUTE]
        live_again = [i for i, event in enumerate(ear.heard) if isinstance(event, FeedState)][-1]
        assert ear.heard.index(ear.of(BarClosed)[2]) < live_again  # caught up before it is live

    play(act)


def test_a_silent_stream_is_opened_anew() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        ear = Ear(exchange.market_data([QUOTES]))
        await ear.until(lambda: len(fake.sockets) == 2)  # the first one said nothing
        assert [state.live for state in ear.of(FeedState)] == [False]
        assert "nothing came for 0.2 s" in ear.of(FeedState)[0].text
        while not ear.of(Quote):  # the second one may have been silent for too long by now, too
            await fake.push(book("100.00", "100.50"))
            await asyncio.sleep(0.02)
        assert [state.live for state in ear.of(FeedState)][:2] == [False, True]

    play(act, silence_seconds=0.2)


def book(bid: str, ask: str) -> dict[str, Any]:
    return {"u": 1, "s": "BTCUSDT", "b": bid, "B": "1.5", "a": ask, "A": "2", "e": "bookTicker"}


def test_quotes_are_told_in_ticks_and_lots() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        ear = Ear(exchange.market_data([QUOTES]))
        await ear.until(lambda: fake.subscribed)
        await fake.push(book("100.00", "100.50"))
        await ear.until(lambda: ear.of(Quote))
        (told,) = ear.of(Quote)
        assert (told.bid, told.bid_lots) == (10_000, 150_000)
        assert (told.ask, told.ask_lots) == (10_050, 200_000)
        assert abs(told.time - exchange.now()) < 10**10

    play(act)


def trade(number: int, price: str = "100.00") -> dict[str, Any]:
    event = {"e": "trade", "s": "BTCUSDT", "t": number, "p": price, "q": "0.5", "m": False}
    return event | {"T": 1_700_000_000_000 + number, "E": 1_700_000_000_000 + number}


def test_trades_come_once_and_a_hole_is_told_and_filled() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        ear = Ear(exchange.market_data([TRADES]))
        await ear.until(lambda: fake.subscribed)
        rows = [
            {"a": n, "p": "100.00", "q": "0.5", "T": 1_700_000_000_000 + n, "m": False}
            for n in range(2, 8)
        ]
        fake.script("GET", "aggTrades", Reply(rows))
        fake.script("GET", "trades", Reply([old_trade(n) for n in range(2, 8)]))
        for number in (1, 2, 2, 3, 7):
            await fake.push(trade(number))
            await asyncio.sleep(0.05)
        await ear.until(lambda: len(ear.of(Print)) >= 7)
        assert [int(told.id) for told in ear.of(Print)] == [1, 2, 3, 4, 5, 6, 7]
        assert [state.live for state in ear.of(FeedState)] == [True, False, True]
        assert ear.of(FeedState)[1].text == "trades were left out"

    play(act)


def old_trade(number: int) -> dict[str, Any]:
    stamp = 1_700_000_000_000 + number
    return {"id": number, "price": "100.00", "qty": "0.5", "time": stamp, "isBuyerMaker": False}


def execution(status: str, kind: str, filled: str = "0", number: int = -1) -> dict[str, Any]:
    event = {
        "e": "executionReport",
        "E": 1_700_000_000_100,
        "s": "BTCUSDT",
        "c": "mine",
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.00100",
        "p": "100.00",
        "P": "0",
        "C": "",
        "x": kind,
        "X": status,
        "r": "NONE",
        "i": 28,
        "l": filled,
        "z": filled,
        "L": "99.50",
        "n": "0.000001",
        "N": "BTC",
        "T": 1_700_000_000_100,
        "t": number,
        "m": False,
        "Z": "0",
        "Y": "0",
        "O": 1_700_000_000_000,
    }
    return {"subscriptionId": 0, "event": event}


def test_the_account_is_told_with_orders_trades_and_the_link() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        ear = Ear(exchange.account_events())
        await ear.until(lambda: ear.heard)
        assert ear.heard == [AccountLink(up=True)]
        await fake.push(execution("NEW", "NEW"))
        await fake.push(execution("FILLED", "TRADE", "0.00100", 7))
        await fake.push(execution("FILLED", "TRADE", "0.00100", 7))
        await ear.until(lambda: ear.of(OrderReport) and ear.of(TradeReport))
        (told,) = ear.of(TradeReport)
        assert (told.trade_id, told.client_id, told.venue_id) == ("7", "mine", "28")
        assert (told.lots, told.price, told.fee, told.fee_currency) == (100, 9_950, 100, "BTC")
        assert ear.of(OrderReport)[-1].filled == 100
        await fake.cut()
        await ear.until(lambda: [link.up for link in ear.of(AccountLink)] == [True, False, True])
        await fake.push(execution("FILLED", "TRADE", "0.00100", 8))
        await ear.until(lambda: len(ear.of(TradeReport)) == 2)

    play(act)


def test_a_refused_subscription_leaves_the_link_down_and_is_tried_again() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        exchange.private.urls["api"]["ws"]["ws-api"]["spot"] = "ws://127.0.0.1:9/nobody"
        ear = Ear(exchange.account_events())
        await ear.until(lambda: len(ear.of(AccountLink)) >= 2)
        assert not any(link.up for link in ear.of(AccountLink))
        stream = fake.url.replace("http", "ws", 1)
        exchange.private.urls["api"]["ws"]["ws-api"]["spot"] = f"{stream}/ws/api"
        await ear.until(lambda: any(link.up for link in ear.of(AccountLink)))

    play(act)


@pytest.mark.parametrize("stream", ["market_data", "account_events"])
def test_streams_end_when_the_adapter_is_closed(stream: str) -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        ear = Ear(
            exchange.market_data([BARS]) if stream == "market_data" else exchange.account_events()
        )
        await ear.until(lambda: ear.heard)
        await exchange.close()
        await asyncio.wait_for(ear.task, 60)

    play(act)
