"""Streams of the market, the websocket API, and the account's stream in both forms."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from listening import Ear, account_events, signed
from rehearsing import NAME, rehearsal, run, series

RISING = [10_000 + 10 * n for n in range(50)]
LOW = NAME.lower()


def ask(action: Any, *ones: Any, **settings: Any) -> Any:
    async def session() -> Any:
        async with rehearsal(*ones, **settings) as (box, client):
            return await action(box, client)

    return run(session())


def test_a_raw_stream_says_what_its_name_says():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{LOW}@trade") as ear:
            box.step(3)
            return await ear.until(lambda e: e.get("e") == "trade")

    event = ask(listen, series(RISING))
    assert event["s"] == NAME
    assert set(event) == {"e", "E", "s", "t", "p", "q", "T", "m", "M"}


def test_combined_streams_are_wrapped_with_their_names():
    async def listen(box, client):
        path = f"/stream?streams={LOW}@bookTicker/{LOW}@aggTrade"
        async with Ear.of(client, path) as ear:
            box.step(3)
            ticker = await ear.until(lambda e: e.get("stream", "").endswith("bookTicker"))
            return ticker, await ear.until(lambda e: e.get("stream", "").endswith("aggTrade"))

    ticker, trade = ask(listen)
    assert float(ticker["data"]["b"]) < float(ticker["data"]["a"])
    assert trade["data"]["e"] == "aggTrade"


def test_a_client_chooses_while_it_listens():
    async def listen(box, client):
        async with Ear.of(client, "/ws") as ear:
            name = f"{LOW}@trade"
            answers = [await ear.ask("SUBSCRIBE", [name], 1)]
            box.step(2)
            await ear.until(lambda e: e.get("e") == "trade")
            answers.append(await ear.ask("LIST_SUBSCRIPTIONS", [], 2))
            answers.append(await ear.ask("UNSUBSCRIBE", [name], 3))
            before = len(ear.heard)
            box.step(3)
            await asyncio.sleep(0.1)
            quiet = len(ear.heard) == before
            answers.append(await ear.ask("SET_PROPERTY", ["combined", True], 4))
            answers.append(await ear.ask("GET_PROPERTY", ["combined"], 5))
            return [one["result"] for one in answers], quiet

    results, quiet = ask(listen)
    assert results == [None, [f"{LOW}@trade"], None, None, True]
    assert quiet


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        {"id": 1},
        {"id": 1, "method": "SHOUT", "params": []},
        {"id": 1, "method": "SUBSCRIBE", "params": "x"},
        {"id": 1, "method": "SUBSCRIBE", "params": [1]},
        {"id": 1, "method": "SET_PROPERTY", "params": ["other", True]},
    ],
)
def test_what_cannot_be_understood_is_an_error_and_no_end(message):
    async def listen(_, client):
        async with Ear.of(client, "/ws") as ear:
            await ear.say(message)
            error = await ear.until(lambda e: "error" in e)
            well = await ear.ask("LIST_SUBSCRIPTIONS", [], 9)
            return error["error"]["code"], well["result"]

    code, well = ask(listen)
    assert code in {2, 3}
    assert well == []


def test_bars_are_told_as_they_grow_and_once_when_they_are_whole():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{LOW}@kline_1m") as ear:
            box.step(13 * 3 - 1)
            await ear.until(lambda e: sum(one["k"]["x"] for one in ear.heard) == 3)
            return [one["k"] for one in ear.heard]

    bars = ask(listen, series(RISING))
    whole = [bar for bar in bars if bar["x"]]
    assert [bar["c"] for bar in whole] == [f"{price / 100:.8f}" for price in RISING[10:13]]
    assert all(bar["v"] == "12.00000000" for bar in whole)
    assert len({bar["t"] for bar in bars}) == 3
    first = [bar for bar in bars if bar["t"] == bars[0]["t"]]
    volumes = [float(bar["v"]) for bar in first]
    assert volumes == sorted(volumes)


def test_a_longer_bar_is_whole_when_its_time_is_over():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{LOW}@kline_5m") as ear:
            box.step(13 * 10)
            await ear.until(lambda e: sum(one["k"]["x"] for one in ear.heard) == 2)
            return [one["k"] for one in ear.heard if one["k"]["x"]]

    bars = ask(listen, series(RISING))
    assert [bar["t"] % 300_000 for bar in bars] == [0, 0]
    assert bars[1]["o"] == bars[0]["c"]
    assert [bar["v"] for bar in bars][1] == "60.00000000"


def test_changes_turn_the_book_before_into_the_book_after():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{LOW}@depth@100ms") as ear:
            before = (await client.ask("GET", "/api/v3/depth", signed=False, symbol=NAME))[1]
            box.step(11)
            await ear.until(lambda e: len(ear.heard) == 11)
            after = (await client.ask("GET", "/api/v3/depth", signed=False, symbol=NAME))[1]
            return before, ear.heard, after

    before, changes, after = ask(listen, series(RISING))
    sides = {name: dict(map(tuple, before[name])) for name in ("bids", "asks")}
    number = before["lastUpdateId"]
    for change in changes:
        assert change["U"] == number + 1
        number = change["u"]
        for name, short in (("bids", "b"), ("asks", "a")):
            for price, quantity in change[short]:
                if float(quantity) == 0:
                    del sides[name][price]
                else:
                    sides[name][price] = quantity
    assert number == after["lastUpdateId"]
    for name in ("bids", "asks"):
        assert sides[name] == dict(map(tuple, after[name]))


def test_the_websocket_api_answers_what_http_answers():
    async def use(_, client):
        async with Ear.of(client, "/ws-api/v3") as ear:
            clock = await ear.ask("time", {}, 1)
            order = {"symbol": NAME, "side": "BUY", "type": "MARKET", "quantity": "1"}
            placed = await ear.ask("order.place", signed(client, **order), 2)
            found = await ear.ask(
                "order.status",
                signed(client, symbol=NAME, orderId=placed["result"]["orderId"]),
                3,
            )
            refused = await ear.ask("order.place", signed(client, **order | {"side": "UP"}), 4)
            unsigned = await ear.ask("account.status", {"apiKey": "sandbox"}, 5)
            unknown = await ear.ask("teleport", {}, 6)
            return clock, placed, found, refused, unsigned, unknown

    clock, placed, found, refused, unsigned, unknown = ask(use)
    assert clock["status"] == 200
    assert placed["result"]["status"] == found["result"]["status"] == "FILLED"
    assert (refused["status"], refused["error"]["code"]) == (400, -1117)
    assert unsigned["error"]["code"] == -1102
    assert unknown["error"]["code"] == -1130


@pytest.mark.parametrize("message", ["no json", {"method": "time"}, {"id": 1, "method": "time",
                                                                    "params": 5}])  # fmt: skip
def test_the_websocket_api_survives_nonsense(message):
    async def use(_, client):
        async with Ear.of(client, "/ws-api/v3") as ear:
            await ear.say(message)
            refused = await ear.until(lambda e: e.get("status") == 400)
            well = await ear.ask("ping", {}, 2)
            return refused["error"]["code"], well["status"]

    assert ask(use) == (-1135, 200)


def test_the_account_is_told_to_who_signed_for_it():
    async def use(box, client):
        async with Ear.of(client, "/ws-api/v3") as stranger, account_events(box, client) as ear:
            wrong = signed(client) | {"signature": "0" * 64}
            refused = await stranger.ask("userDataStream.subscribe.signature", wrong)
            await client.place(newClientOrderId="a")
            trade = await ear.until(lambda e: e.get("x") == "TRADE")
            position = await ear.until(lambda e: e.get("e") == "outboundAccountPosition")
            await ear.ask("userDataStream.unsubscribe", {}, 7)
            before = len(ear.heard)
            await client.place(newClientOrderId="b")
            await asyncio.sleep(0.1)
            return refused, trade, position, len(ear.heard) - before, len(stranger.heard)

    refused, trade, position, after, strange = ask(use)
    assert refused["error"]["code"] == -1022
    assert (trade["X"], trade["z"], trade["Z"]) == ("FILLED", "1.00000000", "100.01000000")
    assert {one["a"] for one in position["B"]} == {"BTC", "USDT"}
    assert (after, strange) == (0, 1)


def test_the_account_is_told_by_its_key_in_the_older_form():
    async def use(_, client):
        _, made, _ = await client.ask("POST", "/api/v3/userDataStream", signed=False)
        key = made["listenKey"]
        async with (
            Ear.of(client, f"/ws/{key}") as raw,
            Ear.of(client, f"/stream?streams={key}") as combined,
        ):
            await client.place()
            one = await raw.until(lambda e: e.get("x") == "TRADE")
            two = await combined.until(lambda e: e.get("data", {}).get("x") == "TRADE")
            return one, two["data"], two["stream"] == key

    one, two, named = ask(use)
    assert one == two
    assert named


def test_a_partly_filled_order_is_told_with_what_it_came_to_each_time():
    prices = [10_000] * 11 + [9_900] * 30

    async def use(box, client):
        async with account_events(box, client) as ear:
            await client.place(
                type="LIMIT", timeInForce="GTC", price="99.5", quantity="20", newClientOrderId="x"
            )
            box.step(13 * 4)
            await ear.until(lambda e: e.get("X") == "FILLED")
            return [e for e in ear.heard if e.get("x") == "TRADE"]

    from dataclasses import replace
    from decimal import Decimal

    from tradectl_sandbox.settings import ASSUMPTIONS

    shares = replace(ASSUMPTIONS, volume_share=Decimal(1))
    trades = ask(use, series(prices, volume=2_400_000), assumptions=shares)
    assert len(trades) > 5
    filled = [float(one["z"]) for one in trades]
    worth = [float(one["Z"]) for one in trades]
    assert filled == sorted(filled)
    assert filled[-1] == 20.0
    pieces = [float(one["L"]) * float(one["l"]) for one in trades]
    assert worth == pytest.approx([sum(pieces[: n + 1]) for n in range(len(pieces))])
    assert max(float(one["L"]) for one in trades) == 99.5
    assert [one["X"] for one in trades[:-1]] == ["PARTIALLY_FILLED"] * (len(trades) - 1)
    assert sum(float(one["l"]) for one in trades) == pytest.approx(20)


def test_a_client_that_does_not_read_is_cut_off_and_harms_nobody():
    async def use(box, client):
        async with Ear.of(client, f"/ws/{LOW}@trade") as ear:
            (listener,) = box.house.hub._listeners
            for _ in range(20_000):
                box.house.hub.say(listener, {"e": "noise"})
            await asyncio.wait_for(ear.over.wait(), 60)
            return box.house.hub.count, (await client.place())["status"]

    assert ask(use) == (0, "FILLED")
