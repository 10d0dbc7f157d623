"""The parts of the bars that a trial is looked at over before it may go on to all of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tradectl_sdk.pipelines.optimizing.choosing import GROWTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.pipelines.optimizing.question import Made

PARTS = (Fraction(1, GROWTH**2), Fraction(1, GROWTH))


@dataclass(frozen=True, slots=True)
class Pruned:
    """Where a trial was stopped, and why.

    Attributes:
        share: Of the bars in sample it had seen, the first ones.
        end: Open time of the first bar it had not seen, ISO 8601.
        value: Its objective over them, worse than that of others there.
    """

    share: Fraction
    end: str
    value: float


def pruned_trials(made: Sequence[Made], ends: Sequence[str]) -> dict[int, Pruned]:
    """Say of the trials that were stopped where that was, by their number."""
    return {
        each.trial.number: Pruned(
            PARTS[each.stopped.part], ends[each.stopped.part], each.stopped.value
        )
        for each in made
        if each.stopped is not None
    }


def share_text(share: Fraction) -> str:
    """Return ``1/9``."""
    return f"{share.numerator}/{share.denominator}"
