"""What a comparison looks at: orders with their fills, of a session or of a backtest alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderFlag, OrderStatus

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tradectl_sdk.runs.values import Records

CHILD = int(OrderFlag.CHILD)
_WORKING = "working"
_OUTCOMES = {
    OrderStatus.DENIED: "denied",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REJECTED: "rejected",
    OrderStatus.HELD: "held",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFact:
    """One fill.

    Attributes:
        time: When it happened.
        price: Ticks.
        lots: How many.
        fee: Money units.
        value: Money units traded.
    """

    time: int
    price: int
    lots: int
    fee: int
    value: int


@dataclass(slots=True, kw_only=True)
class OrderFact:
    """One order and what became of it.

    Attributes:
        name: What it is called where it comes from: ``7``, or ``2.7`` for a host's second life.
        created: The instant it was decided at.
        instrument: Index of the instrument.
        asked: Lots asked for.
        lots: Lots in the end.
        status: OrderStatus in the end.
        reason: DenyReason or CloseReason, 0 for none.
        grouped: Whether other orders' fills make it smaller.
        delay: Of an exit: nanoseconds from its entry's first fill to when it began to work.
    """

    name: str
    created: int
    instrument: int
    side: int
    type: int
    time_in_force: int = 0
    flags: int = 0
    asked: int = 0
    lots: int = 0
    limit: int = 0
    trigger: int = 0
    trail: int = 0
    expires: int = 0
    status: int = 0
    reason: int = 0
    grouped: bool = False
    delay: int = 0
    fills: list[FillFact] = field(default_factory=list)

    @property
    def is_exit(self) -> bool:
        """Whether it waited for its entry to fill."""
        return bool(self.flags & CHILD)

    @property
    def depends(self) -> bool:
        """Whether its size follows from fills of other orders."""
        return self.is_exit or self.grouped

    @property
    def kind(self) -> tuple[int, int, int, bool]:
        """What two orders must have in common to be the same decision."""
        return (self.instrument, self.side, self.type, self.is_exit)

    @property
    def outcome(self) -> str:
        """How it ended, in a word; whether a venue has confirmed a working order is no matter."""
        return _OUTCOMES.get(OrderStatus(self.status), _WORKING)

    @property
    def filled(self) -> int:
        """Lots filled."""
        return sum(fill.lots for fill in self.fills)

    @property
    def value(self) -> int:
        """Money units traded."""
        return sum(fill.value for fill in self.fills)

    @property
    def fees(self) -> int:
        """Money units paid."""
        return sum(fill.fee for fill in self.fills)

    @property
    def price(self) -> float:
        """Average fill price in ticks, 0 without fills."""
        filled = self.filled
        return sum(fill.price * fill.lots for fill in self.fills) / filled if filled else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Account:
    """What an account was worth over time.

    Attributes:
        time: The instants, UTC nanoseconds, shape (n,).
        equity: Value at the end of each, in the account currency, shape (n,).
    """

    time: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]


def facts_of(orders: Records, fills: Records) -> list[OrderFact]:
    """The orders of a backtest as facts, in the order they were placed."""
    facts = [_fact(row) for row in orders]
    values = _values(orders, fills)
    for fill, value in zip(fills, values, strict=True):
        facts[int(fill["order"]) - 1].fills.append(
            FillFact(
                time=int(fill["time"]),
                price=int(fill["price"]),
                lots=int(fill["quantity"]),
                fee=int(fill["fee"]),
                value=value,
            )
        )
    return facts


def _fact(row: np.void) -> OrderFact:
    lots = int(row["quantity"])
    return OrderFact(
        name=str(row["id"]),
        created=int(row["created"]),
        instrument=int(row["instrument"]),
        side=int(row["side"]),
        type=int(row["type"]),
        time_in_force=int(row["time_in_force"]),
        flags=int(row["flags"]),
        asked=lots,
        lots=lots,
        limit=int(row["limit"]),
        trigger=int(row["trigger"]),
        trail=int(row["trail"]),
        expires=int(row["expires"]),
        status=int(row["status"]),
        reason=int(row["reason"]),
        grouped=bool(row["group"]),
    )


def _values(orders: Records, fills: Records) -> list[int]:
    """What each fill was worth: an order's whole value, shared out by price and lots."""
    weights = fills["price"].astype(object) * fills["quantity"].astype(object)
    whole: dict[int, int] = {}
    for order, weight in zip(fills["order"].tolist(), weights, strict=True):
        whole[order] = whole.get(order, 0) + weight
    return [
        int(orders["value"][order - 1]) * weight // whole[order]
        for order, weight in zip(fills["order"].tolist(), weights, strict=True)
    ]
