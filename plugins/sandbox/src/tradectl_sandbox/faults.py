"""Everything that goes wrong, on demand.

A fault is armed and waits for its occasion, a number of times or for a number of seconds. Each is
something that exchanges have done to their clients; none of them lies about the account, which is
what the ledger says all along.
"""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FaultKind(enum.StrEnum):
    """What can go wrong."""

    # A new order
    ACCEPT_THEN_TIMEOUT = "accept_then_timeout"  # taken, and the answer never comes
    ACCEPT_THEN_504 = "accept_then_504"  # taken, and the answer says that nobody knows
    LOSE_REQUEST = "lose_request"  # not taken, and the answer never comes
    ERROR_IN_200 = "error_in_200"  # not taken, and the answer is a success that says so inside
    GARBAGE = "garbage"  # taken, and the answer cannot be read
    ACK_AFTER_FILL = "ack_after_fill"  # the answer comes seconds after the fill was told
    PARTIAL_THEN_EXPIRE = "partial_then_expire"  # half of it fills, the rest is ended by the venue
    # A cancellation
    LOSE_CANCEL_REPLY = "lose_cancel_reply"  # cancelled, and the answer never comes
    CANCEL_LATER = "cancel_later"  # the answer says cancelled, the order lives for seconds more
    # The account stream
    DUPLICATE_FILL = "duplicate_fill"  # a fill is told twice
    LATE_FILL = "late_fill"  # a fill is told seconds later
    SWAP_FILLS = "swap_fills"  # a fill is told after what came after it
    # Questions
    HIDE_OPEN_ORDERS = "hide_open_orders"  # younger orders than so many seconds are not listed
    HIDE_ORDERS = "hide_orders"  # nor found by their id
    EMPTY_LISTS = "empty_lists"  # lists are empty, whatever there is
    # Connections
    SILENT_STREAMS = "silent_streams"  # open, and nothing is said
    DROP_STREAMS = "drop_streams"  # every stream is cut, once
    BOOK_GAP = "book_gap"  # a change of the book is left out
    SLOW = "slow"  # every answer takes so many seconds
    # The whole exchange
    RATE_LIMIT = "rate_limit"  # 429 for seconds
    BAN = "ban"  # 418 for seconds
    MAINTENANCE = "maintenance"  # 503 for seconds
    CLOCK_JUMP = "clock_jump"  # its clock is so many seconds off from now on


# What happens at once when it is armed, instead of waiting for an occasion.
IMMEDIATE = {FaultKind.DROP_STREAMS, FaultKind.BOOK_GAP, FaultKind.CLOCK_JUMP}
# What lasts for a time instead of a number of occasions.
LASTING = {
    FaultKind.HIDE_OPEN_ORDERS,
    FaultKind.HIDE_ORDERS,
    FaultKind.EMPTY_LISTS,
    FaultKind.SILENT_STREAMS,
    FaultKind.SLOW,
    FaultKind.RATE_LIMIT,
    FaultKind.BAN,
    FaultKind.MAINTENANCE,
}


@dataclass(slots=True)
class Fault:
    """A fault that waits, or lasts.

    Attributes:
        kind: What it is.
        times: Occasions left.
        seconds: How long it lasts, or how long it makes somebody wait.
        symbol: Only in this market; all of them when empty.
        until: When it ends, if it lasts; seconds of a clock that never goes back.
    """

    kind: FaultKind
    times: int = 1
    seconds: float = 5.0
    symbol: str = ""
    until: float = 0.0


@dataclass(slots=True)
class Faults:
    """What is armed.

    Attributes:
        armed: In the order it was.
        clock: Seconds that never go back.
    """

    armed: list[Fault] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic

    def arm(
        self, kind: FaultKind | str, *, times: int = 1, seconds: float = 5.0, symbol: str = ""
    ) -> Fault:
        """Let something go wrong at its next occasion, or from now on.

        Args:
            kind: What.
            times: On how many occasions, where it waits for them.
            seconds: For how long, where it lasts or lets wait.
            symbol: Only in this market.
        """
        fault = Fault(FaultKind(kind), times, seconds, symbol, self.clock() + seconds)
        if fault.kind not in IMMEDIATE:
            self.armed.append(fault)
        return fault

    def take(self, kind: FaultKind, symbol: str = "") -> Fault | None:
        """Use up one occasion of a fault; None when it is not armed."""
        for fault in self.armed:
            if fault.kind is kind and fault.symbol in {"", symbol}:
                fault.times -= 1
                if fault.times <= 0:
                    self.armed.remove(fault)
                return fault
        return None

    def lasting(self, kind: FaultKind, symbol: str = "") -> Fault | None:
        """Find a fault that lasts until now."""
        now = self.clock()
        self.armed = [f for f in self.armed if f.kind not in LASTING or f.until > now]
        for fault in self.armed:
            if fault.kind is kind and fault.symbol in {"", symbol}:
                return fault
        return None

    def clear(self) -> None:
        """Let everything go well from now on."""
        self.armed.clear()
