"""Answers of the exchange as they are on the wire."""

from __future__ import annotations

import time
from typing import Any

import pytest
from rehearsing import MINUTE, NAME, START, rehearsal, run, series
from tradectl_sandbox import ApiKey


def ask(action: Any, *ones: Any, **settings: Any) -> Any:
    """Run something with an exchange and a client that says anything."""

    async def session() -> Any:
        async with rehearsal(*ones, **settings) as (box, client):
            return await action(box, client)

    return run(session())


def refused(terms: dict[str, Any]) -> tuple[int, str]:
    """Code and text of the refusal of an order."""

    async def place(_, client):
        body = await client.place(**terms)
        return body["code"], body["msg"]

    return ask(place)


# The door ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "params", "status", "code"),
    [
        ({"key": ""}, {}, 401, -2014),
        ({"key": "stranger"}, {}, 401, -2015),
        ({"secret": "guess"}, {}, 400, -1022),
        ({}, {"timestamp": ""}, 400, -1102),
        ({}, {"timestamp": "soon"}, 400, -1102),
        ({}, {"recvWindow": 70_000}, 400, -1131),
        ({}, {"timestamp": 1_000_000}, 400, -1021),
        ({}, {"timestamp": 9_000_000_000_000}, 400, -1021),
    ],
)
def test_who_may_not_pass_is_told_why(change, params, status, code):
    async def knock(_, client):
        for name, value in change.items():
            setattr(client, name, value)
        return await client.ask("GET", "/api/v3/account", **params)

    found, body, _ = ask(knock)
    assert (found, body["code"]) == (status, code)


def test_a_request_without_signature_is_refused():
    async def knock(_, client):
        stamp = int(time.time() * 1000)
        return await client.ask("GET", "/api/v3/account", signed=False, timestamp=stamp)

    assert ask(knock)[1]["code"] == -1102


def test_a_market_of_another_year_may_be_asked_with_either_time():
    async def knock(_, client):
        there = await client.ask("GET", "/api/v3/account", timestamp=START // 10**6 + 600_000)
        here = await client.ask("GET", "/api/v3/account")
        return there[0], here[0]

    assert ask(knock) == (200, 200)


def test_a_key_says_what_it_may_do_and_is_held_to_it():
    keys = (ApiKey(trade=False, withdraw=True, restricted=False),)

    async def look(_, client):
        order = await client.place()
        account = await client.get("account")
        _, restrictions, _ = await client.ask("GET", "/sapi/v1/account/apiRestrictions")
        return order, account, restrictions

    order, account, restrictions = ask(look, keys=keys)
    assert order["code"] == -2015
    assert (account["canTrade"], account["canWithdraw"]) == (False, True)
    assert restrictions["enableWithdrawals"]
    assert not restrictions["enableSpotAndMarginTrading"]
    assert not restrictions["ipRestrict"]


def test_a_key_and_its_secret_are_not_shown():
    assert "secret" not in repr(ApiKey())


# Limits --------------------------------------------------------------------------------------


def within_one_interval(box):
    """Let no minute begin between two requests: what was used until then would be forgotten."""
    box.house.limits._clock = lambda: START / 10**9


def test_weight_is_counted_refused_and_at_last_banned():
    async def hammer(box, client):
        within_one_interval(box)
        return [await client.ask("GET", "/api/v3/time", signed=False) for _ in range(40)]

    answers = ask(hammer, weight_limit=10)
    assert answers[3][2]["X-MBX-USED-WEIGHT-1M"] == "4"
    statuses = [status for status, _, _ in answers]
    assert statuses == [200] * 10 + [429] * 21 + [418] * 9
    _, body, headers = answers[12]
    assert body["code"] == -1003
    assert 0 < int(headers["Retry-After"]) <= 61
    assert "banned until" in answers[-1][1]["msg"]


def test_orders_are_counted_and_too_many_refused():
    async def hammer(box, client):
        within_one_interval(box)
        found = []
        for _ in range(4):
            usual = {"symbol": NAME, "side": "BUY", "type": "MARKET", "quantity": "1"}
            found.append(await client.ask("POST", "/api/v3/order", **usual))
        return found

    answers = ask(hammer, order_limit=3)
    assert answers[0][2]["X-MBX-ORDER-COUNT-10S"] == "1"
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert answers[3][1]["code"] == -1015


# Orders --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"symbol": None}, -1102),
        ({"symbol": "DOGEUSDT"}, -1121),
        ({"side": None}, -1102),
        ({"side": "HOLD"}, -1117),
        ({"type": None}, -1102),
        ({"type": "PEGGED"}, -1116),
        ({"quantity": None}, -1128),
        ({"quoteOrderQty": "100"}, -1128),
        ({"quantity": "one"}, -1100),
        ({"quantity": "-1"}, -1100),
        ({"quantity": "0"}, -1013),
        ({"quantity": "1.000001"}, -1013),
        ({"quantity": "1.0000000001"}, -1111),
        ({"quantity": "90000000000"}, -1013),
        ({"timeInForce": "GTC"}, -1106),
        ({"type": "LIMIT", "price": "90"}, -1102),
        ({"type": "LIMIT", "timeInForce": "GTC"}, -1102),
        ({"type": "LIMIT", "timeInForce": "GTX", "price": "90"}, -1115),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "90.001"}, -1013),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "0"}, -1013),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "90", "quantity": "0.01"}, -1013),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "90", "stopPrice": "80"}, -1106),
        ({"type": "LIMIT_MAKER", "price": "101"}, -2010),
        ({"type": "STOP_LOSS"}, -1102),
        ({"type": "STOP_LOSS", "stopPrice": "99"}, -2010),
        ({"type": "TAKE_PROFIT", "stopPrice": "101"}, -2010),
        (
            {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "price": "90", "trailingDelta": "9"},
            -1128,
        ),
        ({"newClientOrderId": "not good!"}, -1100),
        ({"quantity": "5000"}, -2010),
        ({"side": "SELL"}, -2010),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "90", "quantity": None,
          "quoteOrderQty": "9"}, -1106),
    ],
)  # fmt: skip
def test_an_order_that_is_none_is_refused_with_its_code(terms, code):
    assert refused(terms)[0] == code


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"quantity": "1.000001"}, "Filter failure: LOT_SIZE"),
        ({"type": "LIMIT", "timeInForce": "GTC", "price": "1.001"}, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.01"}, "Filter failure: NOTIONAL"),
        ({"quantity": "5000"}, "Account has insufficient balance for requested action."),
        ({"type": "LIMIT_MAKER", "price": "101"}, "Order would immediately match and take."),
        ({"type": "STOP_LOSS", "stopPrice": "99"}, "Stop price would trigger immediately."),
    ],
)
def test_texts_that_clients_go_by(terms, text):
    assert refused(terms)[1] == text


def test_a_test_order_is_checked_and_not_placed():
    async def try_(_, client):
        usual = {"symbol": NAME, "side": "BUY", "type": "MARKET", "quantity": "1"}
        good = await client.ask("POST", "/api/v3/order/test", **usual)
        bad = await client.ask("POST", "/api/v3/order/test", **usual | {"quantity": "0"})
        return good[1], bad[1]["code"], await client.get("allOrders", symbol=NAME)

    assert ask(try_) == ({}, -1013, [])


def test_the_answer_is_as_long_as_was_asked():
    async def place(_, client):
        return [
            await client.place(newOrderRespType=kind, newClientOrderId=f"c{kind}")
            for kind in ("ACK", "RESULT", "FULL", None)
        ]

    ack, result, full, usual = ask(place)
    assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert "fills" not in result
    assert full["fills"][0]["commissionAsset"] == "USDT"
    assert set(usual) == set(full)


def test_money_may_be_named_instead_of_a_quantity():
    async def place(_, client):
        return await client.place(quantity=None, quoteOrderQty="100.01")

    body = ask(place)
    assert (body["executedQty"], body["status"]) == ("1.00000000", "FILLED")
    assert body["origQuoteOrderQty"] == "100.01000000"


def test_ids_are_free_again_when_their_order_has_ended_and_not_before():
    limit = {"type": "LIMIT", "timeInForce": "GTC", "price": "90", "newClientOrderId": "x"}

    async def place(_, client):
        first = await client.place(**limit)
        twice = await client.place(**limit)
        await client.ask("DELETE", "/api/v3/order", symbol=NAME, origClientOrderId="x")
        third = await client.place(**limit)
        return first, twice, third

    first, twice, third = ask(place)
    assert (twice["code"], twice["msg"]) == (-2010, "Duplicate order sent.")
    assert third["orderId"] > first["orderId"]


def test_what_cannot_be_filled_at_once_expires():
    async def place(_, client):
        ioc = await client.place(type="LIMIT", timeInForce="IOC", price="90")
        fok = await client.place(type="LIMIT", timeInForce="FOK", price="90")
        return ioc["status"], fok["status"]

    assert ask(place) == ("EXPIRED", "EXPIRED")


def test_a_trailing_stop_follows_the_price():
    async def trail(box, client):
        await client.place(quantity="2")
        placed = await client.place(side="SELL", type="STOP_LOSS", trailingDelta="200")
        box.step(13 * 40)
        return await client.get("order", symbol=NAME, orderId=placed["orderId"])

    prices = [10_000] * 11 + [11_000] * 10 + [10_700] * 20
    order = ask(trail, series(prices))
    assert (order["status"], order["trailingDelta"]) == ("FILLED", 200)
    assert float(order["cummulativeQuoteQty"]) == pytest.approx(107.8)


def test_cancelling_what_is_not_there_and_what_has_ended():
    async def cancel(_, client):
        placed = await client.place()
        asked = [
            {"orderId": 99},
            {"origClientOrderId": "nobody"},
            {"orderId": placed["orderId"]},
            {},
        ]
        return [
            (await client.ask("DELETE", "/api/v3/order", symbol=NAME, **one))[1]["code"]
            for one in asked
        ]

    assert ask(cancel) == [-2011, -2011, -2011, -1102]


def test_all_orders_of_a_symbol_are_cancelled_together():
    limit = {"type": "LIMIT", "timeInForce": "GTC", "price": "90"}

    async def cancel(_, client):
        empty = await client.ask("DELETE", "/api/v3/openOrders", symbol=NAME)
        for _ in range(3):
            await client.place(**limit)
        _, bodies, _ = await client.ask("DELETE", "/api/v3/openOrders", symbol=NAME)
        return empty[1]["code"], bodies, await client.get("openOrders")

    code, bodies, left = ask(cancel)
    assert (code, left) == (-2011, [])
    assert [body["status"] for body in bodies] == ["CANCELED"] * 3
    assert all(body["origClientOrderId"] != body["clientOrderId"] for body in bodies)


@pytest.mark.parametrize(
    ("mode", "cancels", "price", "words"),
    [
        ("STOP_ON_FAILURE", True, "91", ("SUCCESS", "SUCCESS")),
        ("STOP_ON_FAILURE", False, "91", ("FAILURE", "NOT_ATTEMPTED")),
        ("ALLOW_FAILURE", False, "91", ("FAILURE", "SUCCESS")),
        ("ALLOW_FAILURE", True, "0", ("SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", False, "0", ("FAILURE", "FAILURE")),
    ],
)
def test_replacing_an_order_says_what_became_of_both_halves(mode, cancels, price, words):
    async def replace(_, client):
        placed = await client.place(type="LIMIT", timeInForce="GTC", price="90")
        body = (
            await client.ask(
                "POST",
                "/api/v3/order/cancelReplace",
                symbol=NAME,
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                price=price,
                quantity="1",
                cancelReplaceMode=mode,
                cancelOrderId=placed["orderId"] if cancels else 99,
            )
        )[1]
        return body.get("data", body)

    data = ask(replace)
    assert (data["cancelResult"], data["newOrderResult"]) == words


def test_lists_are_paged_by_number_and_by_time():
    async def look(box, client):
        numbers = []
        for _ in range(5):
            numbers.append((await client.place())["orderId"])
            box.step(13)
        middle = numbers[2]
        orders = await client.get("allOrders", symbol=NAME)
        return (
            numbers,
            [one["orderId"] for one in orders],
            [one["orderId"] for one in await client.get("allOrders", symbol=NAME, orderId=middle)],
            [one["orderId"] for one in await client.get("allOrders", symbol=NAME, limit=2)],
            [
                one["orderId"]
                for one in await client.get("allOrders", symbol=NAME, startTime=orders[3]["time"])
            ],
            [one["id"] for one in await client.get("myTrades", symbol=NAME, fromId=4)],
            [one["orderId"] for one in await client.get("myTrades", symbol=NAME, orderId=middle)],
        )

    numbers, all_, after, latest, since, trades, of_order = ask(look)
    assert all_ == numbers
    assert after == numbers[2:]
    assert latest == numbers[-2:]
    assert since == numbers[3:]
    assert trades == [4, 5]
    assert of_order == [numbers[2]]


# The market ----------------------------------------------------------------------------------


def test_reference_data_name_the_symbol_its_filters_and_the_limits():
    async def look(_, client):
        return (await client.ask("GET", "/api/v3/exchangeInfo", signed=False, symbol=NAME))[1]

    info = ask(look)
    (symbol,) = info["symbols"]
    filters = {one["filterType"]: one for one in symbol["filters"]}
    assert (symbol["symbol"], symbol["status"]) == (NAME, "TRADING")
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    assert {one["rateLimitType"] for one in info["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS"}


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("klines", {"symbol": NAME}, -1102),
        ("klines", {"symbol": NAME, "interval": "7m"}, -1120),
        ("klines", {"symbol": NAME, "interval": "1s"}, -1120),
        ("depth", {}, -1102),
        ("trades", {"symbol": "NONE"}, -1121),
        ("nothing", {}, -1000),
    ],
)
def test_questions_about_the_market_that_have_no_answer(path, params, code):
    async def look(_, client):
        return (await client.ask("GET", f"/api/v3/{path}", signed=False, **params))[1]

    assert ask(look)["code"] == code


def test_prices_trades_and_book_agree_with_each_other():
    async def look(box, client):
        box.step(40)

        async def get(path, **params):
            return (await client.ask("GET", f"/api/v3/{path}", signed=False, **params))[1]

        return (
            await get("trades", symbol=NAME, limit=3),
            await get("aggTrades", symbol=NAME, limit=2),
            await get("ticker/price", symbol=NAME),
            await get("ticker/bookTicker"),
            await get("depth", symbol=NAME, limit=5),
        )

    trades, aggregated, price, (ticker,), book = ask(look, series([10_000 + n for n in range(50)]))
    assert trades[-1]["price"] == price["price"]
    assert [one["a"] for one in aggregated] == [one["id"] for one in trades[-2:]]
    assert [ticker["bidPrice"], ticker["bidQty"]] == book["bids"][0]
    assert [ticker["askPrice"], ticker["askQty"]] == book["asks"][0]
    assert float(ticker["bidPrice"]) < float(price["price"]) < float(ticker["askPrice"])
    assert len(book["bids"]) == len(book["asks"]) == 5


def test_bars_are_those_of_the_series_and_the_unfinished_one():
    prices = [10_000 + 10 * n for n in range(50)]

    async def look(box, client):
        box.step(13 * 5 + 6)
        params = {"symbol": NAME, "interval": "1m", "startTime": START // 10**6}
        return (await client.ask("GET", "/api/v3/klines", signed=False, **params))[1]

    rows = ask(look, series(prices))
    assert len(rows) == 16
    assert [row[0] for row in rows] == [(START + n * MINUTE) // 10**6 for n in range(16)]
    assert [row[4] for row in rows[:15]] == [f"{price / 100:.8f}" for price in prices[:15]]
    assert rows[3][1:6] == ["100.20000000", "100.30000000", "100.20000000", "100.30000000",
                            "12.00000000"]  # fmt: skip
    assert float(rows[15][5]) < 12


def test_pages_of_bars_begin_and_end_where_they_are_asked_to():
    async def look(box, client):
        box.step(13 * 20)

        async def get(**params):
            given = {"symbol": NAME} | params
            rows = (await client.ask("GET", "/api/v3/klines", signed=False, **given))[1]
            return [(row[0] - START // 10**6) // 60_000 for row in rows]

        def at(minute):
            return START // 10**6 + 60_000 * minute

        return (
            await get(interval="1m", startTime=at(4), endTime=at(6)),
            await get(interval="1m", endTime=at(9), limit=2),
            await get(interval="1m", startTime=at(4) + 1, limit=2),
            await get(interval="5m", limit=2),
            await get(interval="1m", startTime=at(900)),
        )

    start = START // 10**6 // 60_000 % 5
    both, ending, after, fives, none = ask(look)
    assert both == [4, 5, 6]
    assert ending == [8, 9]
    assert after == [5, 6]
    assert fives[1] - fives[0] == 5
    assert (fives[0] + start) % 5 == 0
    assert none == []


def test_the_account_adds_up():
    async def look(_, client):
        await client.place(quantity="2")
        await client.place(type="LIMIT", timeInForce="GTC", price="90")
        account = await client.get("account", omitZeroBalances="true")
        _, coins, _ = await client.ask("GET", "/sapi/v1/capital/config/getall")
        _, fees, _ = await client.ask("GET", "/sapi/v1/asset/tradeFee", symbol=NAME)
        return account, coins, fees

    account, coins, fees = ask(look)
    held = {one["asset"]: (float(one["free"]), float(one["locked"])) for one in account["balances"]}
    assert held["BTC"] == (2.0, 0.0)
    assert held["USDT"][1] == pytest.approx(90.09)
    assert sum(held["USDT"]) == pytest.approx(100_000 - 200.02 * 1.001)
    assert {one["coin"] for one in coins} == {"BTC", "USDT"}
    assert fees[0]["takerCommission"] == "0.001"
    assert account["takerCommission"] == 10


def test_keys_of_the_account_stream_live_until_they_are_ended():
    async def use(_, client):
        path = "/api/v3/userDataStream"
        _, made, _ = await client.ask("POST", path, signed=False)
        key = made["listenKey"]
        kept = await client.ask("PUT", path, signed=False, listenKey=key)
        ended = await client.ask("DELETE", path, signed=False, listenKey=key)
        gone = await client.ask("PUT", path, signed=False, listenKey=key)
        again = await client.ask("DELETE", path, signed=False, listenKey=key)
        return len(key), kept[0], ended[0], gone[1]["code"], again[1]["code"]

    assert ask(use) == (60, 200, 200, -1125, -1125)


# Control -------------------------------------------------------------------------------------


async def control(box: Any, client: Any, method: str, what: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {box.admin_token}"}
    async with client._session.request(
        method, f"{box.url}/sandbox/{what}", json=body, headers=headers
    ) as response:
        return response.status, await response.json()


def test_the_control_endpoint_needs_its_token():
    async def knock(box, client):
        async with client._session.get(f"{box.url}/sandbox/state") as response:
            return response.status

    assert ask(knock) == 403


def test_a_market_is_halted_and_its_filters_change():
    async def change(box, client):
        halted = await control(
            box, client, "POST", "market", {"symbol": NAME, "status": "HALT", "tick": "0.5"}
        )
        closed = await client.place()
        await control(box, client, "POST", "market", {"symbol": NAME, "status": "TRADING"})
        coarse = await client.place(type="LIMIT", timeInForce="GTC", price="90.01")
        good = await client.place(type="LIMIT", timeInForce="GTC", price="90.5")
        return halted, closed, coarse, good

    halted, closed, coarse, good = ask(change)
    assert halted[1]["status"] == "HALT"
    assert (closed["code"], closed["msg"]) == (-1013, "Market is closed.")
    assert coarse["msg"] == "Filter failure: PRICE_FILTER"
    assert good["status"] == "NEW"


def test_a_market_that_stands_still_is_moved_from_outside():
    async def move(box, client):
        before = await control(box, client, "GET", "state")
        stepped = await control(box, client, "POST", "step", {"moments": 13})
        until = stepped[1]["time"] + 600_000
        moved = await control(box, client, "POST", "step", {"until": until})
        return before[1], stepped[1], moved[1], until

    before, stepped, moved, until = ask(move)
    assert before["symbols"] == {NAME: "TRADING"}
    assert stepped["moments"] == 13
    assert moved["time"] == until
    assert moved["moments"] == 10 * 13


def test_faults_are_armed_listed_and_cleared_from_outside():
    async def arm(box, client):
        armed = await control(box, client, "POST", "faults", {"kind": "ban", "seconds": 30})
        listed = await control(box, client, "GET", "faults")
        banned = await client.ask("GET", "/api/v3/time", signed=False)
        await control(box, client, "DELETE", "faults")
        well = await client.ask("GET", "/api/v3/time", signed=False)
        wrong = await control(box, client, "POST", "faults", {"kind": "meteor"})
        nothing = await control(box, client, "GET", "weather")
        return armed, listed, banned[0], well[0], wrong, nothing[0]

    armed, listed, banned, well, wrong, nothing = ask(arm)
    assert armed == (200, {"armed": "ban"})
    assert listed[1][0]["kind"] == "ban"
    assert (banned, well, nothing) == (418, 200, 404)
    assert wrong[0] == 400
    assert "meteor" in wrong[1]["error"]
