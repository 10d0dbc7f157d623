"""What rules share: a limit that an order fits or not, and how far positions may still grow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import to_money
from tradectl_sdk.domain.orders import OrderType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tradectl_sdk.config import RiskSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Account, DenyReason, Market, OrderRequest

MARKET = int(OrderType.MARKET)
UNLIMITED = 2**63 - 1
# Money units, about 34 billion of currency: the most any rule lets be at stake. Beyond it sums of
# what the engine can still value one by one could leave 64 bits.
MOST = 3 * 2**60
UNFIT = MOST + 1  # stands for any value too large for the engine's arithmetic


class Unobserving:
    """A rule that looks at orders only."""

    def observe(self, now: int, equity: float) -> None:
        """Take no note of the equity."""


class Limit(Unobserving, ABC):
    """Allows an order while something stays within bounds, whatever is open gets filled first.

    Reduce-only orders always pass: no limit may keep a position from being closed.

    Args:
        reason: Why it refuses.
        resize: Cut an order down to what fits instead of refusing it.
    """

    def __init__(self, reason: DenyReason, *, resize: bool) -> None:
        self.reason = int(reason)
        self.resize = resize

    @abstractmethod
    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the order may have that many lots; what fits still fits with fewer."""

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> int:
        """Return the lots of the order that are allowed."""
        if order.reduces or self.fits(order, account, market, order.lots):
            return order.lots
        return self._largest(order, account, market) if self.resize else 0

    def _largest(self, order: OrderRequest, account: Account, market: Market) -> int:
        """Return the most lots that fit, found by halving; those of the order do not."""
        fitting, beyond = 0, order.lots
        while beyond - fitting > 1:
            middle = fitting + (beyond - fitting) // 2
            if self.fits(order, account, market, middle):
                fitting = middle
            else:
                beyond = middle
        return fitting


def reach(order: OrderRequest, account: Account, lots: int) -> int:
    """Return how far the position can get in an order's direction with that many of its lots.

    That is what is held, the open orders of the order's side, and ``lots``. An order at market that
    turns a position is credited with what it closes on the way; one that rests is not, since the
    position may have been closed by something else when it fills.
    """
    here = order.instrument
    held = account.lots[here] * order.side
    if held < 0 and order.type != MARKET:
        held = 0
    return held + waiting(account, here, order.side) + lots


def closable(order: OrderRequest, account: Account) -> int:
    """Return the lots of the position that an order could close and no open order will."""
    here = order.instrument
    return -account.lots[here] * order.side - waiting(account, here, order.side)


def waiting(account: Account, instrument: int, side: int) -> int:
    """Return the lots of open orders on one side; reduce-only ones are not among them."""
    return account.open_buys[instrument] if side > 0 else account.open_sells[instrument]


def farthest(account: Account, instrument: int) -> int:
    """Return the largest size a position can get through open orders, long or short, in lots."""
    held = account.lots[instrument]
    up = max(held, 0) + account.open_buys[instrument]
    return max(up, max(-held, 0) + account.open_sells[instrument])


def worth(market: Market, instrument: int, ticks: int, lots: int) -> int:
    """Return the value of lots in money units; UNFIT when it is too large to be computed."""
    if lots <= 0 or ticks <= 0:
        return 0
    if not market.fits(instrument, ticks, lots):
        return UNFIT
    return market.value(instrument, ticks, lots)


def gross(order: OrderRequest, account: Account, market: Market, lots: int, most: int) -> int:
    """Return the value of all positions at their farthest, in money units.

    Counting stops when the sum is above ``most``. The order's own position counts at the higher of
    the order's price and the last one.
    """
    here = order.instrument
    size = max(reach(order, account, lots), farthest(account, here))
    total = worth(market, here, max(order.price, market.last(here)), size)
    for other in range(market.count):
        if other != here and total <= most:
            total += worth(market, other, market.last(other), farthest(account, other))
    return total


def grows(order: OrderRequest, account: Account, lots: int) -> bool:
    """Whether the order would let its position get larger, long or short, than it already can."""
    return reach(order, account, lots) > farthest(account, order.instrument)


def per_instrument(
    settings: RiskSection, name: str, instruments: Sequence[Instrument]
) -> list[Decimal | None] | None:
    """Return a limit for each instrument, its own or that for all; None when none has any."""
    limits: list[Decimal | None] = []
    for instrument in instruments:
        own = settings.instruments.get(instrument.id)
        limit = getattr(own, name) if own is not None else None
        limits.append(getattr(settings, name) if limit is None else limit)
    return None if all(limit is None for limit in limits) else limits


def in_lots(limits: Sequence[Decimal | None], instruments: Sequence[Instrument]) -> list[int]:
    """Return quantities as whole lots, rounded down."""
    return [
        UNLIMITED if limit is None else instrument.quantity_to_lots(limit)
        for limit, instrument in zip(limits, instruments, strict=True)
    ]


def in_money(limits: Sequence[Decimal | None]) -> list[int]:
    """Return amounts of currency as money units, at most MOST."""
    return [UNLIMITED if limit is None else min(to_money(limit), MOST) for limit in limits]
