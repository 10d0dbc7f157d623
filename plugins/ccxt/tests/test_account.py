"""The account at venues that differ: searched by lists, paged, asked for rights and positions."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import ccxt
import pytest
from offline import adapter
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.markets import instruments_of
from tradectl_ccxt.settings import VenueSettings
from tradectl_sdk.errors import ExchangeRefusedError, TransportError, UnreadableAnswerError
from tradectl_sdk.exchange import (
    Accepted,
    BarClosed,
    ClockSample,
    FeedState,
    KeyPermissions,
    OrderRef,
    Refused,
    Subscription,
    Unclear,
)

MILLISECOND = 1_000_000
MINUTE = 60_000 * MILLISECOND


def play(exchange: CcxtExchange, act: Any) -> Any:
    async def run() -> Any:
        try:
            return await act()
        finally:
            await exchange.close()

    return asyncio.run(asyncio.wait_for(run(), 60))


def giving(*answers: Any) -> Any:
    """Return a method of ccxt that gives these answers, the last one again and again."""
    left = list(answers)

    async def method(*arguments: Any) -> Any:
        method.asked.append(arguments)  # type: ignore[attr-defined]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    method.asked = []  # type: ignore[attr-defined]
    return method


def order(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "id": "v7",
        "clientOrderId": "mine",
        "symbol": "BTC/USDT",
        "status": "open",
        "side": "buy",
        "type": "limit",
        "amount": 0.001,
        "filled": 0,
        "price": 100,
        "timestamp": 1_000,
    }
    return usual | changes


# Orders that a venue does not find by our id ---------------------------------------------------


def test_an_order_is_looked_up_before_it_is_cancelled_where_only_the_venues_id_will_do() -> None:
    exchange, _ = adapter("coinbase")
    ref = OrderRef(instrument="BTC/USDT.COINBASE", client_id="mine")
    client = exchange.private
    client.fetch_open_orders = giving([order()])
    client.cancel_order = giving(order(status="canceled"))

    outcome = play(exchange, lambda: exchange.cancel(ref))

    assert isinstance(outcome, Accepted)
    assert client.cancel_order.asked[0][0] == "v7"


def test_what_is_in_no_list_cannot_be_cancelled_and_a_failed_list_is_no_evidence() -> None:
    exchange, _ = adapter("coinbase")
    ref = OrderRef(instrument="BTC/USDT.COINBASE", client_id="mine")
    client = exchange.private
    client.fetch_open_orders = giving([], ccxt.RequestTimeout("no answer"))
    client.fetch_orders = giving([])

    async def act() -> tuple[Any, Any]:
        return await exchange.cancel(ref), await exchange.cancel(ref)

    absent, unknown = play(exchange, act)

    assert absent == Refused(code="unknown_order", text="the venue knows no such order")
    assert isinstance(unknown, Unclear)
    assert not unknown.sent


def test_ended_orders_are_put_together_from_the_lists_there_are() -> None:
    exchange, _ = adapter("gate")
    client = exchange.private
    client.has["fetchOrders"] = False
    client.has["fetchClosedOrders"] = client.has["fetchCanceledOrders"] = True
    day = 86_400_000
    late, early = 10 * day, 10 * day - 5
    client.fetch_closed_orders = giving(
        [order(id="1", status="closed", filled=0.001, lastUpdateTimestamp=late), order(id="2")]
    )
    client.fetch_canceled_orders = giving(
        [order(id="3", status="canceled", lastUpdateTimestamp=early)]
    )

    async def act() -> Any:
        return await exchange.closed_orders("BTC/USDT.GATE", 10 * day * MILLISECOND)

    found = play(exchange, act)

    assert [report.venue_id for report in found] == ["1"]
    assert client.fetch_closed_orders.asked[0][1] == 9 * day  # an order may be a day older


# Trades, page by page ----------------------------------------------------------------------------


def trade(number: int, stamp: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "order": "1",
        "side": "buy",
        "amount": 0.001,
        "price": 100,
        "timestamp": stamp,
    }


def test_trades_are_paged_to_the_end_and_told_once() -> None:
    exchange, _ = adapter("okx")
    everything = [trade(n, 1_000 + n // 3) for n in range(1_700)]

    async def fetch(_symbol: str, since: int, limit: int) -> list[dict[str, Any]]:
        return [row for row in everything if row["timestamp"] >= since][:limit]

    exchange.private.fetch_my_trades = fetch

    async def act() -> Any:
        return await exchange.trades("BTC/USDT.OKX", 1_001 * MILLISECOND)

    found = play(exchange, act)

    assert sorted(int(report.trade_id) for report in found) == list(range(3, 1_700))
    assert [report.time for report in found] == sorted(report.time for report in found)


def test_trades_that_cannot_be_told_whole_are_an_error_and_not_a_part() -> None:
    exchange, _ = adapter("okx")
    exchange.private.fetch_my_trades = giving([trade(n, 1_000) for n in range(500)])

    async def act() -> None:
        with pytest.raises(UnreadableAnswerError, match="same page of trades again"):
            await exchange.trades("BTC/USDT.OKX", 0)

    play(exchange, act)


# Rights and positions ----------------------------------------------------------------------------


def test_rights_are_read_where_the_venue_tells_them() -> None:
    okx, _ = adapter("okx")
    okx.private.private_get_account_config = giving(
        {"data": [{"perm": "read_only,trade,withdraw", "ip": "1.2.3.4"}]}
    )
    expected = KeyPermissions(trade=True, withdraw=True, restricted_by_address=True)
    assert play(okx, okx.permissions) == expected

    bybit, _ = adapter("bybit")
    key = {"readOnly": 0, "ips": ["*"], "permissions": {"Spot": ["SpotTrade"], "Wallet": []}}
    bybit.private.private_get_v5_user_query_api = giving({"result": key})
    expected = KeyPermissions(trade=True, withdraw=False, restricted_by_address=False)
    assert play(bybit, bybit.permissions) == expected

    kraken, _ = adapter("kraken")
    assert play(kraken, kraken.permissions) == KeyPermissions()


def test_positions_of_contracts_are_signed_lots() -> None:
    exchange = CcxtExchange("okx", VenueSettings(market="swap"), None)
    row = {
        "id": "BTC-USDT-SWAP",
        "symbol": "BTC/USDT:USDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "type": "swap",
        "swap": True,
        "spot": False,
        "contract": True,
        "linear": True,
        "inverse": False,
        "active": True,
        "contractSize": 0.01,
        "precision": {"amount": 0.1, "price": 0.1},
    }
    exchange.public.set_markets([exchange.public.safe_market_structure(row)])
    exchange.symbols = dict(instruments_of(exchange.public, "swap"))
    held = [
        {"symbol": "BTC/USDT:USDT", "contracts": 2.5, "side": "short", "entryPrice": 50_000.1},
        {"symbol": "BTC/USDT:USDT", "contracts": 0, "side": "long"},
        {"symbol": "ETH/USDT:USDT", "contracts": 1, "side": "long"},
    ]
    exchange.private.fetch_positions = giving(held)

    (position,) = play(exchange, exchange.positions)

    assert (position.instrument, position.lots) == ("BTC/USDT:USDT.OKX", -25)
    assert position.average_price == 500_001
    assert exchange.card.margin


# Clocks and bars of venues that lack something -----------------------------------------------


def test_a_clock_that_was_set_is_measured_again_and_the_question_repeated_once() -> None:
    exchange, _ = adapter("okx")
    exchange.public.fetch_time = giving(1_700_000_000_000)
    exchange.private.fetch_balance = giving(
        ccxt.InvalidNonce("clock"), {"total": {"BTC": 1}, "free": {"BTC": 1}, "used": {}}
    )

    (held,) = play(exchange, exchange.balances)

    assert held.free == 10**8
    assert len(exchange.public.fetch_time.asked) == 1
    assert isinstance(exchange.clock.best, ClockSample)
    assert exchange.private.options["timeDifference"] == -exchange.clock.best.offset // MILLISECOND


def test_where_a_venue_does_not_tell_the_time_an_answers_date_does() -> None:
    from tradectl_ccxt.calls import CALL

    exchange, _ = adapter("gate")
    exchange.public.has["fetchTime"] = False

    async def book(*_: Any) -> dict[str, Any]:
        call = CALL.get()
        assert call is not None
        call.headers = {"date": "Tue, 14 Nov 2023 22:14:00 GMT"} if stamped else {}
        return {}

    exchange.public.fetch_order_book = book
    stamped = True

    async def act() -> int:
        nonlocal stamped
        found = await exchange.venue_time()
        stamped = False
        with pytest.raises(ExchangeRefusedError, match="does not tell the time"):
            await exchange.venue_time()
        return found

    assert play(exchange, act) == 1_700_000_040_500 * MILLISECOND


def candles(*opens: int) -> list[list[float]]:
    return [[at, 100.0, 110.0, 90.0, 105.0, 1.0] for at in opens]


def test_history_moves_on_over_windows_in_which_there_is_nothing() -> None:
    exchange, _ = adapter("kraken")
    start = 1_700_000_040_000
    far = start + 2_500 * 60_000

    async def fetch(
        _symbol: str, _frame: str, since: int, limit: int, params: Any
    ) -> list[list[float]]:
        assert params["until"] < far + 600_000
        asked.append(since)
        return candles(far, far + 60_000) if since <= far < since + limit * 60_000 else []

    asked: list[int] = []
    exchange.public.fetch_ohlcv = fetch

    async def act() -> Any:
        end = (far + 600_000) * MILLISECOND
        return await exchange.history("BTC/USDT.KRAKEN", MINUTE, start * MILLISECOND, end)

    bars = play(exchange, act)

    assert [bar.time // MILLISECOND - 60_000 for bar in bars] == [far, far + 60_000]
    assert len(asked) == 3


def test_a_length_of_bars_that_there_is_not_is_refused() -> None:
    exchange, _ = adapter("kraken")

    async def act() -> None:
        with pytest.raises(ExchangeRefusedError, match="has no bars of 7m"):
            await exchange.history("BTC/USDT.KRAKEN", 7 * MINUTE, 0, 10**18)

    play(exchange, act)


def test_bars_are_asked_for_as_they_fall_due_where_nothing_is_pushed() -> None:
    exchange, _ = adapter("coinbase")
    exchange.settings = VenueSettings(grace_seconds=0.01)
    assert not exchange.public.has["watchOHLCV"]
    shift: list[int] = []

    async def fetch_time(*_: Any) -> int:
        now = time.time_ns() // MILLISECOND
        if not shift:  # it is shortly before a minute's end when it is first asked, however late
            shift.append(59_500 - now % 60_000)
        return now + shift[0]

    async def fetch(_symbol: str, _frame: str, since: int, *_: Any) -> list[list[float]]:
        return candles(*range(since, await fetch_time(), 60_000))

    exchange.public.fetch_time, exchange.public.fetch_ohlcv = fetch_time, fetch

    async def act() -> list[Any]:
        wanted = Subscription(instrument="BTC/USDT.COINBASE", kind="bars", length=MINUTE)
        heard: list[Any] = []
        async for event in exchange.market_data([wanted]):
            heard.append(event)
            if isinstance(event, BarClosed):
                await exchange.close()
        return heard

    state, bar = asyncio.run(asyncio.wait_for(act(), 30))

    assert state == FeedState(instrument="BTC/USDT.COINBASE", live=True)
    assert bar.time <= exchange.now() < bar.time + MINUTE


def test_a_closed_adapter_asks_nothing() -> None:
    exchange, sent = adapter("kraken")

    async def act() -> None:
        await exchange.close()
        with pytest.raises(TransportError):
            await exchange.balances()

    play(exchange, act)
    assert sent == []
