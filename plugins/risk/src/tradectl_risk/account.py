"""What the account can pay for: the rule that is always on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine import BasisPoints, DenyReason, ShareOfValue

from tradectl_risk.limits import MOST, UNFIT, Limit, closable, gross, grows, worth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.config import RiskSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import (
        Account,
        Assumptions,
        FeeModel,
        Market,
        OrderRequest,
        SlippageModel,
    )

MILLION = 1_000_000
CASH = int(DenyReason.CASH)
SHORT = int(DenyReason.SHORT)


class Costs:
    """Estimates what buying takes out of the account, in money units.

    Args:
        fees: What a fill costs; each order is taken to be filled at once, as a taker.
        slippage: How much worse than its reference price a market or stop order fills.
    """

    def __init__(self, fees: FeeModel, slippage: SlippageModel) -> None:
        self.fees = fees
        self.slippage = slippage

    def of_buying(self, market: Market, instrument: int, ticks: int, lots: int, slips: bool) -> int:
        """Return value, slippage and fee of lots; ``slips`` when no limit holds the price."""
        price = ticks
        if slips:
            price += self.slippage.slip(instrument, ticks, lots, 0)
        value = worth(market, instrument, price, lots)
        if value == UNFIT:
            return UNFIT
        return value + max(self.fees.fee(instrument, lots, value, False, 0), 0)

    def beyond_value(self, market: Market, order: OrderRequest, lots: int) -> int:
        """Return what an order loses at once through slippage and fee; UNFIT when too large."""
        slips = order.limit == 0
        paid = self.of_buying(market, order.instrument, order.price, lots, slips)
        return UNFIT if paid == UNFIT else paid - worth(market, order.instrument, order.price, lots)


class CashAccount(Limit):
    """Keeps a cash account from buying what it cannot pay and from selling what it has not.

    A buy needs cash for itself and for every open buy: its own at its limit, else at its trigger
    or the last price; open ones at the last price of their instrument, since the account knows
    their quantity only; all with slippage and fee. It is an estimate: where the next open is
    dearer, the venue has the last word and rejects the order. A sell needs the lots to be held and
    not yet offered by other open sells; reduce-only orders are free of that, so that a stop and a
    target can stand for the same position.
    """

    def __init__(self, costs: Costs, *, resize: bool = False) -> None:
        super().__init__(DenyReason.CASH, resize=resize)
        self.costs = costs

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the account can pay or deliver that many lots."""
        if order.side < 0:
            self.reason = SHORT
            return lots <= closable(order, account)
        self.reason = CASH
        cash = min(account.cash, MOST)
        need = self.costs.of_buying(market, order.instrument, order.price, lots, order.limit == 0)
        for other in range(market.count):
            waiting = account.open_buys[other]
            if waiting > 0 and need <= cash:
                need += self.costs.of_buying(market, other, market.last(other), waiting, True)
        return need <= cash


class MarginAccount(Limit):
    """Keeps a margin account's positions covered by its equity.

    The values of all positions, each with the open orders of its worse side filled, times
    ``share`` must not be above the equity less the order's own slippage and fee. An order that
    lets no position grow passes.

    Args:
        share: Initial margin as a share of the value, in millionths.
    """

    def __init__(self, costs: Costs, share: int, *, resize: bool = False) -> None:
        super().__init__(DenyReason.MARGIN, resize=resize)
        self.costs = costs
        self.share = share

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether equity covers the margin with that many lots."""
        if not grows(order, account, lots):
            return True
        total = gross(order, account, market, lots, MOST)
        if total > MOST:
            return False
        need = total // MILLION * self.share
        need += (total % MILLION * self.share + MILLION - 1) // MILLION
        lost = self.costs.beyond_value(market, order, lots)
        return lost != UNFIT and need <= account.exact_equity() - lost


def make_account(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> CashAccount | MarginAccount:
    """Make the rule for the kind of account that is assumed."""
    costs = Costs(ShareOfValue(instruments), BasisPoints(assumptions.slippage_bps))
    if not assumptions.margin:
        return CashAccount(costs, resize=settings.resize)
    share = int(settings.initial_margin * MILLION)
    return MarginAccount(costs, max(share, 1), resize=settings.resize)
