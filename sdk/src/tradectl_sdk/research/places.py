"""Where parameter sets are tried: on one instrument or another, in one window or another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """What places differ in; no name of a parameter, whatever a strategy calls its own."""

    INSTRUMENT = "instrument"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Place:
    """Where parameter sets are tried.

    Attributes:
        instrument: The one that is alone in its account; empty where all series share one.
        window: The open times that are used, as ``FROM:TO``; empty where that is all of them.
    """

    instrument: str = ""
    window: str = ""

    def __getitem__(self, dimension: Dimension) -> str:
        """Return where it is along a dimension."""
        return self.instrument if dimension is Dimension.INSTRUMENT else self.window

    def __str__(self) -> str:
        """Instrument and window, as far as there are any."""
        return " ".join(text for text in (self.instrument, self.window) if text)

    def to_json(self) -> dict[str, str | None]:
        """Return it as plain values; None for a dimension there is not."""
        return {each.value: self[each] or None for each in Dimension}
