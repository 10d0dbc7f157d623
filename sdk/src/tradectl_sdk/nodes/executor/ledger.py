"""What the account holds because of our fills: exact, whatever currency a fee was taken in.

Cash and positions are those of the strategy. A venue may hold more in the account than that, such
as coins that were there before; the *baseline* of a currency is what a balance holds beside.

A fee in the quote currency comes off the cash. One in the base currency comes off what can be
delivered: the position is the traded lots less the fees, rounded up to whole lots. One in a third
currency is written down and touches neither.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.money import MONEY_UNITS, as_decimal
from tradectl_sdk.nodes.executor.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.nodes.executor.records import Terms

QUOTE, BASE, OTHER = range(3)


def instrument_of(terms: Terms) -> Instrument:
    """Return the instrument that a journal's terms describe, as far as numbers depend on it."""
    return Instrument(
        symbol=terms.symbol,
        venue=terms.venue,
        base=terms.base,
        quote=terms.quote,
        tick_size=as_decimal(terms.tick_size),
        lot_size=as_decimal(terms.lot_size),
        multiplier=as_decimal(terms.multiplier),
        min_notional=as_decimal(terms.min_notional),
    )


class Ledger:
    """Cash, traded lots and fees.

    Attributes:
        cash: Money units.
        fees: Money units paid in the account's currency.
        lots: Signed traded lots by instrument, before fees in the base currency.
        base_fees: 10^-8 units of the base currency paid as fees, by instrument.
        other_fees: 10^-8 units by currency; part of no balance that we keep.
        baseline: 10^-8 units by currency that a balance holds beside what we traded.
        prices: Grid and last price of each instrument.
    """

    def __init__(self) -> None:
        self.cash = 0
        self.fees = 0
        self.lots: dict[str, int] = {}
        self.base_fees: dict[str, int] = {}
        self.other_fees: dict[str, int] = {}
        self.baseline: dict[str, int] = {}
        self.instruments: dict[str, Instrument] = {}
        self.prices = Prices([])
        self._lot_units: dict[str, Fraction] = {}

    def describe(self, instruments: Iterable[Instrument]) -> None:
        """Say what is traded from now on."""
        self.instruments = {str(one.id): one for one in instruments}
        self.prices = Prices(list(self.instruments.values()))
        self._lot_units = {
            name: Fraction(one.lot_size) * MONEY_UNITS for name, one in self.instruments.items()
        }
        for name in self.instruments:
            self.lots.setdefault(name, 0)
            self.base_fees.setdefault(name, 0)

    def value(self, instrument: str, price: int, lots: int) -> int:
        """Money units that lots are worth at a price in ticks."""
        return self.prices.value(self.prices.index[instrument], price, lots)

    def fee_kind(self, instrument: str, currency: str) -> int:
        """Where a fee is taken from: QUOTE, BASE or OTHER."""
        one = self.instruments[instrument]
        if currency in {"", one.quote}:
            return QUOTE
        return BASE if currency == one.base else OTHER

    def book(
        self, instrument: str, side: int, lots: int, price: int, fee: int, currency: str
    ) -> None:
        """Book a fill; negative lots take one back that turned out to be another."""
        value = self.value(instrument, price, abs(lots))
        self.cash -= side * (value if lots >= 0 else -value)
        self.lots[instrument] += side * lots
        kind = self.fee_kind(instrument, currency)
        if kind == QUOTE:
            self.cash -= fee
            self.fees += fee
        elif kind == BASE:
            self.base_fees[instrument] += fee
        else:
            self.other_fees[currency] = self.other_fees.get(currency, 0) + fee

    def fee_worth(self, instrument: str, price: int, fee: int, currency: str) -> int:
        """A fee in money units of the account; one in a third currency counts nothing."""
        kind = self.fee_kind(instrument, currency)
        if kind == QUOTE:
            return fee
        if kind == OTHER or fee == 0:
            return 0
        lots = Fraction(fee) / self._lot_units[instrument]
        worth = lots * price * self.instruments[instrument].value_scale
        return -(-worth.numerator // worth.denominator)

    def position(self, instrument: str) -> int:
        """Signed lots that can be delivered, or are owed."""
        fees = self.base_fees[instrument]
        if fees == 0:
            return self.lots[instrument]
        paid = Fraction(fees) / self._lot_units[instrument]
        return self.lots[instrument] - -(-paid.numerator // paid.denominator)

    def expected(self, currency: str, account_currency: str) -> Fraction:
        """What a balance should hold in all, in 10^-8 units; dust below one lot included."""
        total = Fraction(self.baseline.get(currency, 0))
        if currency == account_currency:
            total += self.cash
        for name, one in self.instruments.items():
            if one.base == currency:
                total += self.lots[name] * self._lot_units[name] - self.base_fees[name]
        return total - self.other_fees.get(currency, 0)

    @property
    def bases(self) -> list[str]:
        """The currencies that positions are balances of."""
        return list(dict.fromkeys(one.base for one in self.instruments.values() if one.base))

    def kept(
        self,
    ) -> tuple[int, int, dict[str, int], dict[str, int], dict[str, int], dict[str, int]]:
        """Return what a snapshot needs."""
        return (
            self.cash,
            self.fees,
            dict(self.lots),
            dict(self.base_fees),
            dict(self.other_fees),
            dict(self.baseline),
        )
