"""Every source of levels behind one question."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradectl_strategies.levels.choice import nearer

if TYPE_CHECKING:
    from tradectl_strategies.levels.pivots import PivotLevels
    from tradectl_strategies.levels.profile import VolumeProfile
    from tradectl_strategies.levels.swings import SwingLevels


class LevelMap:
    """The levels of up to three sources.

    Args:
        pivots: Pivots of the previous period, None to leave them out.
        swings: Clusters of swings, None to leave them out.
        profile: The volume profile, None to leave it out.
    """

    def __init__(
        self,
        pivots: PivotLevels | None,
        swings: SwingLevels | None,
        profile: VolumeProfile | None,
    ) -> None:
        self.pivots = pivots
        self.swings = swings
        self.profile = profile

    def update(
        self, time: int, high: float, low: float, close: float, volume: float, atr: float
    ) -> None:
        """Take the bar that closed at ``time`` with the average true range known then."""
        if self.pivots is not None:
            self.pivots.update(time, high, low, close)
        if self.swings is not None:
            self.swings.update(high, low, atr)
        if self.profile is not None:
            self.profile.update(high, low, volume)

    def beyond(self, price: float, side: int) -> float:
        """Return the next level from a price in a direction (+1 up, -1 down), NaN for none."""
        found = math.nan
        if self.pivots is not None:
            found = nearer(found, self.pivots.beyond(price, side), side)
        if self.swings is not None:
            found = nearer(found, self.swings.beyond(price, side), side)
        if self.profile is not None:
            found = nearer(found, self.profile.beyond(price, side), side)
        return found
