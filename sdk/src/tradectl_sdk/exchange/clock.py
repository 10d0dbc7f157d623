"""How far the venue's clock is ahead of ours, and how sure that is.

An answer tells the time at some moment between asking and hearing; the middle is the best guess and
half of the way there and back the most it can be wrong (Cristian, 1989). Of several samples the
quickest is the best.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SAMPLES: Final = 16  # how many are remembered
DRIFT: Final = 10_000  # a cheap clock gains or loses up to one part in so many


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One question for the venue's time, nanoseconds.

    Attributes:
        sent: Our clock when it was asked.
        venue: What the venue's clock said.
        received: Our clock when the answer came.
    """

    sent: int
    venue: int
    received: int

    @property
    def offset(self) -> int:
        """How far the venue's clock is ahead of ours."""
        return self.venue - (self.sent + self.received) // 2

    @property
    def uncertainty(self) -> int:
        """How wrong the offset can be: half the round trip."""
        return (self.received - self.sent + 1) // 2


@dataclass(slots=True)
class ClockEstimate:
    """The best of the latest samples."""

    samples: list[ClockSample] = field(default_factory=list)

    def add(self, sent: int, venue: int, received: int) -> None:
        """Remember a sample; the oldest is forgotten, and so are those that it contradicts.

        Clocks drift, and sometimes one of them is set: then what was measured before is wrong.
        """
        new = ClockSample(sent, venue, received)
        kept = [sample for sample in self.samples if _agree(sample, new)]
        self.samples = [*kept[-(SAMPLES - 1) :], new]

    @property
    def best(self) -> ClockSample | None:
        """The sample that is least uncertain, the latest of equals; None before the first."""
        return min(reversed(self.samples), key=lambda s: s.uncertainty, default=None)


def _agree(old: ClockSample, new: ClockSample) -> bool:
    """Say whether two samples can both be true, as far as clocks drift in the time between."""
    drift = abs(new.sent - old.sent) // DRIFT
    return abs(new.offset - old.offset) <= old.uncertainty + new.uncertainty + drift
