"""How often orders come and how far off their prices are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine import DenyReason

from tradectl_risk.limits import Unobserving, per_instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.config import RiskSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Account, Assumptions, Market, OrderRequest

SECOND = 1_000_000_000
LONG_AGO = -(2**62)  # before any time, and near enough that a difference fits 64 bits
MILLION = 1_000_000
UNLIMITED = 2**62


class OrderRate(Unobserving):
    """Protects from a strategy that floods the venue with orders.

    In any interval at most ``most`` orders pass. Reduce-only orders always pass, but count. So
    does an order that another rule refuses: it was attempted.

    Args:
        most: Orders in an interval.
        interval: Its length in nanoseconds.
    """

    def __init__(self, most: int, interval: int) -> None:
        self.reason = int(DenyReason.ORDER_RATE)
        self.interval = interval
        self.times = [LONG_AGO] * most  # of the latest orders, the oldest at ``oldest``
        self.oldest = 0

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> int:
        """Return the order's lots, or 0 when there were too many before it."""
        if not order.reduces and now - self.times[self.oldest] < self.interval:
            return 0
        self.times[self.oldest] = now
        self.oldest += 1
        if self.oldest == len(self.times):
            self.oldest = 0
        return order.lots


class PriceCollar(Unobserving):
    """Protects from a misplaced decimal point: a price far from where the market is.

    Limit and trigger may each be at most so far from the last price. Market orders have no price
    to be wrong, and reduce-only orders always pass: a refused stop would protect nobody.

    Args:
        hundredths: Farthest distance per instrument, in hundredths of a basis point.
    """

    def __init__(self, hundredths: list[int]) -> None:
        self.reason = int(DenyReason.COLLAR)
        self.hundredths = hundredths

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> int:
        """Return the order's lots, or 0 when a price is too far off."""
        share, last = self.hundredths[order.instrument], market.last(order.instrument)
        if order.reduces or share == UNLIMITED:
            return order.lots
        farthest = last // MILLION * share + last % MILLION * share // MILLION
        if order.limit > 0 and abs(order.limit - last) > farthest:
            return 0
        if order.trigger > 0 and abs(order.trigger - last) > farthest:
            return 0
        return order.lots


def make_order_rate(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> OrderRate:
    """Make the rule."""
    return OrderRate(settings.max_orders, settings.max_orders_seconds * SECOND)


def make_price_collar(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> PriceCollar | None:
    """Make the rule; nothing when there are no instruments to have a price."""
    limits = per_instrument(settings, "collar_bps", instruments)
    if limits is None:
        return None
    return PriceCollar([UNLIMITED if one is None else int(one * 100) for one in limits])
