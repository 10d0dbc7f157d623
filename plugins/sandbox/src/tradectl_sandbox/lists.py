"""Order lists: one cancels the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tradectl_sandbox import refusals, reports
from tradectl_sandbox.refusals import NO_ORDER, missing
from tradectl_sandbox.terms import Terms, client_id_of, read_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.paper import OrderRecord

    from tradectl_sandbox.desk import Desk
    from tradectl_sandbox.listing import Listing, Listings

# Parameters of the present form by leg, and those of the older one that mean the same.
_OWN = ("Type", "ClientOrderId", "Price", "StopPrice", "TimeInForce")


class OrderLists:
    """Two orders, of which one ends when the other fills."""

    def __init__(self, desk: Desk, listings: Listings, now: Any) -> None:
        self._desk = desk
        self._listings = listings
        self._now = now

    def place(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Take a list in the present form: an order above the price and one below it.

        Raises:
            Refusal: If it is not taken.
        """
        return self._place(params, [_leg(params, "above"), _leg(params, "below")])

    def place_old(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Take a list in the older form: a limit maker and a stop.

        Raises:
            Refusal: If it is not taken.
        """
        limit = {
            "type": "LIMIT_MAKER",
            "price": params.get("price", ""),
            "newClientOrderId": params.get("limitClientOrderId", ""),
        }
        stop = {
            "type": "STOP_LOSS_LIMIT" if params.get("stopLimitPrice") else "STOP_LOSS",
            "stopPrice": params.get("stopPrice", ""),
            "price": params.get("stopLimitPrice", ""),
            "timeInForce": params.get("stopLimitTimeInForce", ""),
            "newClientOrderId": params.get("stopClientOrderId", ""),
        }
        return self._place(params, [stop, limit])

    def _place(self, params: Mapping[str, str], legs: list[dict[str, str]]) -> dict[str, Any]:
        desk = self._desk
        listing = desk.open_market(params)
        number, market = desk.next_number(), desk.market(listing)
        list_id = client_id_of(params, "listClientOrderId", desk.make_id())
        shared = {name: params[name] for name in ("side", "quantity") if params.get(name)}
        orders = []
        for leg in legs:
            given = {name: value for name, value in leg.items() if value} | shared
            client_id = client_id_of(given, "newClientOrderId", desk.make_id())
            given.pop("newClientOrderId", None)
            ticket, terms = read_order(listing, given, market, client_id, self._now())
            orders.append((ticket, replace(terms, list=number, list_id=list_id)))
        if {terms.type == "LIMIT_MAKER" for _, terms in orders} != {True, False}:
            raise refusals.BAD_COMBINATION  # the engine's groups are a limit and a stop
        first = orders[0][0].client_id
        tied = [(_tie(ticket, first), terms) for ticket, terms in orders]
        desk.check_room(listing, [ticket for ticket, _ in tied])
        placed = desk.submit(listing, tied)
        reports_ = [desk.placed(listing, order, "RESULT") for order in placed]
        return self._body(listing, placed) | {"orderReports": reports_}

    def query(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Describe a list.

        Raises:
            Refusal: If there is none.
        """
        for listing in self._listings.all:
            for order in self._desk.orders(listing, {"limit": "1000"}):
                if self._is_meant(order, params):
                    orders = self._desk.of_list(listing, Terms.read(order.note).list)
                    return self._body(listing, orders)
        raise NO_ORDER

    def open(self) -> list[dict[str, Any]]:
        """Describe the lists that work."""
        found: dict[int, dict[str, Any]] = {}
        for listing, order in self._desk.open_orders(""):
            number = Terms.read(order.note).list
            if number >= 0:
                found[number] = self._body(listing, self._desk.of_list(listing, number))
        return list(found.values())

    def cancel(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Cancel a list.

        Raises:
            Refusal: If there is none that works.
        """
        listing = self._listings.named(params.get("symbol", ""))
        for _, order in self._desk.open_orders(listing.name):
            if self._is_meant(order, params):
                self._desk.end(listing, order)
                orders = self._desk.of_list(listing, Terms.read(order.note).list)
                bodies = [reports.cancelled_body(listing, o, o.ticket.client_id) for o in orders]
                return self._body(listing, orders) | {"orderReports": bodies}
        raise refusals.NO_CANCEL

    def _is_meant(self, order: OrderRecord, params: Mapping[str, str]) -> bool:
        terms = Terms.read(order.note)
        if terms.list < 0:
            return False
        number = params.get("orderListId", "")
        if number:
            return str(terms.list) == number
        return terms.list_id in {params.get("origClientOrderId"), params.get("listClientOrderId")}

    def _body(self, listing: Listing, orders: list[OrderRecord]) -> dict[str, Any]:
        terms = Terms.read(orders[0].note)
        done = all(order.ended for order in orders)
        return {
            "orderListId": terms.list,
            "contingencyType": "OCO",
            "listStatusType": "ALL_DONE" if done else "EXEC_STARTED",
            "listOrderStatus": "ALL_DONE" if done else "EXECUTING",
            "listClientOrderId": terms.list_id,
            "transactionTime": max(order.time for order in orders) // 1_000_000,
            "symbol": listing.name,
            "orders": [
                {
                    "symbol": listing.name,
                    "orderId": order.number,
                    "clientOrderId": order.ticket.client_id,
                }
                for order in orders
            ],
        }


def _leg(params: Mapping[str, str], side: str) -> dict[str, str]:
    if not params.get(f"{side}Type"):
        raise missing(f"{side}Type")
    names = ("type", "newClientOrderId", "price", "stopPrice", "timeInForce")
    return {name: params.get(f"{side}{own}", "") for name, own in zip(names, _OWN, strict=True)}


def _tie(ticket: Any, group: str) -> Any:
    import msgspec

    return msgspec.structs.replace(ticket, group=group)
