"""How far positions may grow, the open orders counted as filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine import DenyReason

from tradectl_risk.limits import (
    Limit,
    closable,
    gross,
    grows,
    in_lots,
    in_money,
    per_instrument,
    reach,
    worth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.config import RiskSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Account, Assumptions, Market, OrderRequest


class PositionSize(Limit):
    """Protects from a position that grows order by order.

    No fill exceeds the limit, with one exception: an order at market turns a position, and an older
    reduce-only order closes that position first, in the same bar.

    Args:
        most: Largest position per instrument, long or short, in lots.
    """

    def __init__(self, most: list[int], *, resize: bool = False) -> None:
        super().__init__(DenyReason.POSITION, resize=resize)
        self.most = most

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the position stays within the limit once everything on its side is filled."""
        most = self.most[order.instrument]
        return lots <= closable(order, account) or reach(order, account, lots) <= most


class PositionNotional(Limit):
    """Protects from a position worth more than the account should have in one instrument.

    It is valued at the higher of the order's price and the last one. Prices may carry a position
    beyond the limit afterwards; then only orders that take it back pass.

    Args:
        most: Largest value per instrument, in money units.
    """

    def __init__(self, most: list[int], *, resize: bool = False) -> None:
        super().__init__(DenyReason.POSITION, resize=resize)
        self.most = most

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the value stays within the limit once everything on its side is filled."""
        if lots <= closable(order, account):
            return True
        here, size = order.instrument, reach(order, account, lots)
        return worth(market, here, max(order.price, market.last(here)), size) <= self.most[here]


class GrossExposure(Limit):
    """Protects from many positions that are each within bounds and too much together.

    The sum of the values of all positions, long and short, each with the open orders of its worse
    side filled. An order that lets no position grow passes.

    Args:
        most: Largest sum, in money units.
    """

    def __init__(self, most: int, *, resize: bool = False) -> None:
        super().__init__(DenyReason.POSITION, resize=resize)
        self.most = most

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the sum stays within the limit."""
        if not grows(order, account, lots):
            return True
        return gross(order, account, market, lots, self.most) <= self.most


def make_position_size(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> PositionSize | None:
    """Make the rule, or nothing when no position is limited."""
    limits = per_instrument(settings, "max_position_quantity", instruments)
    if limits is None:
        return None
    return PositionSize(in_lots(limits, instruments), resize=settings.resize)


def make_position_notional(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> PositionNotional | None:
    """Make the rule, or nothing when no position's value is limited."""
    limits = per_instrument(settings, "max_position_notional", instruments)
    return None if limits is None else PositionNotional(in_money(limits), resize=settings.resize)


def make_gross_exposure(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> GrossExposure | None:
    """Make the rule, or nothing when the sum is not limited."""
    if settings.max_gross_exposure is None:
        return None
    return GrossExposure(in_money([settings.max_gross_exposure])[0], resize=settings.resize)
