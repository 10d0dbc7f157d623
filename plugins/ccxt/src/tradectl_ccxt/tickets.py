"""Our tickets as arguments of ccxt: one meaning, nothing rounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.exchange import Card, Refused, Ticket, ticket_problem

if TYPE_CHECKING:
    from tradectl_sdk.domain.instrument import Instrument

    from tradectl_ccxt.dialects import Dialect

_LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_TRIGGERED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@dataclass(frozen=True, slots=True)
class OrderArguments:
    """What ``create_order`` of ccxt is called with."""

    symbol: str
    type: str
    side: str
    amount: float
    price: float | None
    params: dict[str, Any] = field(default_factory=dict)


def order_arguments(
    client: Any, ticket: Ticket, of: Instrument, dialect: Dialect, card: Card
) -> OrderArguments | Refused:
    """Return what to send, or why it cannot be sent as it stands."""
    if problem := ticket_problem(ticket, card) or _id_problem(ticket, dialect):
        return problem
    amount = of.lots_to_quantity(ticket.lots)
    price = of.ticks_to_price(ticket.limit) if ticket.type in _LIMITED else None
    trigger = of.ticks_to_price(ticket.trigger) if ticket.type in _TRIGGERED else None
    if off := _off_the_grid(client, of.symbol, amount, (price, trigger)):
        return off
    return OrderArguments(
        symbol=of.symbol,
        type="limit" if price is not None else "market",
        side="buy" if ticket.side > 0 else "sell",
        amount=float(amount),
        price=None if price is None else float(price),
        params=_params(ticket, trigger, dialect),
    )


def _id_problem(ticket: Ticket, dialect: Dialect) -> Refused | None:
    form = dialect.client_ids
    if form is not None and dialect.exact and len(ticket.client_id) != form.length:
        text = f"client id had {len(ticket.client_id)} characters, expected {form.length}"
        return Refused(code="bad_client_id", text=text)
    return None


def _params(ticket: Ticket, trigger: Decimal | None, dialect: Dialect) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if dialect.client_ids is not None:
        params[dialect.id_name] = dialect.prefix + ticket.client_id
    if ticket.time_in_force != TimeInForce.GTC:
        params["timeInForce"] = TimeInForce(ticket.time_in_force).name
    if trigger is not None:
        params["triggerPrice"] = float(trigger)
    if ticket.flags & (OrderFlag.REDUCE_ONLY | OrderFlag.CLOSE_POSITION):
        params["reduceOnly"] = True
    return params


def _off_the_grid(
    client: Any, symbol: str, amount: Decimal, prices: tuple[Decimal | None, ...]
) -> Refused | None:
    """Refuse what ccxt would round: it sends texts that it makes by its own precision."""
    import ccxt

    try:
        sent = Decimal(client.amount_to_precision(symbol, float(amount)))
        if sent != amount:
            return Refused(code="bad_quantity", text=f"quantity was {amount}, ccxt sends {sent}")
        for price in prices:
            if price is None:
                continue
            sent = Decimal(client.price_to_precision(symbol, float(price)))
            if sent != price:
                return Refused(code="bad_price", text=f"price was {price}, ccxt sends {sent}")
    except ccxt.InvalidOrder as error:
        return Refused(code="bad_quantity", text=str(error))
    return None
