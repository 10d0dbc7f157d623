"""Answers about orders, own trades and order lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sandbox import refusals, reports
from tradectl_sandbox.faults import FaultKind
from tradectl_sandbox.refusals import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.paper import OrderRecord

    from tradectl_sandbox.house import House
    from tradectl_sandbox.question import Question


def place(house: House, question: Question) -> Any:
    """Take a new order."""
    question.must_trade()
    order = house.desk.place(question.params)
    listing = house.listings.of(order.ticket.instrument)
    house.spoil(listing, order)
    order = house.desk.by_number(listing, order.number)
    kind = question.params.get("newOrderRespType", "")
    terms_type = question.params.get("type", "")
    if kind not in {"ACK", "RESULT", "FULL"}:
        kind = "FULL" if terms_type in {"MARKET", "LIMIT"} else "ACK"
    return house.desk.placed(listing, order, kind)


def try_place(house: House, question: Question) -> Any:
    """Check a new order."""
    question.must_trade()
    house.desk.try_place(question.params)
    return {}


def cancel(house: House, question: Question) -> Any:
    """Cancel an order."""
    question.must_trade()
    return house.desk.cancel(question.params)


def cancel_all(house: House, question: Question) -> Any:
    """Cancel all orders of a symbol."""
    question.must_trade()
    return house.desk.cancel_all(question.params)


def cancel_replace(house: House, question: Question) -> Any:
    """Cancel an order and place another one."""
    question.must_trade()
    params = question.params
    mode = params.get("cancelReplaceMode", "")
    if mode not in {"STOP_ON_FAILURE", "ALLOW_FAILURE"}:
        raise missing("cancelReplaceMode")
    meant = {
        "symbol": question.symbol,
        "orderId": params.get("cancelOrderId", ""),
        "origClientOrderId": params.get("cancelOrigClientOrderId", ""),
        "newClientOrderId": params.get("cancelNewClientOrderId", ""),
    }
    cancelled = _attempt(lambda: house.desk.cancel(meant))
    if isinstance(cancelled, refusals.Refusal) and mode == "STOP_ON_FAILURE":
        placed: Any = None
    else:
        placed = _attempt(lambda: place(house, question))
    return _replaced(cancelled, placed)


def query_order(house: House, question: Question) -> Any:
    """Describe an order."""
    listing = house.listings.named(question.symbol)
    order = house.desk.find(listing, question.params, "orderId", "origClientOrderId")
    hidden = house.faults.lasting(FaultKind.HIDE_ORDERS, listing.name)
    if hidden and _age(house, order) < hidden.seconds:
        raise refusals.NO_ORDER
    return reports.order_body(listing, order)


def open_orders(house: House, question: Question) -> Any:
    """List working orders."""
    found = house.desk.open_orders(question.symbol)
    if house.faults.lasting(FaultKind.EMPTY_LISTS, question.symbol):
        return []
    hidden = house.faults.lasting(FaultKind.HIDE_OPEN_ORDERS, question.symbol)
    return [
        reports.order_body(listing, order)
        for listing, order in found
        if not (hidden and _age(house, order) < hidden.seconds)
    ]


def all_orders(house: House, question: Question) -> Any:
    """List orders of a symbol."""
    listing = house.listings.named(question.symbol)
    if house.faults.lasting(FaultKind.EMPTY_LISTS, listing.name):
        return []
    found = house.desk.orders(listing, question.params)
    return [reports.order_body(listing, order) for order in found]


def my_trades(house: House, question: Question) -> Any:
    """List own trades of a symbol."""
    listing = house.listings.named(question.symbol)
    if house.faults.lasting(FaultKind.EMPTY_LISTS, listing.name):
        return []
    return house.desk.trades(listing, question.params)


def place_list(house: House, question: Question) -> Any:
    """Take two orders of which one cancels the other."""
    question.must_trade()
    return house.lists.place(question.params)


def place_old_list(house: House, question: Question) -> Any:
    """Take them in the older form."""
    question.must_trade()
    return house.lists.place_old(question.params)


def cancel_list(house: House, question: Question) -> Any:
    """Cancel both."""
    question.must_trade()
    return house.lists.cancel(question.params)


def query_list(house: House, question: Question) -> Any:
    """Describe both."""
    return house.lists.query(question.params)


def open_lists(house: House, _: Question) -> Any:
    """List those that work."""
    return house.lists.open()


def _age(house: House, order: OrderRecord) -> float:
    """Seconds since an order was placed."""
    return (house.clock.now - order.created) / 1e9


def _attempt(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except refusals.Refusal as refusal:
        return refusal


def _replaced(cancelled: Any, placed: Any) -> Any:
    """The answer to a replacement, of which either half may have failed."""

    def word(result: Any) -> str:
        if result is None:
            return "NOT_ATTEMPTED"
        return "FAILURE" if isinstance(result, refusals.Refusal) else "SUCCESS"

    def body(result: Any) -> Any:
        return result.body if isinstance(result, refusals.Refusal) else result

    data = {
        "cancelResult": word(cancelled),
        "newOrderResult": word(placed),
        "cancelResponse": body(cancelled),
        "newOrderResponse": body(placed),
    }
    words = {data["cancelResult"], data["newOrderResult"]}
    if words == {"SUCCESS"}:
        return data
    if "SUCCESS" in words:
        raise refusals.Refusal(-2021, "Order cancel-replace partially failed.", 409, data=data)
    raise refusals.Refusal(-2022, "Order cancel-replace failed.", data=data)
