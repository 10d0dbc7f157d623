"""When a model is fitted, and on which bars: the only place where that is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One fit and the bars it forecasts, as positions; ``stop`` is exclusive.

    Attributes:
        train_start: First bar whose features and label are learned from.
        train_stop: Bars from here on are not learned from.
        start: The bar at whose close the fit is made; its own forecast is the first.
        stop: Bars from here on are forecast by the next fit.
    """

    train_start: int
    train_stop: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Walk-forward fitting with purge and embargo.

    The label of a bar is what happens over the ``horizon`` bars after it, so it is known that
    much later. The fit at the close of bar ``t`` therefore learns from bars up to and including
    ``t - horizon - embargo``: labels that reach beyond ``t - embargo`` are purged (López de
    Prado, "Advances in Financial Machine Learning", 2018, chapter 7, for walking forward).

    Attributes:
        horizon: Bars a label looks ahead.
        embargo: Further bars between the last label's end and the first forecast.
        first: The bar, counted from 0, at whose close the first fit is made.
        every: Bars from one fit to the next.
        window: Bars to learn from, the latest; all there are when 0.

    Raises:
        UsageError: If one is out of bounds, or the first fit would have nothing to learn from.
    """

    horizon: int = 1
    embargo: int = 0
    first: int = 500
    every: int = 250
    window: int = 0

    def __post_init__(self) -> None:
        """Check bounds."""
        for name, least in (("horizon", 1), ("embargo", 0), ("every", 1), ("window", 0)):
            if getattr(self, name) < least:
                raise UsageError(
                    f"{name} was {getattr(self, name)}, expected at least {least} bars"
                )
        if self.first <= self.horizon + self.embargo:
            raise UsageError(
                f"first was {self.first}, expected more than horizon and embargo together, "
                f"{self.horizon + self.embargo}",
                hint="before that no label is known",
            )

    def folds(self, bars: int) -> Iterator[Fold]:
        """Yield the fits over so many bars, in order.

        More bars add folds and lengthen the last one; they change nothing else.
        """
        for start in range(self.first, bars, self.every):
            stop = start - self.horizon - self.embargo + 1
            begin = max(0, stop - self.window) if self.window else 0
            yield Fold(
                train_start=begin,
                train_stop=stop,
                start=start,
                stop=min(start + self.every, bars),
            )
