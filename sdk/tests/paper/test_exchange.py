"""Paper trading through the port: order of events, resumption, and what a source does wrong."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from counter import BTC, MINUTE, START, assume, instrument
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import ExchangeError
from tradectl_sdk.exchange import (
    Accepted,
    BarClosed,
    FeedState,
    OrderRef,
    Print,
    Quote,
    Subscription,
    Ticket,
    TradeReport,
)
from tradectl_sdk.paper import Matching, MemoryLedger, PaperExchange, PaperSettings, Replay


def series(prices: list[int], one=None, length: int = MINUTE, start: int = START) -> Bars:
    column = np.array(prices, np.int64)
    return Bars(
        instrument=one or instrument(),
        timeframe=Timeframe(length),
        time=start + length * np.arange(len(prices), dtype=np.int64),
        open=column,
        high=column,
        low=column,
        close=column,
        volume=np.full(len(prices), 10**6, np.int64),
    )


def ticket(client_id: str, decided: int, **terms: Any) -> Ticket:
    given = {"instrument": BTC, "side": 1, "type": 0, "lots": 100}
    return Ticket(client_id=client_id, decided=decided, **(given | terms))


def paper(source: Replay, ledger=None, **options: Any) -> PaperExchange:
    settings = PaperSettings(assumptions=assume(cash=Decimal(10_000)))
    return PaperExchange(source, ledger or MemoryLedger(), settings, clock=source.clock, **options)


WANTED = [Subscription(instrument=BTC, length=MINUTE)]


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 120))


def test_what_a_bar_did_is_told_before_the_bar():
    async def session() -> list[Any]:
        source = Replay([series([100, 101, 102])])
        exchange, heard = paper(source), []

        async def listen() -> None:
            async for event in exchange.account_events():
                await asyncio.sleep(0.01)  # a listener that is busy is waited for
                heard.append(event)

        await exchange.open()
        listener = asyncio.create_task(listen())
        async for event in exchange.market_data(WANTED):
            heard.append(event)
            if isinstance(event, BarClosed) and event.close == 100:
                (outcome,) = await exchange.submit([ticket("a", event.time)])
                assert isinstance(outcome, Accepted)
            if isinstance(event, BarClosed) and event.close == 102:
                break
        listener.cancel()
        await exchange.close()
        return heard

    heard = run(session())
    kinds = [type(one).__name__ for one in heard if not isinstance(one, FeedState)]
    assert kinds == [
        *("AccountLink", "BarClosed", "OrderReport"),
        *("TradeReport", "OrderReport", "BarClosed", "BarClosed"),
    ]
    (fill,) = (one for one in heard if isinstance(one, TradeReport))
    assert (fill.price, fill.time) == (101, START + MINUTE)


def test_bars_that_close_together_are_matched_before_any_of_them_is_told():
    other = instrument("ETH/USDT")
    names = [BTC, "ETH/USDT.PAPER"]

    async def session() -> list[tuple[str, list[str]]]:
        source = Replay([series([100, 101, 90]), series([50, 51, 40], other)])
        exchange, seen = paper(source), []
        await exchange.open()
        wanted = [Subscription(instrument=name, length=MINUTE) for name in names]
        async for event in exchange.market_data(wanted):
            if not isinstance(event, BarClosed):
                continue
            if event.time == START + MINUTE and event.instrument == names[1]:
                await exchange.submit([ticket("a", event.time, type=1, limit=95)])
                await exchange.submit(
                    [ticket("b", event.time, instrument=names[1], type=1, limit=45)]
                )
            open_ids = [report.client_id for report in await exchange.open_orders()]
            seen.append((event.instrument, open_ids))
            if len(seen) == 6:
                break
        return seen

    assert run(session()) == [
        (names[0], []),
        (names[1], ["a", "b"]),
        (names[0], ["a", "b"]),
        (names[1], ["a", "b"]),
        (names[0], []),
        (names[1], []),
    ]


def test_a_bar_that_no_other_bar_follows_is_told_after_a_grace():
    other = instrument("ETH/USDT")

    async def session() -> BarClosed:
        source = Replay([series([100]), series([50, 51], other, start=START + MINUTE)], start=START)
        exchange = paper(source, grace=0.05)
        await exchange.open()
        wanted = [
            Subscription(instrument=BTC, length=MINUTE),
            Subscription(instrument="ETH/USDT.PAPER", length=MINUTE),
        ]
        async for event in exchange.market_data(wanted):
            if isinstance(event, BarClosed) and event.close == 51:
                return event
        raise AssertionError

    assert run(session()).time == START + 3 * MINUTE


def test_orders_of_a_finer_series_are_not_matched_with_a_coarser_one():
    async def session() -> tuple[int, int]:
        hourly = series([500], length=60 * MINUTE, start=START // (60 * MINUTE) * 60 * MINUTE)
        source = Replay([series([100, 101] * 60), hourly], start=START)
        exchange = paper(source)
        await exchange.open()
        lengths = []
        wanted = [Subscription(instrument=BTC, length=n * MINUTE) for n in (60, 1)]
        async for event in exchange.market_data(wanted):
            if isinstance(event, BarClosed):
                lengths.append(event.length)
                last = exchange.core.last_bar(BTC)
                if event.length > MINUTE:
                    break
        return last.length, last.time == event.time

    assert run(session()) == (MINUTE, True)


def test_what_was_missed_while_nobody_was_there_is_matched_at_the_next_start():
    ledger = MemoryLedger()

    async def first() -> None:
        source = Replay([series([100, 101, 102, 90, 80])])
        exchange = paper(source, ledger)
        await exchange.open()
        async for event in exchange.market_data(WANTED):
            if isinstance(event, BarClosed):
                await exchange.submit([ticket("a", event.time, type=1, limit=95)])
                break
        await exchange.close()

    async def second() -> list[Any]:
        source = Replay([series([100, 101, 102, 90, 80])], start=START + 5 * MINUTE)
        exchange = paper(source, ledger)
        await exchange.open()
        return [
            *await exchange.trades(BTC, 0),
            await exchange.query(OrderRef(instrument=BTC, client_id="a")),
        ]

    run(first())
    trade, report = run(second())
    assert (trade.price, trade.time) == (90, START + 3 * MINUTE)
    assert report.filled == 100


def test_a_source_that_fails_is_told_after_what_came_before():
    class Failing(Replay):
        async def market_data(self, wanted):
            async for event in super().market_data(wanted):
                yield event
                if isinstance(event, BarClosed):
                    raise ExchangeError("the wire was cut")

    async def session() -> list[Any]:
        exchange, heard = paper(Failing([series([100, 101])])), []
        await exchange.open()

        async def listen() -> None:
            async for event in exchange.market_data(WANTED):
                heard.append(event)  # noqa: PERF401 - what came before the failure counts

        with pytest.raises(ExchangeError, match="the wire was cut"):
            await listen()
        return heard

    assert [type(one).__name__ for one in run(session())] == ["FeedState", "BarClosed"]


def test_a_listener_that_is_busy_is_waited_for_until_it_leaves():
    async def session() -> list[str]:
        exchange, seen = paper(Replay([series([100] * 5)])), []
        await exchange.open()

        async def hang() -> None:
            async for _ in exchange.account_events():
                seen.append("heard")
                await asyncio.Event().wait()

        listener = asyncio.create_task(hang())

        async def leave() -> None:
            while not seen:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.2)
            seen.append("left")
            listener.cancel()

        await asyncio.sleep(0)
        leaving = asyncio.create_task(leave())
        async for event in exchange.market_data(WANTED):
            seen.append(type(event).__name__)
            if isinstance(event, BarClosed) and event.time == START + 3 * MINUTE:
                break
        await leaving
        return seen

    assert run(session()) == ["heard", "left", "FeedState", *["BarClosed"] * 3]


class Ticker(Replay):
    """A source that tells trades and quotes."""

    async def _ticks(self, wanted: Any) -> Any:
        for number, price in enumerate((100, 99, 90)):
            time = START + number
            self.now = time
            yield Quote(
                instrument=BTC, time=time, bid=price - 1, bid_lots=1, ask=price + 1, ask_lots=1
            )
            yield Print(instrument=BTC, time=time, price=price, lots=1000)

    def market_data(self, wanted: Any) -> Any:
        return self._ticks(wanted)


def test_trades_and_quotes_fill_orders_where_that_was_chosen():
    async def session() -> list[Any]:
        source = Ticker([series([100])])
        settings = PaperSettings(assumptions=assume(), matching=Matching.PRINTS)
        exchange = PaperExchange(source, MemoryLedger(), settings, clock=source.clock)
        await exchange.open()
        async for event in exchange.market_data([Subscription(instrument=BTC, kind="trades")]):
            if isinstance(event, Print) and event.price == 100:
                await exchange.submit([ticket("taker", START)])
                await exchange.submit([ticket("maker", START, type=1, limit=95)])
        return [(one.client_id, one.price, one.maker) for one in await exchange.trades(BTC, 0)]

    assert run(session()) == [("taker", 101, False), ("maker", 95, True)]


def test_an_order_is_amended_and_contracts_are_positions():
    async def session() -> tuple[Any, Any]:
        spx = instrument("SPX", lot_size=Decimal(1))
        source = Replay([series([100, 90, 90], spx)])
        settings = PaperSettings(assumptions=assume(margin=True))
        exchange = PaperExchange(
            source, MemoryLedger(), settings, clock=source.clock, instruments=["SPX.PAPER"]
        )
        await exchange.open()
        order = ticket("a", START, instrument="SPX.PAPER", type=1, limit=50, lots=3)
        await exchange.submit([order])
        ref = OrderRef(instrument="SPX.PAPER", client_id="a")
        changed = ticket("a", START, instrument="SPX.PAPER", type=1, limit=95, lots=3)
        outcome = await exchange.amend(ref, changed)
        async for event in exchange.market_data(
            [Subscription(instrument="SPX.PAPER", length=MINUTE)]
        ):
            if isinstance(event, BarClosed) and event.close == 90:
                break
        return outcome.report.limit, await exchange.positions()

    limit, (position,) = run(session())
    assert limit == 95
    assert (position.instrument, position.lots) == ("SPX.PAPER", 3)


def test_an_instrument_that_the_source_does_not_know_is_refused():
    exchange = paper(Replay([series([100])]), instruments=["DOGE/USDT.PAPER"])
    with pytest.raises(ExchangeError, match="does not know DOGE"):
        run(exchange.open())


def test_a_ledger_that_fails_leaves_an_order_unclear():
    class Full(MemoryLedger):
        def write(self, changes):
            raise ExchangeError("no space left on device")

    async def session() -> tuple[Any, Any]:
        exchange = paper(Replay([series([100])]), Full())
        (before,) = await exchange.submit([ticket("a", START)])
        await exchange.open()
        (during,) = await exchange.submit([ticket("a", START, type=1, limit=90)])
        return before, during

    before, during = run(session())
    assert (before.sent, during.sent) == (False, True)
    assert "no space left" in during.text
