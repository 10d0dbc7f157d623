"""Orders: their kinds, and the one table that says what may happen to them.

The same table drives the compiled engine, the live executor and the documentation. Rows are the
status an order is in, columns what happens, cells the status afterwards; a dot is an anomaly: it
changes nothing and is recorded. A cell with the row's own status changes nothing either.

Rules that the table alone does not say:

1. A fill with a new trade id is a fact. It is applied to the position in every status, flagged
   late or overfill, never dropped; a repeated trade id is ignored.
2. FILL leads to FILLED when nothing is left, whatever the cell says; so does MODIFIED of an order
   that is partially filled.
3. MODIFY and CANCEL requests are two pending bits beside the status, not statuses; a rejected
   request clears its bit and nothing else.
4. UNKNOWN keeps its full exposure reserved and is left only on evidence from the venue.
5. DENIED is ours, REJECTED is the venue's; each carries a reason code.
"""

from __future__ import annotations

import enum


class Side(enum.IntEnum):
    """Direction of an order or a fill."""

    BUY = 1
    SELL = -1


class OrderType(enum.IntEnum):
    """What makes an order fill."""

    MARKET = 0
    LIMIT = 1
    STOP = 2
    STOP_LIMIT = 3
    TRAILING_STOP = 4


class TimeInForce(enum.IntEnum):
    """How long an order lives."""

    GTC = 0  # good till cancelled
    IOC = 1  # at once, the rest is cancelled
    FOK = 2  # at once and in full, or not at all
    GTD = 3  # good till a date
    DAY = 4  # good till the end of the trading day


class OrderFlag(enum.IntFlag):
    """Properties of an order that are neither type nor time in force."""

    REDUCE_ONLY = 1
    TRAIL_BPS = 2  # the trailing distance is in hundredths of a basis point
    CLOSE_POSITION = 4
    CHILD = 8  # activated by its parent's fill


class OrderStatus(enum.IntEnum):
    """Where an order stands."""

    NEW = 0
    HELD = 1
    DENIED = 2
    SUBMITTED = 3
    UNKNOWN = 4
    ACCEPTED = 5
    TRIGGERED = 6
    PARTIALLY_FILLED = 7
    FILLED = 8
    CANCELED = 9
    EXPIRED = 10
    REJECTED = 11

    @property
    def terminal(self) -> bool:
        """Whether nothing but a late fill can happen any more."""
        return self in _TERMINAL


class OrderEvent(enum.IntEnum):
    """What can happen to an order."""

    SUBMIT = 0
    SUBMIT_UNKNOWN = 1
    ACCEPT = 2
    REJECT = 3
    TRIGGER = 4
    FILL = 5
    CANCELED = 6
    EXPIRE = 7
    MODIFIED = 8
    DENY = 9
    HOLD = 10
    NOT_FOUND = 11  # proven absent at the venue, after its request window


class Pending(enum.IntFlag):
    """Requests under way, beside the status."""

    MODIFY = 1
    CANCEL = 2


_TERMINAL = frozenset(
    {
        OrderStatus.DENIED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
    }
)

ILLEGAL = -1

# fmt: off
_TABLE = """
status           SUBMIT UNKNWN ACCEPT REJECT TRIGGR FILL   CANCEL EXPIRE MODIFY DENY   HOLD   NOTFND
NEW              SUBM   .      ACCE   REJE   TRIG   PART   CANC   EXPI   NEW    DENI   HELD   .
HELD             SUBM   .      .      .      .      .      CANC   EXPI   HELD   DENI   .      .
DENIED           .      .      .      .      .      DENI   .      .      .      .      .      .
SUBMITTED        .      UNKN   ACCE   REJE   TRIG   PART   CANC   EXPI   SUBM   .      .      REJE
UNKNOWN          .      UNKN   ACCE   REJE   TRIG   PART   CANC   EXPI   UNKN   .      .      REJE
ACCEPTED         .      .      ACCE   REJE   TRIG   PART   CANC   EXPI   ACCE   .      .      CANC
TRIGGERED        .      .      TRIG   REJE   TRIG   PART   CANC   EXPI   TRIG   .      .      CANC
PARTIALLY_FILLED .      .      PART   .      PART   PART   CANC   EXPI   PART   .      .      CANC
FILLED           .      .      FILL   .      .      FILL   FILL   FILL   .      .      .      .
CANCELED         .      .      CANC   CANC   .      CANC   CANC   CANC   .      .      .      .
EXPIRED          .      .      EXPI   EXPI   .      EXPI   EXPI   EXPI   .      .      .      .
REJECTED         .      .      REJE   REJE   .      REJE   REJE   REJE   .      .      .      .
"""
# fmt: on


def _parse(table: str) -> tuple[tuple[int, ...], ...]:
    short = {status.name[:4]: int(status) for status in OrderStatus} | {".": ILLEGAL}
    rows = [line.split() for line in table.strip().splitlines()[1:]]
    if [row[0] for row in rows] != [status.name for status in OrderStatus]:
        raise AssertionError("the rows of the order table are not the statuses in order")
    return tuple(tuple(short[cell] for cell in row[1:]) for row in rows)


# TRANSITIONS[status][event] is the next status, or ILLEGAL.
TRANSITIONS = _parse(_TABLE)
# Plain numbers: looking a member of an enumeration up takes as long as the rest of next_status
_FILL, _MODIFIED = int(OrderEvent.FILL), int(OrderEvent.MODIFIED)
_FILLED, _PARTIALLY_FILLED = int(OrderStatus.FILLED), int(OrderStatus.PARTIALLY_FILLED)


# What has happened to an order that has just come to a status, other than by a fill or a change
EVENT_OF = tuple(
    int(event)
    for event in (
        OrderEvent.SUBMIT,  # NEW: before anything has happened
        OrderEvent.HOLD,
        OrderEvent.DENY,
        OrderEvent.SUBMIT,
        OrderEvent.SUBMIT_UNKNOWN,
        OrderEvent.ACCEPT,
        OrderEvent.TRIGGER,
        OrderEvent.FILL,
        OrderEvent.FILL,
        OrderEvent.CANCELED,
        OrderEvent.EXPIRE,
        OrderEvent.REJECT,
    )
)


def next_status(status: int, event: int, *, remaining: int = 1) -> int:
    """Return the status after an event, or ``ILLEGAL`` when it may not happen.

    Args:
        status: The status now.
        event: What happens.
        remaining: Lots left unfilled after the event; 0 makes a FILL final.
    """
    after = TRANSITIONS[status][event]
    if remaining > 0:
        return after
    fills = event == _FILL and after != ILLEGAL
    shrinks = event == _MODIFIED and after == _PARTIALLY_FILLED
    return _FILLED if fills or shrinks else after
