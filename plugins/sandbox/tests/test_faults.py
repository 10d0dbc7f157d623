"""Everything that goes wrong on demand goes wrong as it should, and the account is what it says."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import aiohttp
import pytest
from listening import Ear, account_events
from rehearsing import NAME, rehearsal, run, series

LIMIT = {"type": "LIMIT", "timeInForce": "GTC", "price": "90"}


def ask(action: Any, *ones: Any, **settings: Any) -> Any:
    async def session() -> Any:
        async with rehearsal(*ones, **settings) as (box, client):
            return await action(box, client)

    return run(session())


async def status_of(client: Any, client_id: str) -> str:
    """What the exchange says of an order in the end."""
    body = await client.get("order", symbol=NAME, origClientOrderId=client_id)
    return body.get("status", str(body.get("code")))


@pytest.mark.parametrize(
    ("kind", "status", "becomes"),
    [
        ("accept_then_504", 504, "FILLED"),
        ("error_in_200", 200, "-2013"),
        ("garbage", 200, "FILLED"),
    ],
)
def test_answers_that_mislead(kind, status, becomes):
    async def place(box, client):
        box.arm(kind)
        usual = {"symbol": NAME, "side": "BUY", "type": "MARKET", "quantity": "1"}
        found, body, _ = await client.ask("POST", "/api/v3/order", newClientOrderId="x", **usual)
        return found, body, await status_of(client, "x"), await client.place()

    found, body, real, after = ask(place)
    assert (found, real) == (status, becomes)
    assert after["status"] == "FILLED"
    if kind == "garbage":
        assert body.startswith("<html>")
    else:
        assert body["code"] < 0


@pytest.mark.parametrize(
    ("kind", "becomes"), [("accept_then_timeout", "FILLED"), ("lose_request", "-2013")]
)
def test_answers_that_never_come(kind, becomes):
    async def place(box, client):
        box.arm(kind, seconds=0.2)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.place(newClientOrderId="x")
        return await status_of(client, "x")

    assert ask(place) == becomes


def test_a_cancellation_without_an_answer_is_one():
    async def cancel(box, client):
        await client.place(newClientOrderId="x", **LIMIT)
        box.arm("lose_cancel_reply", seconds=0.1)
        asked = {"symbol": NAME, "origClientOrderId": "x"}
        # aiohttp repeats a DELETE whose connection broke, and is told that there is nothing left.
        _, body, _ = await client.ask("DELETE", "/api/v3/order", **asked)
        return body["code"], await status_of(client, "x")

    assert ask(cancel) == (-2011, "CANCELED")


def test_an_order_that_was_said_to_be_cancelled_may_still_fill():
    async def cancel(box, client):
        await client.place(newClientOrderId="x", **LIMIT)
        box.arm("cancel_later", seconds=1.5)
        _, said, _ = await client.ask("DELETE", "/api/v3/order", symbol=NAME, origClientOrderId="x")
        box.step(13 * 3)
        filled = await status_of(client, "x")
        await asyncio.sleep(1.6)
        return said["status"], filled, await status_of(client, "x")

    falling = series([10_000] * 11 + [8_000] * 20)
    assert ask(cancel, falling) == ("CANCELED", "FILLED", "FILLED")


def test_an_order_that_was_said_to_be_cancelled_is_at_last():
    async def cancel(box, client):
        await client.place(newClientOrderId="x", **LIMIT)
        box.arm("cancel_later", seconds=1.0)
        await client.ask("DELETE", "/api/v3/order", symbol=NAME, origClientOrderId="x")
        before = await status_of(client, "x")
        async with asyncio.timeout(60):
            while await status_of(client, "x") != "CANCELED":  # noqa: ASYNC110 - to be asked for
                await asyncio.sleep(0.05)
        return before

    assert ask(cancel) == "NEW"


def test_an_order_may_be_filled_in_part_and_ended_by_the_exchange():
    async def place(box, client):
        box.arm("partial_then_expire")
        return await client.place(newClientOrderId="x", quantity="2", **LIMIT)

    body = ask(place)
    assert (body["status"], body["executedQty"]) == ("EXPIRED", "1.00000000")
    assert len(body["fills"]) == 1


def test_an_answer_may_come_after_the_fill_was_told():
    async def place(box, client):
        async with account_events(box, client) as ear:
            box.arm("ack_after_fill", seconds=1.5)
            placing = asyncio.create_task(client.place(newClientOrderId="x"))
            await ear.until(lambda e: e.get("x") == "TRADE")
            early = not placing.done()
            return early, (await placing)["status"]

    assert ask(place) == (True, "FILLED")


async def two_fills(client: Any, ear: Ear, count: int) -> list[tuple[str, str]]:
    """Let two orders fill and return how both were told, by client id and kind of event."""

    def told() -> list[tuple[str, str]]:
        return [(e["c"], e["x"]) for e in ear.heard if e.get("e") == "executionReport"]

    await client.place(newClientOrderId="a")
    await client.place(newClientOrderId="b")
    await ear.until(lambda _: len(told()) >= count)
    await asyncio.sleep(0.1)  # for one too many
    return told()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("duplicate_fill", [("a", "NEW"), ("a", "TRADE"), ("a", "TRADE"), ("b", "NEW"),
                            ("b", "TRADE")]),
        ("late_fill", [("a", "NEW"), ("b", "NEW"), ("b", "TRADE"), ("a", "TRADE")]),
        ("swap_fills", [("a", "NEW"), ("b", "NEW"), ("a", "TRADE"), ("b", "TRADE")]),
    ],
)  # fmt: skip
def test_fills_are_told_twice_late_or_out_of_turn(kind, told):
    async def fill(box, client):
        async with account_events(box, client) as ear:
            box.arm(kind, seconds=1.0)
            return await two_fills(client, ear, len(told))

    assert ask(fill) == told


def test_a_fill_that_was_late_when_the_exchange_stops_is_told_before():
    async def fill(box, client):
        async with account_events(box, client) as ear:
            box.arm("late_fill", seconds=60)
            await client.place(newClientOrderId="a")
            await asyncio.sleep(0.1)
            await box.house._stream.close()
            await ear.until(lambda e: e.get("x") == "TRADE")
            return len([e for e in ear.heard if e.get("x") == "TRADE"])

    assert ask(fill) == 1


def test_young_orders_are_not_listed_or_not_found():
    async def look(box, client):
        await client.place(newClientOrderId="x", **LIMIT)
        box.arm("hide_open_orders", seconds=2)
        box.arm("hide_orders", seconds=2)
        hidden = await client.get("openOrders", symbol=NAME), await status_of(client, "x")
        box.step(13)  # a minute passes in the market
        return hidden, len(await client.get("openOrders")), await status_of(client, "x")

    assert ask(look) == (([], "-2013"), 1, "NEW")


def test_lists_are_empty_whatever_there_is():
    async def look(box, client):
        await client.place()
        await client.place(**LIMIT)
        box.arm("empty_lists", seconds=30)
        lists = [
            await client.get(name, symbol=NAME) for name in ("openOrders", "allOrders", "myTrades")
        ]
        box.house.faults.clear()
        return lists, [
            len(await client.get(name, symbol=NAME))
            for name in ("openOrders", "allOrders", "myTrades")
        ]

    assert ask(look) == ([[], [], []], [1, 2, 1])


def test_streams_fall_silent_and_come_back():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{NAME.lower()}@trade") as ear:
            box.arm("silent_streams", seconds=0.3)
            box.step(3)
            await asyncio.sleep(0.1)
            silent = len(ear.heard)
            await asyncio.sleep(0.3)
            box.step(3)
            await ear.until(lambda e: e.get("e") == "trade")
            return silent

    assert ask(listen) == 0


def test_streams_are_cut_without_a_word():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{NAME.lower()}@trade") as ear:
            box.arm("drop_streams")
            await asyncio.wait_for(ear.over.wait(), 60)
            return box.house.hub.count

    assert ask(listen) == 0


def test_a_change_of_the_book_is_left_out():
    async def listen(box, client):
        async with Ear.of(client, f"/ws/{NAME.lower()}@depth") as ear:
            box.step(3)
            await ear.until(lambda e: len(ear.heard) >= 2)
            box.arm("book_gap", symbol=NAME)
            box.step(4)
            await ear.until(lambda _: max(jumps(ear)) > 1)
            return jumps(ear)

    def jumps(ear: Ear) -> list[int]:
        return [after["U"] - before["u"] for before, after in itertools.pairwise(ear.heard)]

    found = ask(listen, series([10_000 + n for n in range(50)]))
    assert sorted(found)[-1] == 11
    assert sorted(found)[:-1] == [1] * (len(found) - 1)


def test_every_answer_is_slow():
    async def look(box, client):
        box.arm("slow", seconds=0.3)
        begun = time.monotonic()
        await client.ask("GET", "/api/v3/time", signed=False)
        return time.monotonic() - begun

    assert ask(look) >= 0.29


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limit", 429), ("ban", 418), ("maintenance", 503)]
)
def test_the_whole_exchange_refuses_for_a_while(kind, status):
    async def look(box, client):
        box.arm(kind, seconds=1.0)
        refused = await client.ask("GET", "/api/v3/time", signed=False)
        await asyncio.sleep(1.1)
        return refused, (await client.ask("GET", "/api/v3/time", signed=False))[0]

    (found, body, headers), after = ask(look)
    assert (found, after) == (status, 200)
    if status == 503:
        assert "503" in body
    else:
        assert (body["code"], headers["Retry-After"]) == (-1003, "1")


def test_the_clock_jumps_and_requests_are_out_of_their_window():
    async def look(box, client):
        before = (await client.ask("GET", "/api/v3/time", signed=False))[1]["serverTime"]
        box.arm("clock_jump", seconds=30)
        after = (await client.ask("GET", "/api/v3/time", signed=False))[1]["serverTime"]
        late = await client.get("account")
        box.arm("clock_jump", seconds=-30)
        early = await client.get("account")
        return after - before, late["code"], early["code"], early["msg"]

    moved, late, early, text = ask(look)
    assert 30_000 <= moved < 60_000
    assert (late, early) == (-1021, -1021)
    assert "ahead" in text


def test_a_fault_waits_for_its_market_and_its_number_of_times():
    async def look(box, client):
        box.arm("accept_then_504", times=2, symbol="ETHUSDT")
        here = await client.place()
        there = [await client.place(symbol="ETHUSDT") for _ in range(3)]
        return here.get("status"), [body.get("code", body.get("status")) for body in there]

    both = series(), series(symbol="ETH/USDT")
    assert ask(look, *both) == ("FILLED", [-1007, -1007, "FILLED"])
