"""The memory of requests: the same number again is answered from here and never sent again."""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.orders import AccountFetched, Answered, QueryAnswered

    Answer = Answered | QueryAnswered | AccountFetched


class Standing(enum.Enum):
    """Where a request stands when it comes."""

    NEW = enum.auto()
    UNDER_WAY = enum.auto()
    ANSWERED = enum.auto()
    FORGOTTEN = enum.auto()  # answered so long ago that the answer is gone


class Requests:
    """The requests of one executor's life.

    Numbers grow within a life. One that is not above the highest forgotten one is never taken for
    new, because it may have been sent.

    Args:
        kept: Answers that are kept.

    Attributes:
        under_way: How many wait for the exchange.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._answers: OrderedDict[int, Answer] = OrderedDict()
        self._under_way: set[int] = set()
        self._forgotten = -1

    @property
    def under_way(self) -> int:
        """How many wait for the exchange."""
        return len(self._under_way)

    @property
    def remembered(self) -> int:
        """How many answers are kept."""
        return len(self._answers)

    def standing(self, request: int) -> Standing:
        """Say whether a request may be carried out."""
        if request in self._under_way:
            return Standing.UNDER_WAY
        if request in self._answers:
            return Standing.ANSWERED
        return Standing.FORGOTTEN if request <= self._forgotten else Standing.NEW

    def answer(self, request: int) -> Answer:
        """Return the answer that was given.

        Raises:
            KeyError: If it is not answered.
        """
        return self._answers[request]

    def begin(self, request: int) -> None:
        """Remember that a request is on its way."""
        self._under_way.add(request)

    def finish(self, answer: Answer) -> None:
        """Remember what became of it."""
        self._under_way.discard(answer.request)
        self._answers[answer.request] = answer
        while len(self._answers) > self._kept:
            oldest, _ = self._answers.popitem(last=False)
            self._forgotten = max(self._forgotten, oldest)
