"""What a fill costs: fees and slippage, each a kernel with one method.

A plugin's own cost model has the same method and replaces one of these by name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.domain.money import MONEY_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tradectl_sdk.domain.instrument import Instrument


class FeeModel(Protocol):
    """What a fill costs."""

    def fee(self, instrument: int, lots: int, value: int, maker: bool, filled: int) -> int:
        """Return the fee in money units; negative for a rebate."""


class SlippageModel(Protocol):
    """How much worse than its reference price a taking fill is."""

    def slip(self, instrument: int, ticks: int, lots: int, volume: int) -> int:
        """Return ticks, not negative."""


class ShareOfValue:
    """Maker and taker fees as a share of the traded value, per instrument.

    Rates are kept in billionths, so that a fee is exact; it is rounded up, against the trader, to
    the money unit, or to ``rounding`` money units when given, half up.
    """

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(self, instruments: Sequence[Instrument], *, rounding: int = 0) -> None:
        self.maker = [int(i.maker_fee * 10**9) for i in instruments]
        self.taker = [int(i.taker_fee * 10**9) for i in instruments]
        self.rounding = rounding
        # Values up to which a product with the rate fits 64 bits as it is
        highest = [max(abs(m), abs(t), 1) for m, t in zip(self.maker, self.taker, strict=True)]
        self._plain = [2**62 // rate for rate in highest]

    def fee(self, instrument: int, lots: int, value: int, maker: bool, filled: int) -> int:
        """Fee of one fill in money units; negative for a rebate.

        Args:
            instrument: Index of the instrument.
            lots: Lots of this fill.
            value: Traded value in money units.
            maker: Whether the order was resting.
            filled: Lots of the same order filled before.
        """
        rate = self.maker[instrument] if maker else self.taker[instrument]
        billion = 1_000_000_000
        if value < self._plain[instrument]:
            fee = (value * rate + billion - 1) // billion
        else:
            exact_part, rest = value // billion, value % billion
            fee = exact_part * rate + (rest * rate + billion - 1) // billion
        if self.rounding > 0:
            fee = (fee + self.rounding // 2) // self.rounding * self.rounding
        return fee


class PerUnit:
    """A fee per unit of quantity with a minimum per order, as stock and futures brokers charge."""

    def __init__(
        self, instruments: Sequence[Instrument], *, per_unit: float, minimum: float = 0.0
    ) -> None:
        self.per_lot: list[float] = [
            per_unit * float(i.lot_size) * MONEY_UNITS for i in instruments
        ]
        self.minimum: int = round(minimum * MONEY_UNITS)

    def _total(self, instrument: int, lots: int) -> int:
        if lots == 0:
            return 0
        return max(self.minimum, math.ceil(self.per_lot[instrument] * lots - 1e-6))

    def fee(self, instrument: int, lots: int, value: int, maker: bool, filled: int) -> int:
        """Fee of one fill in money units: what the order owes now, less what it owed before."""
        return self._total(instrument, filled + lots) - self._total(instrument, filled)


class PerOrder:
    """A fixed fee per order plus a share of the traded value."""

    def __init__(self, *, fixed: float, rate: float = 0.0) -> None:
        self.fixed = round(fixed * MONEY_UNITS)
        self.rate = round(rate * 10**9)

    def fee(self, instrument: int, lots: int, value: int, maker: bool, filled: int) -> int:
        """Fee of one fill in money units; the fixed part falls on the order's first fill."""
        billion = 1_000_000_000
        share = value // billion * self.rate + (value % billion * self.rate + billion - 1) // (
            billion
        )
        return share + self.fixed if filled == 0 else share


class BasisPoints:
    """Slippage of stop and market orders as basis points of the price, at least up to the tick."""

    def __init__(self, basis_points: float | Decimal) -> None:
        self.hundredths = round(basis_points * 100)

    def slip(self, instrument: int, ticks: int, lots: int, volume: int) -> int:
        """Ticks by which a taking fill is worse than its reference price; rounded up.

        Args:
            instrument: Index of the instrument.
            ticks: The reference price.
            lots: Lots of this fill.
            volume: Lots traded in the bar, 0 when unknown.
        """
        if self.hundredths == 0:
            return 0
        whole, rest = ticks // 1_000_000, ticks % 1_000_000
        return whole * self.hundredths + (rest * self.hundredths + 999_999) // 1_000_000


class VolumeShare:
    """Slippage that grows with the square of the share of the bar's volume that is taken.

    ``price * impact * share^2``, the form used by zipline's default model.
    """

    def __init__(self, impact: float) -> None:
        self.impact = impact

    def slip(self, instrument: int, ticks: int, lots: int, volume: int) -> int:
        """Ticks by which a taking fill is worse than its reference price; rounded up."""
        if volume <= 0:
            return 0
        share = lots / volume
        return math.ceil(ticks * self.impact * share * share)
