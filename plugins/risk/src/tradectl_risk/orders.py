"""How large a single order may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine import DenyReason

from tradectl_risk.limits import Limit, in_lots, in_money, per_instrument, worth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.config import RiskSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Account, Assumptions, Market, OrderRequest


class OrderSize(Limit):
    """Protects from an order of the wrong size, such as contracts taken for shares.

    Args:
        most: Largest order per instrument, in lots.
    """

    def __init__(self, most: list[int], *, resize: bool = False) -> None:
        super().__init__(DenyReason.ORDER_SIZE, resize=resize)
        self.most = most

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the lots are within the limit."""
        return lots <= self.most[order.instrument]


class OrderNotional(Limit):
    """Protects from an order worth more than any order of this account should be.

    It is valued at its limit, else its trigger, else the last price.

    Args:
        most: Largest value per instrument, in money units.
    """

    def __init__(self, most: list[int], *, resize: bool = False) -> None:
        super().__init__(DenyReason.NOTIONAL, resize=resize)
        self.most = most

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the value is within the limit."""
        value = worth(market, order.instrument, order.price, lots)
        return value <= self.most[order.instrument]


def make_order_size(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> OrderSize | None:
    """Make the rule, or nothing when no quantity is limited."""
    limits = per_instrument(settings, "max_order_quantity", instruments)
    if limits is None:
        return None
    return OrderSize(in_lots(limits, instruments), resize=settings.resize)


def make_order_notional(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> OrderNotional | None:
    """Make the rule, or nothing when no value is limited."""
    limits = per_instrument(settings, "max_order_notional", instruments)
    return None if limits is None else OrderNotional(in_money(limits), resize=settings.resize)
