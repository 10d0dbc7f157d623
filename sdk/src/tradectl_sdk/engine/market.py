"""What is known of each instrument: its grid, its last price, and exact value arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import MONEY_UNITS, MOST_AT_ONCE
from tradectl_sdk.engine.bars import Feed, one_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument

OFF_GRID = -1
MOST_LOTS = 9e18  # what an int64 can count, less a margin


class _Figures:
    """The constants of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        scale = instrument.value_scale
        tick, lot = instrument.tick_size, instrument.lot_size
        self.numerator, self.denominator = scale.numerator, scale.denominator
        # Bounds of ticks * lots that keep each product in Market.value() inside 64 bits
        self.most_whole = float(MOST_AT_ONCE / scale)
        self.most_rest = float(Fraction(MOST_AT_ONCE, scale.numerator))
        self.tick_up, self.tick_down = map(float, tick.as_integer_ratio())
        self.lot_up, self.lot_down = map(float, lot.as_integer_ratio())
        # Float value of one lot per unit of price, for equity curves and statistics.
        self.lot_value = float(lot * instrument.multiplier)
        self.min_notional = int(instrument.min_notional * MONEY_UNITS)


def _figures(instruments: Sequence[Instrument]) -> list[_Figures]:
    """Return the constants of instruments; those on the same grid share them."""
    grids = [(one.tick_size, one.lot_size, one.multiplier, one.min_notional) for one in instruments]
    found = {
        grid: _Figures(one) for grid, one in dict(zip(grids, instruments, strict=True)).items()
    }
    return [found[grid] for grid in grids]


class Market:
    """Per-instrument constants and last prices; index is the instrument's place in the run.

    Value of ``ticks * lots`` in money units is ``ticks * lots * numerator / denominator``, rounded
    half up in magnitude, which is exact whenever the denominator is 1.
    """

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(self, instruments: Sequence[Instrument], feed: Feed) -> None:
        figures = _figures(instruments)
        self.count = len(figures)
        self.numerator = [each.numerator for each in figures]
        self.denominator = [each.denominator for each in figures]
        self._half = [each.denominator // 2 for each in figures]
        self._most_whole = [each.most_whole for each in figures]
        self._most_rest = [each.most_rest for each in figures]
        self.tick_up = [each.tick_up for each in figures]
        self.tick_down = [each.tick_down for each in figures]
        self.lot_up = [each.lot_up for each in figures]
        self.lot_down = [each.lot_down for each in figures]
        self.lot_value = [each.lot_value for each in figures]
        self.min_notional = [each.min_notional for each in figures]
        self._feed = feed

    @classmethod
    def standing_at(cls, instruments: Sequence[Instrument], ticks: Sequence[int]) -> Market:
        """A market of one bar each, for looking at rules and models by themselves."""
        feed = Feed()
        feed.load(
            [
                one_bar(index, price, float(instruments[index].ticks_to_price(price)))
                for index, price in enumerate(ticks)
            ]
        )
        for stream in range(feed.streams):
            feed.advance(stream)
        return cls(instruments, feed)

    def value(self, instrument: int, ticks: int, lots: int) -> int:
        """Money units that lots are worth at a price, never negative for positive arguments."""
        numerator, denominator = self.numerator[instrument], self.denominator[instrument]
        if denominator == 1 or self.is_plain(instrument, ticks, lots):
            return self.plain_value(instrument, ticks, lots)
        whole, rest = lots // denominator, lots % denominator
        return ticks * whole * numerator + (ticks * rest * numerator + denominator // 2) // (
            denominator
        )

    def is_plain(self, instrument: int, ticks: int, lots: int) -> bool:
        """Whether lots at a price, or fewer at a lower one, may be valued by the plain formula."""
        return float(ticks) * float(lots) < self._most_rest[instrument]

    def plain_value(self, instrument: int, ticks: int, lots: int) -> int:
        """The value where nothing on the way to it outgrows 64 bits, see :meth:`is_plain`."""
        worth = ticks * lots * self.numerator[instrument]
        denominator = self.denominator[instrument]
        return worth if denominator == 1 else (worth + self._half[instrument]) // denominator

    def fits(self, instrument: int, ticks: int, lots: int) -> bool:
        """Whether the value of lots at a price is safely inside 64 bits."""
        if self.is_plain(instrument, ticks, lots):
            return True  # the usual case: it fits even undivided
        worth = float(ticks) * float(lots)
        rest = float(ticks) * self.denominator[instrument]
        return worth < self._most_whole[instrument] and rest < self._most_rest[instrument]

    def worth(self, instrument: int, ticks: int, lots: int) -> int:
        """The value of lots at a price, or MOST_AT_ONCE where it does not fit."""
        if not self.fits(instrument, ticks, lots):
            return MOST_AT_ONCE
        return self.value(instrument, ticks, lots)

    def to_lots(self, instrument: int, quantity: float) -> int:
        """Whole lots in a positive quantity, toward zero, forgiving float noise of 1e-9 lots."""
        lots = quantity * self.lot_down[instrument] / self.lot_up[instrument]
        return math.floor(lots + 1e-9 * max(1.0, lots * 1e-6))

    def countable(self, instrument: int, quantity: float) -> bool:
        """Whether a quantity is a number whose lots an int64 can count."""
        return quantity * self.lot_down[instrument] / self.lot_up[instrument] < MOST_LOTS

    def to_quantity(self, instrument: int, lots: int) -> float:
        """Quantity of a number of lots, correctly rounded."""
        return float(lots) * self.lot_up[instrument] / self.lot_down[instrument]

    def to_ticks(self, instrument: int, price: float) -> int:
        """Ticks of a positive price, or OFF_GRID when it lies between two."""
        ticks = price * self.tick_down[instrument] / self.tick_up[instrument]
        nearest = math.floor(ticks + 0.5)
        if abs(ticks - nearest) > 1e-6 + ticks * 1e-12:
            return OFF_GRID
        return nearest

    def nearest_price(self, instrument: int, price: float) -> float:
        """The price on the grid nearest to a price."""
        ticks = math.floor(price * self.tick_down[instrument] / self.tick_up[instrument] + 0.5)
        return self.to_price(instrument, ticks)

    def last(self, instrument: int) -> int:
        """Last price in ticks that is known, 0 before the first.

        Taken from the float column, which strategies read anyway: a price is the float nearest to
        its ticks, so rounding gives them back, and the column of ticks stays out of the cache.
        """
        feed = self._feed
        if feed.streams == 0:
            return 0  # strategies are still starting
        stream = feed.streams - self.count + instrument
        row = feed.next[stream] - 1
        if row < feed.start[stream]:
            return 0
        price = feed.close[row] * self.tick_down[instrument] / self.tick_up[instrument]
        return math.floor(price + 0.5)

    def price(self, instrument: int) -> float:
        """Last price that is known, 0 before the first."""
        feed = self._feed
        stream = feed.streams - self.count + instrument
        row = feed.next[stream] - 1
        return feed.close[row] if row >= feed.start[stream] else 0.0

    def to_price(self, instrument: int, ticks: int) -> float:
        """Price of a number of ticks, correctly rounded."""
        return float(ticks) * self.tick_up[instrument] / self.tick_down[instrument]
