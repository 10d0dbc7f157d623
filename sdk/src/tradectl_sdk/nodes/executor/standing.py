"""How the executor stands with the world: what forbids sending, and sending what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.nodes.executor.state import HALTED, REDUCING

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.state import State

STALE = int(DenyReason.STALE)
HALTED_REASON = int(DenyReason.HALTED)
REDUCING_REASON = int(DenyReason.REDUCING)
UNKNOWN_ORDER = int(DenyReason.UNKNOWN_ORDER)
CLOCK = int(DenyReason.CLOCK)
NOT_RECONCILED = int(DenyReason.NOT_RECONCILED)


class Standing:
    """What is known of gateway, clock and data in this life; nothing of it is written down.

    Attributes:
        gateway: Life of the gateway that is connected, 0 for none.
        agreed: Whether our account agreed with the venue's when they were compared last.
        opened: Whether it has agreed once since the gateway connected.
        offset: How far the venue's clock is ahead of ours, None before it is known.
        clock_is_off: Whether the clocks are too far apart to send anything.
        link_up: Whether the venue tells the gateway of the account unasked.
        feed_live: Whether market data as a whole can be trusted, as the gateway says.
        stream_fresh: Whether they reach us in time.
        stale: Instruments whose data cannot be.
    """

    def __init__(self, state: State, setup: Setup) -> None:
        self.gateway = 0
        self.agreed = False
        self.opened = False
        self.offset: int | None = None
        self.link_up = True
        self.feed_live = True
        self.stream_fresh = True
        self.stale: dict[str, None] = {}
        self._state = state
        # A simulated venue lives in the time of its data, which need not be ours.
        self._most = None if setup.card.simulated else setup.bounds.max_clock_offset
        self._uncertainty = 0
        self.clock_is_off = self._most is not None

    def doubt(self) -> None:
        """Take nothing for granted any more until the account has been compared."""
        self.agreed = self.opened = False

    def venue_time(self, now: int) -> int:
        """Return the venue's time as far as it is known; ours before that."""
        return now + (self.offset or 0)

    def compare_clocks(self, offset: int, uncertainty: int | None = None) -> None:
        """Take note of how far the venue's clock is ahead, and how far off that may be at most."""
        self.offset = offset
        if uncertainty is not None:
            self._uncertainty = uncertainty
        if self._most is not None:
            self.clock_is_off = abs(offset) + self._uncertainty > self._most

    @property
    def is_sure(self) -> bool:
        """Whether we know what the account holds, now and from now on."""
        return self.agreed and self.link_up

    @property
    def can_send(self) -> bool:
        """Whether an approved order may leave at all."""
        return self.gateway > 0 and self.opened and not self.clock_is_off

    def trusts(self, instrument: str) -> bool:
        """Whether market data of an instrument can be trusted."""
        return self.feed_live and self.stream_fresh and instrument not in self.stale

    def against(self, instrument: str, *, reduces: bool, behind: bool) -> int:
        """Return the reason why an order may not be sent whatever the rules say, or 0.

        Args:
            instrument: What it trades.
            reduces: Whether it can only make a position smaller.
            behind: Whether our market data are older than its host's.
        """
        if self._state.switch == HALTED:
            return HALTED_REASON
        if not self.opened:
            return NOT_RECONCILED
        if self.clock_is_off:
            return CLOCK
        return 0 if reduces else self._against_risk(instrument, behind=behind)

    def _against_risk(self, instrument: str, *, behind: bool) -> int:
        if not self.is_sure:
            return NOT_RECONCILED
        if self._state.switch == REDUCING:
            return REDUCING_REASON
        if behind or not self.trusts(instrument):
            return STALE
        live = self._state.book.unknown.get(instrument, 0)
        return UNKNOWN_ORDER if live else 0
