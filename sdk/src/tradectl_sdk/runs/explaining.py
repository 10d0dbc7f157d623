"""Why a fill happened at this price, then: one sentence from a run's own records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.domain.orders import OrderFlag, OrderType
from tradectl_sdk.engine.reasons import FillReason

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from tradectl_sdk.domain.instrument import Instrument

_KINDS = {
    OrderType.MARKET: "market order",
    OrderType.LIMIT: "limit order",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop-limit",
    OrderType.TRAILING_STOP: "trailing stop",
}
_REASONS = {int(reason): reason for reason in FillReason}


def explain_fill(fill: np.void, order: np.void, instrument: Instrument) -> str:
    """Say in one sentence why a fill has its price and size.

    Args:
        fill: A record of ``FILL_DTYPE``.
        order: The record of ``ORDER_DTYPE`` it belongs to.
        instrument: What was traded.

    Returns:
        Such as "sold 10 BTC at 9.05, stop with trigger 9.1, the price reached the trigger".
    """

    def price(ticks: int) -> str:
        return plain(instrument.ticks_to_price(int(ticks)))

    def quantity(lots: int) -> str:
        return plain(instrument.lots_to_quantity(int(lots)))

    done, wanted = quantity(fill["quantity"]), quantity(order["quantity"])
    unit = f" {instrument.base}" if instrument.base else ""
    verb = "bought" if fill["side"] > 0 else "sold"
    parts = [
        f"{verb} {done}{unit} at {price(fill['price'])}: {_asked(order, price)}",
        _REASONS[int(fill["reason"])].summary,
    ]
    slipped = abs(int(fill["price"]) - int(fill["reference"]))
    if slipped:
        parts.append(f"{price(slipped)} worse through slippage")
    if done != wanted:
        parts.append(f"part of {wanted}")
    if fill["fee"]:
        amount, role = int(fill["fee"]), "maker" if fill["liquidity"] else "taker"
        what = "fee" if amount > 0 else "rebate"
        parts.append(f"{what} {plain(from_money(abs(amount)))} as {role}")
    parts.append(f"position now {quantity(fill['position'])}")
    return "; ".join(parts)


def _asked(order: np.void, price: Callable[[int], str]) -> str:
    """The kind of order with its prices; a trailing stop's trigger as it was in the end."""
    kind = OrderType(int(order["type"]))
    terms = [f"limit {price(order['limit'])}"] if order["limit"] else []
    if order["trigger"]:
        terms.append(f"trigger {price(order['trigger'])}")
    exit_ = "exit by " if int(order["flags"]) & OrderFlag.CHILD else ""
    return f"{exit_}{_KINDS[kind]}" + (f" with {' and '.join(terms)}" if terms else "")
