"""A stage around the venue in memory, for adapters that speak its language."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from tradectl_sdk.testing.exchange_stage import ExchangeStage, Fault
from tradectl_sdk.testing.memory_venue import MINUTE, TICK, MemoryVenue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.exchange import Exchange


class MemoryStage(ExchangeStage):
    """A :class:`MemoryVenue` with everything that can go wrong there.

    Args:
        instrument: What the adapter calls the venue's one instrument.
        connect: Makes an adapter that trades at a venue.
    """

    lots = 500
    bar_length = MINUTE * 1_000_000
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault)

    def __init__(self, instrument: str, connect: Callable[[MemoryVenue], Exchange]) -> None:
        self.instrument = instrument
        self.venue = MemoryVenue()
        self.secrets = (self.venue.key,)
        self._connect = connect

    def connect(self) -> Exchange:
        """Return a new adapter at the same venue."""
        return self._connect(self.venue)

    async def resting_price(self) -> int:
        """Return half the price."""
        return int(self.venue.price / TICK / 2)

    async def taking_price(self) -> int:
        """Return one dollar above the price."""
        return int((self.venue.price + Decimal(1)) / TICK)

    async def advance(self) -> None:
        """Close a bar."""
        self.venue.advance()

    async def cause(self, fault: Fault) -> None:
        """Cause it."""
        match fault:
            case Fault.ANSWER_LOST:
                self.venue.lose_answer = True
            case Fault.UNREACHABLE:
                self.venue.unreachable = True
            case Fault.RATE_LIMIT:
                self.venue.busy = True
            case Fault.STREAMS_CUT:
                self.venue.cut_streams()

    async def heal(self) -> None:
        """End every fault."""
        self.venue.lose_answer = self.venue.unreachable = self.venue.busy = False
