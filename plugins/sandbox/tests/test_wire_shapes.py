"""Answers have the fields, and the kinds of values, of answers that were recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from listening import Ear, account_events
from rehearsing import NAME, rehearsal, run, series

SPOT = "nautilus_fixtures/binance/spot"
OLD = "nautilus_fixtures/binance_py"
LIMIT = {"type": "LIMIT", "timeInForce": "GTC", "price": "90"}
PUBLIC = {"signed": False, "symbol": NAME}


def load(recorded: Any, name: str) -> Any:
    file = recorded / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"shared data is absent: {name}.json")
    return json.loads(file.read_text(encoding="utf-8"))


def kind(value: Any) -> str:
    """What a value is on the wire: numbers in texts are not numbers."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return "word"
        return "amount"
    return type(value).__name__


def missing(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Say what a recorded answer has that ours has not, or has as something else."""
    if isinstance(theirs, dict):
        found = [f"{where}.{name}" for name in theirs if name not in ours]
        for name in theirs.keys() & ours.keys():
            found += missing(ours[name], theirs[name], f"{where}.{name}")
        return found
    if isinstance(theirs, list):
        if not theirs or not ours:
            return []
        if kind(theirs[0]) in {"dict", "list"} or len(theirs) == 1:
            return missing(ours[0], theirs[0], f"{where}[]")
        pairs = zip(ours, theirs, strict=False)
        return [line for at, (o, t) in enumerate(pairs) for line in missing(o, t, f"{where}[{at}]")]
    same = kind(ours) == kind(theirs) or ours is None or theirs is None
    return [] if same else [f"{where}: {ours!r}, recorded {theirs!r}"]


async def answers(box: Any, client: Any) -> dict[str, Any]:
    """Our answer to each question that one was recorded of."""
    bought = await client.place(quantity="2")
    rests = await client.place(newClientOrderId="rests", **LIMIT)
    box.step(30)

    async def public(path: str, **params: Any) -> Any:
        return (await client.ask("GET", f"/api/v3/{path}", **(PUBLIC | params)))[1]

    found = {
        f"{SPOT}/http_json/new_order_full_response": bought,
        f"{SPOT}/http_json/account_response": await client.get("account"),
        f"{SPOT}/http_json/account_trades_response": await client.get("myTrades", symbol=NAME),
        f"{SPOT}/http_json/all_orders_response": await client.get("allOrders", symbol=NAME),
        f"{SPOT}/http_json/open_orders_response": await client.get("openOrders"),
        f"{SPOT}/http_json/order_response": await client.get(
            "order", symbol=NAME, orderId=rests["orderId"]
        ),
        f"{SPOT}/http_json/exchange_info_response": await public("exchangeInfo"),
        f"{SPOT}/http_json/depth_response": await public("depth"),
        f"{SPOT}/http_json/trades_response": await public("trades"),
        f"{SPOT}/http_json/klines_response": await public("klines", interval="1m"),
        f"{SPOT}/http_json/server_time_response": await public("time"),
        f"{SPOT}/http_json/ping_response": await public("ping"),
        f"{SPOT}/http_json/ticker_price_response": await public("ticker/price"),
        f"{SPOT}/http_json/book_ticker_response": await public("ticker/bookTicker"),
        f"{OLD}/http_responses/http_spot_market_agg_trades": await public("aggTrades"),
        f"{OLD}/http_responses/http_spot_market_klines": await public("klines", interval="1m"),
    }
    _, cancelled, _ = await client.ask(
        "DELETE", "/api/v3/order", symbol=NAME, orderId=rests["orderId"]
    )
    found[f"{SPOT}/http_json/cancel_order_response"] = cancelled
    await client.place(**LIMIT)
    _, all_, _ = await client.ask("DELETE", "/api/v3/openOrders", symbol=NAME)
    found[f"{SPOT}/http_json/cancel_open_orders_response"] = all_
    return found


async def events(box: Any, client: Any) -> dict[str, Any]:
    """Our event for each that was recorded."""
    low = NAME.lower()
    path = f"/stream?streams={low}@trade/{low}@aggTrade/{low}@bookTicker"
    async with account_events(box, client) as ear, Ear.of(client, path) as market:
        await client.place(newClientOrderId="rests", **LIMIT)
        await client.ask("DELETE", "/api/v3/order", symbol=NAME, origClientOrderId="rests")
        await client.place(type="LIMIT", timeInForce="IOC", price="90")
        await client.place()
        await client.place(side="SELL", type="STOP_LOSS_LIMIT", timeInForce="GTC", price="80",
                           stopPrice="85", newClientOrderId="stop")  # fmt: skip
        box.step(3)

        async def told(**like: Any) -> Any:
            return await ear.until(lambda e: like.items() <= e.items())

        async def public(name: str) -> Any:
            return await market.until(lambda e: e.get("stream", "").endswith(f"@{name}"))

        user = f"{SPOT}/user_data_json"
        return {
            f"{user}/execution_report_new": await told(x="NEW", c="rests"),
            f"{user}/execution_report_canceled": await told(x="CANCELED"),
            f"{user}/execution_report_trade": await told(x="TRADE"),
            f"{user}/execution_report_stop_loss": await told(x="NEW", c="stop"),
            f"{user}/account_position": await told(e="outboundAccountPosition"),
            f"{OLD}/ws_messages/ws_spot_execution_report_trade": {
                "stream": "executionReport", "data": await told(x="TRADE")
            },
            f"{OLD}/ws_messages/ws_spot_trade": await public("trade"),
            f"{OLD}/ws_messages/ws_spot_agg_trade": await public("aggTrade"),
            f"{OLD}/ws_messages/ws_spot_ticker_book": await public("bookTicker"),
        }  # fmt: skip


# Fields that the exchange has given up, or that only one recording has.
KNOWN = {".sors", ".data.st", ".data.T", ".data.E"}
GIVEN_UP = {("ws_spot_trade", ".data.a"), ("ws_spot_trade", ".data.b")}


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    async def session() -> dict[str, Any]:
        prices = [10_000 + 10 * n for n in range(50)]
        async with rehearsal(series(prices)) as (box, client):
            heard = await events(box, client)
        async with rehearsal(series(prices)) as (box, client):
            return heard | await answers(box, client)

    return run(session())


def test_every_recorded_shape_is_ours(recorded, ours):
    wrong = {}
    for name, answer in ours.items():
        short = name.rpartition("/")[2]
        lines = [
            line
            for line in missing(answer, load(recorded, name))
            if line not in KNOWN and (short, line) not in GIVEN_UP
        ]
        if lines:
            wrong[name] = lines
    assert wrong == {}


def test_a_stream_of_the_book_has_the_shape_of_the_recorded_one(recorded):
    import tarfile

    file = recorded / "cryptofeed_recordings" / "BINANCE.tar.gz"
    if not file.is_file():
        pytest.skip("shared data is absent: cryptofeed_recordings/BINANCE.tar.gz")
    with tarfile.open(file) as archive:
        lines = archive.extractfile("BINANCE.ws.1.0").read().decode().splitlines()[1:400]
    said = [line.partition(": ")[2] for line in lines]
    theirs = [json.loads(text) for text in said if text.startswith('{"stream"')]
    by_stream = {one["stream"].partition("@")[2]: one for one in theirs}
    low = NAME.lower()

    async def session() -> dict[str, Any]:
        path = "/stream?streams=" + "/".join(f"{low}@{name}" for name in by_stream)
        async with (
            rehearsal(series([10_000 + 10 * n for n in range(50)])) as (box, client),
            Ear.of(client, path) as ear,
        ):
            box.step(20)
            return {
                name: await ear.until(lambda e, n=name: e["stream"] == f"{low}@{n}")
                for name in by_stream
            }

    found = run(session())
    assert {"depth@100ms", "kline_1m", "aggTrade", "bookTicker"} <= set(found)
    for name, message in found.items():
        assert missing(message, by_stream[name]) == [], name
