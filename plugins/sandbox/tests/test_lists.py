"""Order lists: one cancels the other."""

from __future__ import annotations

from typing import Any

import pytest
from rehearsing import NAME, rehearsal, run, series

RISING = [10_000] * 11 + [10_000 + 200 * n for n in range(20)]
FALLING = [10_000] * 11 + [10_000 - 200 * n for n in range(20)]
PRESENT = {
    "symbol": NAME, "side": "SELL", "quantity": "1", "listClientOrderId": "both",
    "aboveType": "LIMIT_MAKER", "abovePrice": "110", "aboveClientOrderId": "above",
    "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "95", "belowPrice": "90",
    "belowTimeInForce": "GTC", "belowClientOrderId": "below",
}  # fmt: skip
OLDER = {
    "symbol": NAME, "side": "SELL", "quantity": "1", "listClientOrderId": "both",
    "price": "110", "limitClientOrderId": "above", "stopPrice": "95",
    "stopClientOrderId": "below",
}  # fmt: skip


def ask(action: Any, *ones: Any) -> Any:
    async def session() -> Any:
        async with rehearsal(*ones) as (box, client):
            await client.place(quantity="2")
            return await action(box, client)

    return run(session())


async def statuses(client: Any) -> dict[str, str]:
    orders = await client.get("allOrders", symbol=NAME)
    return {one["clientOrderId"]: one["status"] for one in orders[1:]}


@pytest.mark.parametrize(
    ("prices", "ends"),
    [
        (RISING, {"above": "FILLED", "below": "EXPIRED"}),
        (FALLING, {"above": "EXPIRED", "below": "FILLED"}),
    ],
)
@pytest.mark.parametrize(("path", "terms"), [("orderList/oco", PRESENT), ("order/oco", OLDER)])
def test_one_ends_when_the_other_fills(path, terms, prices, ends):
    async def place(box, client):
        _, body, _ = await client.ask("POST", f"/api/v3/{path}", **terms)
        before = await statuses(client)
        box.step(13 * 20)
        return body, before, await statuses(client)

    body, before, after = ask(place, series(prices))
    assert body["contingencyType"] == "OCO"
    assert body["listStatusType"] == "EXEC_STARTED"
    assert {one["clientOrderId"] for one in body["orders"]} == {"above", "below"}
    assert {one["orderListId"] for one in body["orderReports"]} == {body["orderListId"]}
    assert before == {"above": "NEW", "below": "NEW"}
    assert after == ends


def test_a_list_is_found_listed_and_cancelled_as_one():
    async def use(_, client):
        path = "/api/v3/orderList"
        _, placed, _ = await client.ask("POST", f"{path}/oco", **PRESENT)
        number = placed["orderListId"]
        found = await client.get("orderList", orderListId=number)
        named = await client.get("orderList", origClientOrderId="both")
        open_ = await client.get("openOrderList")
        _, ended, _ = await client.ask("DELETE", path, symbol=NAME, listClientOrderId="both")
        again = await client.ask("DELETE", path, symbol=NAME, orderListId=number)
        none = await client.get("orderList", orderListId=99)
        return found, named, open_, ended, again[1]["code"], none["code"], await statuses(client)

    found, named, open_, ended, again, none, left = ask(use)
    assert found == named == open_[0]
    assert ended["listOrderStatus"] == "ALL_DONE"
    assert [one["status"] for one in ended["orderReports"]] == ["CANCELED", "CANCELED"]
    assert (again, none) == (-2011, -2013)
    assert left == {"above": "CANCELED", "below": "CANCELED"}


def test_cancelling_one_order_of_a_list_ends_both():
    async def use(_, client):
        await client.ask("POST", "/api/v3/orderList/oco", **PRESENT)
        await client.ask("DELETE", "/api/v3/order", symbol=NAME, origClientOrderId="above")
        return await statuses(client)

    assert ask(use) == {"above": "CANCELED", "below": "CANCELED"}


def test_both_orders_of_a_list_hold_their_coins_once():
    async def use(_, client):
        await client.ask("POST", "/api/v3/orderList/oco", **PRESENT)
        balances = (await client.get("account"))["balances"]
        return {one["asset"]: one["locked"] for one in balances}["BTC"]

    assert ask(use) == "1.00000000"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"aboveType": ""}, -1102),
        ({"belowType": "LIMIT_MAKER", "belowStopPrice": "", "belowTimeInForce": ""}, -2010),
        ({"belowStopPrice": "105"}, -2010),
        ({"abovePrice": "99"}, -2010),
        ({"quantity": "3"}, -2010),
        ({"quantity": ""}, -1102),
        ({"aboveType": "STOP_LOSS", "abovePrice": "", "aboveStopPrice": "95"}, -1128),
    ],
)
def test_a_list_that_is_none_places_nothing(terms, code):
    async def use(_, client):
        given = {name: value for name, value in (PRESENT | terms).items() if value}
        _, body, _ = await client.ask("POST", "/api/v3/orderList/oco", **given)
        return body["code"], await client.get("openOrders")

    found, open_ = ask(use)
    assert found == code
    assert open_ == []
