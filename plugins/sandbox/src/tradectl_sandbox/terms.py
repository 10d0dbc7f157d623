"""From what a client asks for to an order that the paper venue takes, or a refusal."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.exchange import Ticket

from tradectl_sandbox import refusals
from tradectl_sandbox.listing import MOST_LOTS, ORDER_TYPES
from tradectl_sandbox.refusals import filter_failure, illegal, missing, superfluous

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sandbox.listing import Listing

CLIENT_ID = re.compile(r"[\w.:/-]{1,36}", re.ASCII)
NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?")
NUMBER_RANGE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
TIMES = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}

# What each type needs besides side and quantity, and what it has no use for.
NEEDS = {
    "LIMIT": ("timeInForce", "price"),
    "MARKET": (),
    "STOP_LOSS": ("stopPrice",),
    "STOP_LOSS_LIMIT": ("timeInForce", "price", "stopPrice"),
    "TAKE_PROFIT": ("stopPrice",),
    "TAKE_PROFIT_LIMIT": ("timeInForce", "price", "stopPrice"),
    "LIMIT_MAKER": ("price",),
}
USES = ("timeInForce", "price", "stopPrice", "trailingDelta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Prices that terms are judged by, in ticks; 0 before the first trade."""

    last: int
    bid: int
    ask: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """An order as its client asked for it.

    Attributes:
        type: Binance's name of its type.
        time_in_force: ``GTC``, ``IOC`` or ``FOK``.
        price: Limit price in ticks, 0 for none.
        stop: Stop price in ticks, 0 for none.
        trail: Trailing distance in basis points, 0 for none.
        cost: What was to be spent, where that was said instead of a quantity.
        list: Number of its order list, -1 for none.
        list_id: The client's id of that list.
    """

    type: str
    time_in_force: str
    price: int = 0
    stop: int = 0
    trail: int = 0
    cost: str = "0.00000000"
    list: int = -1
    list_id: str = ""

    def note(self) -> str:
        """Write them as they are kept with the order."""
        return json.dumps([getattr(self, name) for name in self.__slots__])

    @classmethod
    def read(cls, note: str) -> Terms:
        """Read them from what was kept."""
        return cls(**dict(zip(cls.__slots__, json.loads(note), strict=True)))


def read_order(
    listing: Listing, params: Mapping[str, str], market: Market, client_id: str, now: int
) -> tuple[Ticket, Terms]:
    """Read a new order.

    Raises:
        Refusal: If it is no order, or not one for this market.
    """
    kind, side = _kind(params), _side(params)
    _check_parameters(kind, params)
    tif = params.get("timeInForce", "GTC")
    if tif not in TIMES:
        raise refusals.BAD_TIME_IN_FORCE
    price, stop = _ticks(listing, params, "price"), _ticks(listing, params, "stopPrice")
    trail = int(_amount(params, "trailingDelta")) if "trailingDelta" in params else 0
    lots, cost = _lots(listing, kind, params, side, market)
    _check_value(listing, price or stop or market.last, lots)
    terms = Terms(
        type=kind, time_in_force=tif, price=price, stop=stop, trail=trail, cost=f"{cost:.8f}"
    )
    ticket = make_ticket(listing, terms, side, lots, client_id, now)
    check_market(ticket, terms, market)
    return ticket, terms


def make_ticket(
    listing: Listing, terms: Terms, side: int, lots: int, client_id: str, now: int
) -> Ticket:
    """Say an order in the engine's words.

    A take profit is a limit order that nobody sees: it fills where its stop price is met, or where
    its limit lets it, whichever is better for its owner.
    """
    kind, limit, trigger, tif = OrderType.LIMIT, terms.price, 0, TIMES[terms.time_in_force]
    flags, trail = OrderFlag(0), 0
    if terms.type == "MARKET":
        kind, tif = OrderType.MARKET, TimeInForce.IOC
    elif terms.type.startswith("TAKE_PROFIT"):
        better = max if side < 0 else min
        limit = better(terms.price, terms.stop) if terms.price else terms.stop
    elif terms.trail:
        kind, limit = OrderType.TRAILING_STOP, 0
        flags, trail = OrderFlag.TRAIL_BPS, terms.trail * 100
    elif terms.type == "STOP_LOSS":
        kind, trigger = OrderType.STOP, terms.stop
    elif terms.type == "STOP_LOSS_LIMIT":
        kind, trigger = OrderType.STOP_LIMIT, terms.stop
    return Ticket(
        client_id=client_id,
        instrument=str(listing.instrument.id),
        side=side,
        type=kind,
        time_in_force=tif,
        flags=flags,
        lots=lots,
        limit=limit,
        trigger=trigger,
        trail=trail,
        decided=now,
    )


def check_market(ticket: Ticket, terms: Terms, market: Market) -> None:
    """Refuse what the present price rules out.

    Raises:
        Refusal: If a maker order would take, or a stop would trigger at once.
    """
    side = ticket.side
    if terms.type == "LIMIT_MAKER":
        best = market.ask if side > 0 else market.bid
        if best and side * (ticket.limit - best) >= 0:
            raise refusals.rejected("Order would immediately match and take.")
    if terms.stop:
        protects = terms.type.startswith("STOP_LOSS")
        gap = side * (terms.stop - market.last) * (1 if protects else -1)
        if gap <= 0:
            raise refusals.rejected("Stop price would trigger immediately.")


def client_id_of(params: Mapping[str, str], name: str, default: str) -> str:
    """Read a client id.

    Raises:
        Refusal: If it has characters it must not have.
    """
    given = params.get(name, "")
    if given and CLIENT_ID.fullmatch(given) is None:
        raise illegal(name, r"^[\.A-Z\:/a-z0-9_-]{1,36}$")
    return given or default


def _kind(params: Mapping[str, str]) -> str:
    kind = params.get("type", "")
    if not kind:
        raise missing("type")
    if kind not in ORDER_TYPES:
        raise refusals.BAD_TYPE
    return kind


def _side(params: Mapping[str, str]) -> int:
    side = params.get("side", "")
    if not side:
        raise missing("side")
    if side not in {"BUY", "SELL"}:
        raise refusals.BAD_SIDE
    return 1 if side == "BUY" else -1


def _check_parameters(kind: str, params: Mapping[str, str]) -> None:
    needs = NEEDS[kind]
    trails = "trailingDelta" in params and "stopPrice" in needs
    for name in needs:
        if not params.get(name) and not (name == "stopPrice" and trails):
            raise missing(name)
    for name in USES:
        if name in params and name not in needs and not (name == "trailingDelta" and trails):
            raise superfluous(name)
    if trails and "price" in needs:
        raise refusals.BAD_COMBINATION  # a trailing stop-limit is more than the engine knows
    if ("quantity" in params) == ("quoteOrderQty" in params):
        raise missing("quantity") if kind != "MARKET" else refusals.BAD_COMBINATION
    if "quoteOrderQty" in params and kind != "MARKET":
        raise superfluous("quoteOrderQty")


def _amount(params: Mapping[str, str], name: str) -> Decimal:
    text = params.get(name, "")
    try:
        if NUMBER.fullmatch(text) is None:
            raise illegal(name, NUMBER_RANGE)
        return Decimal(text)
    except InvalidOperation:
        raise illegal(name, NUMBER_RANGE) from None


def _ticks(listing: Listing, params: Mapping[str, str], name: str) -> int:
    if name not in params:
        return 0
    price = _amount(params, name)
    if price <= 0 or price % listing.tick or price / listing.tick > MOST_LOTS:
        raise filter_failure("PRICE_FILTER")
    return int(price / listing.instrument.tick_size)


def _lots(
    listing: Listing, kind: str, params: Mapping[str, str], side: int, market: Market
) -> tuple[int, Decimal]:
    if kind == "MARKET" and "quoteOrderQty" in params:
        cost = _amount(params, "quoteOrderQty")
        best = market.ask if side > 0 else market.bid
        if best == 0:
            raise refusals.MARKET_CLOSED
        quantity = cost / listing.instrument.ticks_to_price(best)
        quantity -= quantity % listing.lot
    else:
        cost, quantity = Decimal(0), _amount(params, "quantity")
        if -quantity.as_tuple().exponent > 8 and quantity != quantity.quantize(Decimal("1e-8")):  # type: ignore[operator]
            raise refusals.TOO_PRECISE
    if quantity <= 0 or quantity % listing.lot:
        raise filter_failure("LOT_SIZE")
    lots = int(quantity / listing.instrument.lot_size)
    if lots > MOST_LOTS:
        raise filter_failure("LOT_SIZE")
    return lots, cost


def _check_value(listing: Listing, price: int, lots: int) -> None:
    if price == 0:
        raise refusals.MARKET_CLOSED
    if listing.value(price, lots) < listing.min_notional:
        raise filter_failure("NOTIONAL")
