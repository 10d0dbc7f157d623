"""The simulated account: exact cash and positions, and the float view of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import MONEY_UNITS, MOST_AT_ONCE, MOST_MONEY

if TYPE_CHECKING:
    from tradectl_sdk.engine.market import Market


MONEY_FLOAT = float(MONEY_UNITS)
MODEST = MOST_AT_ONCE // 2  # with one value and one fee more, far from what an account may hold


class Account:
    """One netting account.

    Attributes:
        cash: Money units; falls by what is bought, rises by what is sold, less fees. Negative in
            a margin account means borrowed.
        margin: Whether it may borrow and sell short; otherwise it is a cash account.
        lots: Signed position per instrument.
        open_buys: Lots of open orders per instrument that may still increase a position upward.
        open_sells: The same downward. Reduce-only orders count in neither.
        holding: Signed value per unit of price of each position, as float.
        cash_float: ``cash`` in units of currency.
        fees: Money units paid so far.
    """

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(self, market: Market, cash: int, *, margin: bool) -> None:
        count = market.count
        self._market = market
        self.cash = cash
        self.cash_float = float(cash) / MONEY_FLOAT
        self.margin = margin
        self.fees = 0
        self.lots = [0] * count
        self.holding = [0.0] * count
        self.position = [0.0] * count  # signed quantity, as float
        self.open_buys = [0] * count
        self.open_sells = [0] * count

    def apply(self, instrument: int, side: int, lots: int, value: int, fee: int) -> None:
        """Book a fill. Value and fee are money units; value is positive."""
        self.own(self.cash - (side * value + fee))
        self.fees += fee
        self.hold(instrument, self.lots[instrument] + side * lots)

    def own(self, cash: int) -> None:
        """Have this much cash, in money units."""
        self.cash = cash
        self.cash_float = float(cash) / MONEY_FLOAT

    def hold(self, instrument: int, lots: int) -> None:
        """Hold a position, in signed lots."""
        self.lots[instrument] = lots
        self.holding[instrument] = lots * self._market.lot_value[instrument]
        self.position[instrument] = self._market.to_quantity(instrument, lots)

    def bears(self, side: int, value: int, fee: int) -> bool:
        """Whether cash and fees stay within :data:`~.money.MOST_MONEY` with one more fill."""
        if -MODEST < fee < MODEST and self.is_modest():
            return True  # the usual case, whatever the value
        if not -MOST_AT_ONCE < fee < MOST_AT_ONCE:
            return False
        cash = self.cash - (side * value + fee)
        return -MOST_MONEY < cash < MOST_MONEY and abs(self.fees + fee) < MOST_MONEY

    def is_modest(self) -> bool:
        """Whether it bears any value that fits 64 bits safely, so that none need be worked out."""
        return -MODEST < self.cash < MODEST and -MODEST < self.fees < MODEST

    def has_room(self, instrument: int, side: int, lots: int) -> bool:
        """Whether position and open orders stay countable with that many lots more."""
        waiting = self.open_buys[instrument] if side > 0 else self.open_sells[instrument]
        return lots < MOST_AT_ONCE and (abs(self.lots[instrument]) + waiting < MOST_AT_ONCE - lots)

    def equity(self) -> float:
        """Cash plus every position at its instrument's last price, in units of currency."""
        total: float = self.cash_float
        for instrument in range(self._market.count):
            if self.lots[instrument] != 0:
                total += self.holding[instrument] * self._market.price(instrument)
        return total

    def exact_equity(self) -> int:
        """The same in money units, exactly; at most MOST_MONEY, above or below zero."""
        total = self.cash
        market = self._market
        for instrument in range(market.count):
            lots = self.lots[instrument]
            if lots != 0:
                worth = market.worth(instrument, market.last(instrument), abs(lots))
                total += worth if lots > 0 else -worth
                total = min(max(total, -MOST_MONEY), MOST_MONEY)
        return total

    def gross_value(self) -> int:
        """Sum of the absolute values of all positions, in money units; at most MOST_MONEY."""
        total = 0
        market = self._market
        for instrument in range(market.count):
            lots = abs(self.lots[instrument])
            worth = market.worth(instrument, market.last(instrument), lots)
            total = min(total + worth, MOST_MONEY)
        return total
