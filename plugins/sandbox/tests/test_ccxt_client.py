"""The real ccxt client of Binance, told other addresses and nothing else, trades here."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import pytest
from rehearsing import MINUTE, NAME, START, SYMBOL, ccxt_client, exchange, run, series

RISING = [10_000 + 100 * n for n in range(50)]


def trade(action: Any, *ones: Any, **settings: Any) -> Any:
    """Run something with an exchange and the real client."""

    async def session() -> Any:
        async with exchange(*ones, **settings) as box, ccxt_client(box) as client:
            await client.load_markets()
            return await action(box, client)

    return run(session())


def test_markets_with_their_grid_and_limits():
    async def look(_, client):
        return client.market(SYMBOL), client.currencies

    market, currencies = trade(look)
    assert (market["id"], market["active"], market["spot"]) == (NAME, True, True)
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.00001
    assert market["limits"]["cost"]["min"] == 5
    assert {"BTC", "USDT"} <= set(currencies)


def test_bars_of_several_lengths():
    async def look(box, client):
        box.step(60)
        minutes = await client.fetch_ohlcv(SYMBOL, "1m", since=START // 10**6, limit=3)
        return minutes, await client.fetch_ohlcv(SYMBOL, "5m", limit=2)

    minutes, fives = trade(look, series(RISING))
    assert minutes[1] == [(START + MINUTE) // 10**6, 100.0, 101.0, 100.0, 101.0, 12.0]
    assert [row[0] for row in minutes] == [(START + n * MINUTE) // 10**6 for n in range(3)]
    assert fives[1][0] - fives[0][0] == 300_000
    assert fives[0][5] == 60.0


def test_a_market_order_fills_and_the_balance_follows():
    async def buy(_, client):
        order = await client.create_order(SYMBOL, "market", "buy", 2)
        return order, await client.fetch_balance(), await client.fetch_my_trades(SYMBOL)

    order, balance, trades = trade(buy)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 2.0, 100.01)
    assert balance["BTC"]["free"] == 2.0
    assert balance["USDT"]["free"] == pytest.approx(100_000 - 200.02 * 1.001)
    (only,) = trades
    assert (only["order"], only["takerOrMaker"]) == (order["id"], "taker")
    assert only["fee"] == {"cost": pytest.approx(0.20002), "currency": "USDT"}


def test_a_limit_order_rests_is_found_holds_its_money_and_is_cancelled():
    async def place(_, client):
        placed = await client.create_order(
            SYMBOL, "limit", "buy", 1, 90, {"clientOrderId": "mine-1"}
        )
        found = await client.fetch_order(None, SYMBOL, {"origClientOrderId": "mine-1"})
        open_ = await client.fetch_open_orders(SYMBOL)
        held = (await client.fetch_balance())["USDT"]["used"]
        cancelled = await client.cancel_order(placed["id"], SYMBOL)
        return placed, found, open_, held, cancelled, await client.fetch_orders(SYMBOL)

    placed, found, open_, held, cancelled, all_ = trade(place)
    assert placed["status"] == "open"
    assert found["id"] == placed["id"] == open_[0]["id"]
    assert found["clientOrderId"] == "mine-1"
    assert held == pytest.approx(90.09)
    assert cancelled["status"] == "canceled"
    assert [one["status"] for one in all_] == ["canceled"]


def test_a_stop_loss_and_a_take_profit_wait_for_their_prices():
    async def place(box, client):
        await client.create_order(SYMBOL, "market", "buy", 2)
        stop = await client.create_order(SYMBOL, "market", "sell", 1, None, {"stopLossPrice": 95})
        take = await client.create_order(
            SYMBOL, "market", "sell", 1, None, {"takeProfitPrice": 105}
        )
        box.step(13 * 16)
        orders = {one["id"]: one for one in await client.fetch_orders(SYMBOL)}
        return orders[stop["id"]], orders[take["id"]]

    prices = [10_000] * 11 + [10_000 + 100 * n for n in range(12)] + [9_000] * 10
    stop, take = trade(place, series(prices))
    assert (take["status"], take["average"]) == ("closed", 105.0)
    assert (stop["status"], stop["average"]) == ("closed", 95.0)


def test_an_order_is_edited_by_cancelling_and_replacing_it():
    async def edit(_, client):
        placed = await client.create_order(SYMBOL, "limit", "buy", 1, 90)
        edited = await client.edit_order(placed["id"], SYMBOL, "limit", "buy", 2, 91)
        return placed, edited, await client.fetch_open_orders(SYMBOL)

    placed, edited, open_ = trade(edit)
    assert edited["id"] != placed["id"]
    assert [(one["id"], one["amount"], one["price"]) for one in open_] == [
        (edited["id"], 2.0, 91.0)
    ]


def test_streams_of_bars_trades_and_the_book():
    async def watch(box, client):
        async def move() -> None:
            while True:
                await asyncio.sleep(0.02)
                box.step()

        moving = asyncio.create_task(move())
        bar = (await client.watch_ohlcv(SYMBOL, "1m"))[-1]
        told = (await client.watch_trades(SYMBOL))[-1]
        for _ in range(3):
            book = await client.watch_order_book(SYMBOL)
        moving.cancel()
        return bar, told, book

    bar, told, book = trade(watch, series(RISING))
    assert bar[0] % 60_000 == 0
    assert bar[3] <= bar[4] <= bar[2]
    assert told["symbol"] == SYMBOL
    assert told["price"] * 100 == pytest.approx(round(told["price"] * 100))
    assert book["bids"][0][0] < book["asks"][0][0]
    assert len(book["bids"]) == 50


def test_the_account_stream_tells_of_orders_trades_and_balances():
    async def watch(box, client):
        orders = asyncio.create_task(client.watch_orders(SYMBOL))
        await _listening(box)
        await client.create_order(SYMBOL, "limit", "buy", 1, 99)
        first = (await orders)[-1]
        trades = asyncio.create_task(client.watch_my_trades(SYMBOL))
        balance = asyncio.create_task(client.watch_balance())
        later = asyncio.create_task(client.watch_orders(SYMBOL))
        await asyncio.sleep(0.1)
        box.step(13 * 2)
        return dict(first), (await trades)[-1], await balance, (await later)[-1]

    first, told, balance, last = trade(watch, series([10_000] * 11 + [9_800] * 30))
    assert first["status"] == "open"
    assert (told["price"], told["amount"], told["takerOrMaker"]) == (99.0, 1.0, "maker")
    assert balance["BTC"]["total"] == 1.0
    assert (last["status"], last["filled"]) == ("closed", 1.0)


async def _listening(box: Any) -> None:
    """Wait until somebody listens to the account."""
    while not any(one.subscriptions for one in box.house.hub._listeners):  # noqa: ASYNC110 - a test
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda c: c.create_order(SYMBOL, "market", "buy", 10_000), ccxt.InsufficientFunds),
        (lambda c: c.create_order(SYMBOL, "limit", "buy", 1, 0.01), ccxt.BadRequest),
        (
            lambda c: c.create_order(SYMBOL, "limit", "buy", 1, 101, {"postOnly": True}),
            ccxt.InvalidOrder,
        ),
        (lambda c: c.fetch_order("99", SYMBOL), ccxt.OrderNotFound),
        (lambda c: c.cancel_order("99", SYMBOL), ccxt.OrderNotFound),
        (lambda c: c.fetch_ohlcv(SYMBOL, "1M"), ccxt.BadRequest),
        (lambda c: c.fetch_trades("DOGE/USDT"), ccxt.BadSymbol),
    ],
)
def test_refusals_become_the_errors_ccxt_has_for_them(ask, error):
    async def refuse(_, client):
        client.markets.setdefault("DOGE/USDT", client.markets[SYMBOL] | {"id": "DOGEUSDT"})
        with pytest.raises(error) as caught:
            await ask(client)
        return type(caught.value)

    assert issubclass(trade(refuse), error)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"secret": "wrong"}, ccxt.AuthenticationError),
        ({"apiKey": "wrong"}, ccxt.AuthenticationError),
    ],
)
def test_a_wrong_key_is_an_authentication_error(change, error):
    async def ask(_, client):
        for name, value in change.items():
            setattr(client, name, value)
        with pytest.raises(error):
            await client.fetch_balance()

    trade(ask)


def test_a_time_outside_the_window_is_an_invalid_nonce():
    async def ask(_, client):
        client.nonce = lambda: client.milliseconds() - 60_000
        with pytest.raises(ccxt.InvalidNonce):
            await client.fetch_balance()

    trade(ask)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", ccxt.DDoSProtection),
        ("ban", ccxt.DDoSProtection),
        ("maintenance", ccxt.ExchangeNotAvailable),
        ("accept_then_504", ccxt.RequestTimeout),
        ("error_in_200", ccxt.InvalidOrder),
    ],
)
def test_faults_become_the_errors_ccxt_has_for_them(kind, error):
    async def ask(box, client):
        box.arm(kind, seconds=5)
        with pytest.raises(error):
            await client.create_order(SYMBOL, "market", "buy", 1)

    trade(ask)


def test_an_answer_that_never_comes_is_a_timeout_and_the_order_is_there():
    async def ask(box, client):
        client.timeout = 300
        box.arm("accept_then_timeout", seconds=1)
        with pytest.raises(ccxt.RequestTimeout):
            await client.create_order(SYMBOL, "market", "buy", 1, None, {"clientOrderId": "lost"})
        client.timeout = 10_000
        return await client.fetch_order(None, SYMBOL, {"origClientOrderId": "lost"})

    assert trade(ask)["status"] == "closed"
