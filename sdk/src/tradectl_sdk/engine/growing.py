"""Signals that come one at a time, beside bars that do."""

from __future__ import annotations

import math

ROOM = 256  # values that are remembered; a strategy reads the latest


class GrowingColumn:
    """A column of a session's signal: values are added as bars close, and old ones forgotten."""

    def __init__(self, room: int = ROOM) -> None:
        self._values = [math.nan] * room
        self._count = 0

    def __len__(self) -> int:
        """Values there have been."""
        return self._count

    def append(self, value: float) -> None:
        """Add the value beside the next bar."""
        self._values[self._count % len(self._values)] = value
        self._count += 1

    def __getitem__(self, row: int) -> float:
        """The value beside a bar, counted from the first.

        Raises:
            IndexError: If it has not come, or is forgotten.
        """
        if not max(0, self._count - len(self._values)) <= row < self._count:
            raise IndexError(f"the value beside bar {row} was asked for, of {self._count}")
        return self._values[row % len(self._values)]
