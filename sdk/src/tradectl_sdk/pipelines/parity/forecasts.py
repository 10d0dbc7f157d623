"""What a session's models said, beside what they say of the same bars again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.nodes.host.records import Saw, Warmed


@dataclass(slots=True)
class Recorded:
    """Forecasts of a recording.

    Attributes:
        values: Of each instrument, by when its bars closed: the value of each signal.
    """

    values: dict[str, dict[int, tuple[float, ...]]] = field(default_factory=dict)

    def keep(self, frame: Warmed | Saw) -> None:
        """Take in what stood beside bars; what was said first of a bar stands."""
        for bar, values in zip(frame.bars, frame.forecasts, strict=False):
            self.values.setdefault(bar.instrument, {}).setdefault(bar.time, values)

    def column(self, instrument: str, place: int) -> NDArray[np.float64]:
        """One signal of an instrument, by its place in the session's order, oldest first."""
        mine = self.values.get(instrument, {})
        return np.array([mine[time][place] for time in sorted(mine) if mine[time]], np.float64)

    def compared(
        self, instruments: Sequence[str], again: Mapping[str, Sequence[NDArray[np.float64]]]
    ) -> Iterator[str]:
        """Yield a sentence for each signal that is another when it is made again.

        Args:
            instruments: Ids of what was traded, in order.
            again: The signals made again, one column for each instrument.
        """
        for place, (signal, columns) in enumerate(again.items()):
            pairs = [
                (self.column(name, place), column)
                for name, column in zip(instruments, columns, strict=True)
            ]
            total = sum(len(column) for _, column in pairs)
            other = sum(_other(mine, theirs) for mine, theirs in pairs)
            if other:
                yield f"{other} of {total} values of {signal} are others when its model runs again"


def _other(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> int:
    """How many values differ, in any bit; those that one of them lacks do."""
    count = min(len(mine), len(theirs))
    bits = mine[:count].view(np.int64) != theirs[:count].view(np.int64)
    known = ~(np.isnan(mine[:count]) & np.isnan(theirs[:count]))
    return int(np.sum(bits & known)) + abs(len(mine) - len(theirs))
