"""Records about single orders; see :mod:`.records` for all of them and the rules of change."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="kind"):
    """What every record begins with: when it was written, our clock."""

    time: int


class Placed(Record, frozen=True, tag="place"):
    """An order: approved and still to be sent, held, waiting, or denied.

    Attributes:
        event: HOLD, DENY, or -1 for one that is sent at once or waits to be judged again.
        lots: Approved quantity; an exit begins with none and grows with its entry's fills.
        asked: Quantity asked for.
        parked: When it is judged for the last time, 0 for one that is not waiting.
        filled: Lots of an order taken over that had been filled before.
        read: Number of the host's message whose last command this is; 0 where another record says
            that the message has been dealt with.
        noted: What rules came to remember when they judged it, as in RulesNoted.
    """

    key: int
    epoch: int
    number: int
    instrument: str
    side: int
    type: int
    time_in_force: int
    flags: int
    lots: int
    limit: int
    trigger: int
    trail: int
    expires: int
    group: int
    parent: int
    decided: int
    event: int
    reason: int = 0
    asked: int = 0
    native: int = 0
    local: bool = False
    parked: int = 0
    filled: int = 0
    read: int = 0
    noted: dict[str, dict[str, int | float | bool | str]] = {}


class Sent(Record, frozen=True, tag="send"):
    """What is about to leave for the venue: the intent that must be on disk before."""

    key: int
    client_id: str
    type: int
    lots: int
    limit: int
    trigger: int
    venue_time: int


class Moved(Record, frozen=True, tag="move"):
    """An order's status moved by the order table, other than by a fill."""

    key: int
    event: int
    reason: int = 0
    text: str = ""
    venue_time: int = 0


class Seen(Record, frozen=True, tag="seen"):
    """What the venue says an order of ours is; ``filled`` is what it says has been filled."""

    key: int
    venue_id: str
    lots: int
    filled: int
    limit: int
    trigger: int
    venue_time: int


class Booked(Record, frozen=True, tag="fill"):
    """A fill, applied whatever the order's status.

    Attributes:
        key: The order; 0 for a trade that was taken over without one.
        revision: Which of the orders that it became at the venue.
        digest: Of what the venue said, so that the same id with other content is noticed.
        late: Whether the order had ended.
        replaced: Lots that had been inferred before, for which this is the venue's own word.
        replaced_price: The price they had been inferred at.
    """

    key: int
    revision: int
    instrument: str
    trade_id: str
    digest: int
    side: int
    lots: int
    price: int
    fee: int
    fee_currency: str
    maker: bool
    venue_time: int
    reason: int = 0
    reference: int = 0
    late: bool = False
    inferred: bool = False
    replaced: int = 0
    replaced_price: int = 0


class Altered(Record, frozen=True, tag="alter"):
    """What is wanted of an order changed: its strategy modified it, or its group did."""

    key: int
    lots: int
    limit: int
    trigger: int


class Ending(Record, frozen=True, tag="end"):
    """An order is to end, for a reason; the venue may still fill it until it confirms."""

    key: int
    reason: int


class Asked(Record, frozen=True, tag="ask"):
    """A cancel or an amendment leaves for the venue; the latter with its terms."""

    key: int
    pending: int
    replacing: bool = False
    lots: int = 0
    limit: int = 0
    trigger: int = 0


class Cleared(Record, frozen=True, tag="clear"):
    """A request under way ended without the order moving.

    Attributes:
        pending: The bits that are cleared.
        amended: Whether the venue has taken the terms that were asked for.
        refused: Whether it has refused an amendment, so that a replacement is tried.
    """

    key: int
    pending: int
    amended: bool = False
    refused: bool = False


class Doubted(Record, frozen=True, tag="doubt"):
    """A request of ours may or may not have been done; nothing is asked before the venue tells."""

    key: int


class Replaced(Record, frozen=True, tag="next"):
    """The venue has ended what an order was there, so that it is sent anew with other terms."""

    key: int


class Revived(Record, frozen=True, tag="revive"):
    """The venue works on an order that we thought had ended."""

    key: int
    status: int


class Unparked(Record, frozen=True, tag="unpark"):
    """An order that waited to be judged has passed."""

    key: int


class Triggered(Record, frozen=True, tag="trigger"):
    """The market met the trigger of an order held here."""

    key: int
    price: int


class Trailed(Record, frozen=True, tag="trail"):
    """A trailing stop held here followed the market."""

    key: int
    trigger: int


class Tied(Record, frozen=True, tag="tie"):
    """An order joined a group; ``native`` when the venue keeps it."""

    key: int
    group: int
    native: bool = False
