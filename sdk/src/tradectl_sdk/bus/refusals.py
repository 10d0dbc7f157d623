"""What was turned away, counted by kind, and told without letting a stranger fill the log."""

from __future__ import annotations

import logging
from collections import Counter

log = logging.getLogger("tradectl.bus")


class Refusals:
    """Counts and logs what was not let in.

    Args:
        where: What guards the door, for the log.

    Attributes:
        counts: How often, by kind.
    """

    def __init__(self, where: str) -> None:
        self.counts: Counter[str] = Counter()
        self._where = where

    def note(self, kind: str, text: str) -> None:
        """Count one, and log the first, the second, the fourth and so on of its kind.

        Args:
            kind: A few words, the same for all of a kind.
            text: A sentence about this one.
        """
        self.counts[kind] += 1
        count = self.counts[kind]
        if count & (count - 1) == 0:
            times = f" ({count} times so far)" if count > 1 else ""
            log.error("%s: %s%s", self._where, text, times)
