"""The account in Binance's words: orders, trades, balances, and the events of its stream."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.money import from_money
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import CloseReason

from tradectl_sandbox.clock import MILLISECOND
from tradectl_sandbox.terms import Terms

if TYPE_CHECKING:
    from tradectl_sdk.exchange import Balance, OrderReport, TradeReport
    from tradectl_sdk.paper import OrderRecord, TradeRecord

    from tradectl_sandbox.listing import Listing

STATUSES = {
    OrderStatus.HELD: "PENDING_NEW",
    OrderStatus.ACCEPTED: "NEW",
    OrderStatus.TRIGGERED: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "EXPIRED",
}
# Ends that the engine calls cancelled and Binance calls expired: nobody asked for them.
EXPIRES = {
    int(reason)
    for reason in (
        CloseReason.NOT_AT_ONCE,
        CloseReason.NOT_WHOLE,
        CloseReason.SIBLING_FILLED,
        CloseReason.CASH_AT_FILL,
        CloseReason.NOTHING_LEFT,
    )
}
NOTHING = "0.00000000"


def status_of(status: int, reason: int) -> str:
    """Name a status as Binance does."""
    if status == OrderStatus.CANCELED and reason in EXPIRES:
        return "EXPIRED"
    return STATUSES[OrderStatus(status)]


def side_of(side: int) -> str:
    """Name a side."""
    return "BUY" if side > 0 else "SELL"


def money(units: int) -> str:
    """Write money units as the wire has amounts."""
    return f"{from_money(units):.8f}"


def order_body(listing: Listing, order: OrderRecord) -> dict[str, Any]:
    """Describe an order as ``GET order`` does."""
    report, terms = order.report, Terms.read(order.note)
    body = {
        "symbol": listing.name,
        "orderId": order.number,
        "orderListId": terms.list,
        "clientOrderId": report.client_id,
        "price": listing.price(terms.price),
        "origQty": listing.quantity(report.lots),
        "executedQty": listing.quantity(report.filled),
        "origQuoteOrderQty": terms.cost,
        "cummulativeQuoteQty": money(order.value),
        "status": status_of(report.status, report.reason),
        "timeInForce": terms.time_in_force,
        "type": terms.type,
        "side": side_of(report.side),
        "stopPrice": listing.price(terms.stop),
        "icebergQty": NOTHING,
        "time": order.created // MILLISECOND,
        "updateTime": order.time // MILLISECOND,
        "isWorking": report.status != OrderStatus.HELD,
        "workingTime": order.created // MILLISECOND,
        "selfTradePreventionMode": "NONE",
    }
    return body | ({"trailingDelta": terms.trail} if terms.trail else {})


_PLACED = (
    *("symbol", "orderId", "orderListId", "clientOrderId", "transactTime", "price", "origQty"),
    *("executedQty", "origQuoteOrderQty", "cummulativeQuoteQty", "status", "timeInForce", "type"),
    *("side", "workingTime", "selfTradePreventionMode"),
)
_ACKNOWLEDGED = _PLACED[:5]
_CANCELLED = tuple(name for name in _PLACED if name != "workingTime")


def placed_body(
    listing: Listing, order: OrderRecord, trades: list[TradeRecord], kind: str
) -> dict[str, Any]:
    """Describe a new order as ``POST order`` does.

    Args:
        listing: Its market.
        order: The order.
        trades: Its trades so far.
        kind: ``ACK``, ``RESULT`` or ``FULL``.
    """
    whole = order_body(listing, order) | {"transactTime": order.time // MILLISECOND}
    if kind == "ACK":
        return {name: whole[name] for name in _ACKNOWLEDGED}
    body = {name: whole[name] for name in _PLACED}
    if Terms.read(order.note).stop:
        body["stopPrice"] = whole["stopPrice"]
    if kind == "FULL":
        body["fills"] = [_fill(listing, one) for one in trades]
    return body


def cancelled_body(listing: Listing, order: OrderRecord, client_id: str) -> dict[str, Any]:
    """Describe a cancelled order as ``DELETE order`` does."""
    whole = order_body(listing, order) | {"transactTime": order.time // MILLISECOND}
    body = {name: whole[name] for name in _CANCELLED}
    own = {"origClientOrderId": body["clientOrderId"], "clientOrderId": client_id}
    return {"symbol": listing.name} | own | {k: v for k, v in body.items() if k not in own}


def _fill(listing: Listing, trade: TradeRecord) -> dict[str, Any]:
    report = trade.report
    return {
        "price": listing.price(report.price),
        "qty": listing.quantity(report.lots),
        "commission": money(report.fee),
        "commissionAsset": listing.instrument.quote,
        "tradeId": trade.number,
    }


def trade_body(listing: Listing, trade: TradeRecord) -> dict[str, Any]:
    """Describe an own trade as ``myTrades`` does."""
    report = trade.report
    return {
        "symbol": listing.name,
        "id": trade.number,
        "orderId": trade.order,
        "orderListId": -1,
        "price": listing.price(report.price),
        "qty": listing.quantity(report.lots),
        "quoteQty": f"{listing.value(report.price, report.lots):.8f}",
        "commission": money(report.fee),
        "commissionAsset": listing.instrument.quote,
        "time": report.time // MILLISECOND,
        "isBuyer": report.side > 0,
        "isMaker": report.maker,
        "isBestMatch": True,
    }


def execution_report(
    listing: Listing,
    order: OrderRecord,
    report: OrderReport,
    *,
    now: int,
    trade: TradeReport | None = None,
    value: Decimal | None = None,
) -> dict[str, Any]:
    """Tell of an order as the account stream does.

    Args:
        listing: Its market.
        order: The order as it is now.
        report: How it was when this happened.
        now: The exchange's time, milliseconds.
        trade: The fill this tells of, if any.
        value: What was traded so far in the quote currency; as it is now unless given.
    """
    terms = Terms.read(order.note)
    status = status_of(report.status, report.reason)
    kind = "TRADE" if trade else ("NEW" if status == "PENDING_NEW" else status)
    total = from_money(order.value) if value is None else value
    latest = listing.value(trade.price, trade.lots) if trade else Decimal(0)
    cancelled = report.client_id if status == "CANCELED" else ""
    return {
        "e": "executionReport",
        "E": now,
        "s": listing.name,
        "c": report.client_id,
        "S": side_of(report.side),
        "o": terms.type,
        "f": terms.time_in_force,
        "q": listing.quantity(report.lots),
        "p": listing.price(terms.price),
        "P": listing.price(terms.stop),
        "F": NOTHING,
        "g": terms.list,
        "C": cancelled,
        "x": kind,
        "X": status,
        "r": "NONE",
        "i": order.number,
        "l": listing.quantity(trade.lots if trade else 0),
        "z": listing.quantity(report.filled),
        "L": listing.price(trade.price if trade else 0),
        "n": money(trade.fee) if trade else "0",
        "N": listing.instrument.quote if trade else None,
        "T": (trade.time if trade else report.time) // MILLISECOND,
        "t": int(trade.trade_id) if trade else -1,
        "I": order.number * 10 + int(trade.trade_id if trade else 0),
        "w": status in {"NEW", "PARTIALLY_FILLED"},
        "m": bool(trade and trade.maker),
        "M": False,
        "O": order.created // MILLISECOND,
        "Z": f"{total:.8f}",
        "Y": f"{latest:.8f}",
        "Q": terms.cost,
        "W": order.created // MILLISECOND,
        "V": "NONE",
    }


def account_position(balances: list[Balance], now: int) -> dict[str, Any]:
    """Tell of balances that changed."""
    rows = [{"a": b.currency, "f": money(b.free), "l": money(b.held)} for b in balances]
    return {"e": "outboundAccountPosition", "E": now, "u": now, "B": rows}
