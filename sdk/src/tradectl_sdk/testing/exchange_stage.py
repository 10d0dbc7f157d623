"""Where an exchange adapter is put to the test: a venue without money, and what can go wrong."""

from __future__ import annotations

import abc
import enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from tradectl_sdk.exchange import Exchange


class Fault(enum.StrEnum):
    """What a stage can do to an adapter."""

    ANSWER_LOST = "answer-lost"  # the next order is taken, and its answer never arrives
    UNREACHABLE = "unreachable"  # nothing gets through in either direction until healed
    RATE_LIMIT = "rate-limit"  # every request is refused as one too many until healed
    STREAMS_CUT = "streams-cut"  # every stream is cut now, and may be opened again


class ExchangeStage(abc.ABC):
    """One account at a venue that an adapter can trade at in a test.

    Attributes:
        instrument: What is traded.
        lots: A usual size of an order.
        bar_length: Nanoseconds of the bars that there is a history of; 0 when there is none.
        faults: What it can cause.
        secrets: Texts that an adapter knows and must never show, such as the keys it was given.
        patience: Seconds that an event may take to arrive.
    """

    instrument: str
    lots: int = 1
    bar_length: int = 0
    faults: ClassVar[frozenset[Fault]] = frozenset()
    secrets: tuple[str, ...] = ()
    patience: float = 10.0

    @abc.abstractmethod
    def connect(self) -> Exchange:
        """Return a new adapter on the account, not yet opened."""

    @abc.abstractmethod
    async def resting_price(self) -> int:
        """Return ticks at which a buy order rests."""

    @abc.abstractmethod
    async def taking_price(self) -> int:
        """Return ticks at which a buy order fills."""

    async def advance(self) -> None:  # noqa: B027 - a venue with a clock of its own needs nothing
        """Let the venue go on by one bar, where it does not by itself."""

    async def cause(self, fault: Fault) -> None:
        """Cause one of ``faults``."""
        raise NotImplementedError(f"this stage cannot cause {fault}")

    async def heal(self) -> None:  # noqa: B027 - nothing to heal where nothing can be caused
        """End every fault."""
