"""Slippage from the size of an order."""

from __future__ import annotations

import math


class SquareRootImpact:
    """Slippage that grows with the square root of the share of the bar's volume that is taken.

    ``price * impact * sqrt(lots / volume)``: the square-root law of market impact, seen from
    single shares to futures over many decades (Toth et al., "Anomalous price impact and the
    critical nature of liquidity in financial markets", Physical Review X 1, 021006, 2011, equation
    1), where ``impact`` is the volatility over the bar times a number near one.

    Args:
        impact: What taking the whole volume of a bar costs, as a share of the price.
        unknown: Share of the volume assumed where a bar has none.
    """

    def __init__(self, impact: float, unknown: float = 1.0) -> None:
        self.impact = impact
        self.unknown = unknown

    def slip(self, instrument: int, ticks: int, lots: int, volume: int) -> int:
        """Ticks by which a taking fill is worse than its reference price; rounded up.

        Args:
            instrument: Index of the instrument.
            ticks: The reference price.
            lots: Lots of this fill.
            volume: Lots traded in the bar, 0 when unknown.
        """
        share = lots / volume if volume > 0 else self.unknown
        return math.ceil(ticks * self.impact * math.sqrt(share) - 1e-9)
