"""Lengths of bars: ``1m``, ``4h``, ``1d``, ``1w``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tradectl_sdk.errors import UsageError

SECOND = 1_000_000_000  # nanoseconds
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_PATTERN = re.compile(r"([1-9]\d{0,4})([smhdw])")


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """How long one bar lasts.

    Attributes:
        nanoseconds: The length; bars start at whole multiples of it, weeks on Mondays (UTC).
    """

    nanoseconds: int

    @classmethod
    def parse(cls, text: str | Timeframe) -> Timeframe:
        """Read ``<count><unit>`` with unit s, m, h, d or w.

        Raises:
            UsageError: If the text is something else.
        """
        if isinstance(text, Timeframe):
            return text
        match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise UsageError(
                f"timeframe was {text!r}, expected a number and one of s, m, h, d, w",
                hint="for example 1m, 15m, 4h, 1d or 1w; a month has no fixed length",
            )
        return cls(int(match[1]) * _UNITS[match[2]] * SECOND)

    def __str__(self) -> str:
        """Return the shortest text that parses to the same length."""
        seconds = self.nanoseconds // SECOND
        for unit in ("w", "d", "h", "m"):
            if seconds % _UNITS[unit] == 0:
                return f"{seconds // _UNITS[unit]}{unit}"
        return f"{seconds}s"
