"""Bars as a session is told of them, as the columns that backtests and models read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.exchange.values import BarClosed


def to_bars(closed: Sequence[BarClosed], instrument: Instrument, timeframe: Timeframe) -> Bars:
    """Return bars of one instrument, given oldest first, as columns."""

    def column(name: str) -> NDArray[np.int64]:
        return np.array([getattr(bar, name) for bar in closed], np.int64)

    return Bars(
        instrument=instrument,
        timeframe=timeframe,
        time=column("time") - timeframe.nanoseconds,
        open=column("open"),
        high=column("high"),
        low=column("low"),
        close=column("close"),
        volume=column("volume"),
    )
