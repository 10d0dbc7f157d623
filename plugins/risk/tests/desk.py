"""A desk for one rule: an account, a market at a price of 100, and orders to ask about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradectl_risk.account import Costs
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.money import to_money
from tradectl_sdk.engine import Account, BasisPoints, Market, OrderRequest, ShareOfValue

LAST = 10_000
NOW = 1_600_000_000_000_000_000
HOUR = 3_600_000_000_000


def instrument(symbol: str = "A", **changes: Any) -> Instrument:
    grid = {"tick_size": Decimal("0.01"), "lot_size": Decimal(1)}
    return Instrument(symbol=symbol, venue="DESK", **(grid | changes))


class Desk:
    """Asks rules about orders in the first of two instruments."""

    def __init__(
        self,
        *,
        cash: str = "1000",
        margin: bool = False,
        held: int = 0,
        other: int = 0,
        **fees: Any,
    ) -> None:
        self.instruments = [instrument("A", **fees), instrument("B", **fees)]
        self.market = Market.standing_at(self.instruments, [LAST, LAST])
        self.account = Account(self.market, to_money(cash), margin=margin)
        self.account.lots = [held, other]
        self.account.holding = [float(held), float(other)]

    def costs(self, slippage_bps: float = 0) -> Costs:
        return Costs(ShareOfValue(self.instruments), BasisPoints(slippage_bps))

    def open(self, *, buys: int = 0, sells: int = 0, instrument: int = 0) -> Desk:
        self.account.open_buys[instrument] = buys
        self.account.open_sells[instrument] = sells
        return self

    def ask(
        self,
        rule: Any,
        lots: int,
        *,
        side: int = 1,
        limit: int = 0,
        trigger: int = 0,
        reduce_only: bool = False,
        now: int = NOW,
    ) -> int:
        order = OrderRequest()
        order.side, order.lots, order.limit, order.trigger = side, lots, limit, trigger
        order.type = 2 * bool(trigger) + bool(limit)
        order.price = limit or trigger or self.market.last(0)
        order.flags = 1 if reduce_only else 0
        answer: int = rule.check(order, self.account, self.market, now)
        return answer

    def buy(self, rule: Any, lots: int, **more: Any) -> int:
        return self.ask(rule, lots, **more)

    def sell(self, rule: Any, lots: int, **more: Any) -> int:
        return self.ask(rule, lots, side=-1, **more)
