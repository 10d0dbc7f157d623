"""Where price may turn: kernels that find support and resistance levels.

A level has no side: what held from above as support holds from below as resistance. Every source
answers the same question, :func:`beyond <tradectl_strategies.levels.choice.nearer>`: which level
comes next from a price in a direction, NaN for none.

- :class:`PivotLevels`: the seven classic pivots of the previous period;
- :class:`SwingLevels`: confirmed swing highs and lows, clustered into levels with touches;
- :class:`VolumeProfile`: where volume has traded: point of control, value area, nodes;
- :class:`LevelMap`: all of them together.

None of them knows a bar before it has closed, nor a swing before it was confirmed.
"""

from __future__ import annotations

from tradectl_strategies.levels.book import LevelBook
from tradectl_strategies.levels.choice import nearer
from tradectl_strategies.levels.map import LevelMap
from tradectl_strategies.levels.pivots import PivotLevels
from tradectl_strategies.levels.profile import VolumeProfile
from tradectl_strategies.levels.swings import SwingLevels

__all__ = [
    "LevelBook",
    "LevelMap",
    "PivotLevels",
    "SwingLevels",
    "VolumeProfile",
    "nearer",
]
