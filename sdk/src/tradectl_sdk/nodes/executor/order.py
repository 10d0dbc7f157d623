"""An order as the executor keeps it, and what can be said of it without asking anybody.

An order of a strategy is one order for its whole life here. At the venue it may be several, one
after another: where a venue cannot change an order in place, it is cancelled and sent anew under
the next *revision*. What belongs to the present revision begins with ``leg``. Each revision walks
the order table from its first row; it begins HELD.

Held here are the exits of an entry that has not filled yet, and orders of kinds that the venue
lacks; both wait for something to happen and are then sent.
"""

from __future__ import annotations

import msgspec

from tradectl_sdk.domain.orders import OrderFlag, OrderStatus, OrderType, Pending

NEW = int(OrderStatus.NEW)
HELD = int(OrderStatus.HELD)
SUBMITTED = int(OrderStatus.SUBMITTED)
UNKNOWN = int(OrderStatus.UNKNOWN)
ACCEPTED = int(OrderStatus.ACCEPTED)
TRIGGERED = int(OrderStatus.TRIGGERED)
PARTIALLY_FILLED = int(OrderStatus.PARTIALLY_FILLED)
ENDED = tuple(status.terminal for status in OrderStatus)
PLAIN = {int(one) for one in OrderStatus if one.terminal} | {NEW, UNKNOWN}  # shown as they are
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
MARKET = int(OrderType.MARKET)
LIMIT = int(OrderType.LIMIT)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
NATIVE_PARENT, NATIVE_GROUP = 1, 2
CANCELLING = int(Pending.CANCEL)
MODIFYING = int(Pending.MODIFY)


class Order(msgspec.Struct, array_like=True):
    """One order of a strategy, of a person or of the executor itself.

    Attributes:
        key: The executor's number of it.
        epoch: Life of the host that placed it; 0 when no host did.
        number: The host's number of it; 0 when no host placed it.
        lots: Quantity wanted.
        filled: Lots filled, more than wanted when a venue filled too much.
        group: Key of the first order of its group, 0 for none.
        parent: Key of the order whose fills activate it, 0 for none.
        decided: Time of the datum it was decided on.
        created: When it was placed, our clock.
        asked: Quantity that was asked for before rules and fills had their say.
        status: OrderStatus; of its present revision, as long as it has not ended.
        pending: Requests under way.
        reason: DenyReason or CloseReason.
        ending: CloseReason with which it is to end; 0 while it is wanted.
        native: Which of its ties the venue itself keeps: NATIVE_PARENT, NATIVE_GROUP bits.
        local: Whether it waits here for the market to meet its trigger.
        triggered: Whether the market has.
        parked: When it is judged for the last time; 0 for one that is not waiting to be judged.
        revision: Which order at the venue it is by now, from 0.
        client_id: Our id of that one, empty before it was sent.
        venue_id: The venue's.
        leg_type: Its type, which differs where a trigger was met here.
        leg_lots: Its quantity.
        leg_filled: Lots of it that have been filled.
        leg_seen: Lots of it that the venue says have been filled.
        owed: Lots that the venue says earlier revisions have filled, and whose trades are to come.
        sent: When it was sent, our clock.
        sent_venue: The same by the venue's clock.
        heard: The venue's time of the latest news of it.
        replacing: Whether its cancellation is asked for only to send it anew.
        doubted: Whether a request of ours may or may not have been done.
        unamendable: Whether the venue has refused to change it in place.
        soft: Whether it ended by proof of absence; the venue may still show it.
        closed: When it ended, our clock.
        inferred: Lots and price of fills that were inferred and not yet told.
        earlier: Our id and the venue's of each earlier revision.
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
    created: int
    asked: int
    status: int = NEW
    pending: int = 0
    reason: int = 0
    text: str = ""
    ending: int = 0
    native: int = 0
    local: bool = False
    triggered: bool = False
    parked: int = 0
    filled: int = 0
    revision: int = 0
    client_id: str = ""
    venue_id: str = ""
    leg_type: int = 0
    leg_lots: int = 0
    leg_filled: int = 0
    leg_seen: int = 0
    leg_limit: int = 0
    leg_trigger: int = 0
    asked_lots: int = 0
    asked_limit: int = 0
    asked_trigger: int = 0
    owed: int = 0
    sent: int = 0
    sent_venue: int = 0
    heard: int = 0
    replacing: bool = False
    doubted: bool = False
    unamendable: bool = False
    soft: bool = False
    closed: int = 0
    inferred: tuple[tuple[int, int], ...] = ()
    earlier: tuple[tuple[str, str], ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing but a late fill can happen any more."""
        return ENDED[self.status]

    @property
    def remaining(self) -> int:
        """Lots wanted and not filled."""
        return self.lots - self.filled if self.lots > self.filled else 0

    @property
    def leg_remaining(self) -> int:
        """Lots that the venue may still fill of the present revision."""
        left = self.leg_lots - self.leg_filled
        return left if left > 0 and SUBMITTED <= self.status <= PARTIALLY_FILLED else 0

    @property
    def unfilled(self) -> int:
        """Lots that are wanted or that the venue may fill, wanted or not; none make it filled.

        Where the venue keeps an exit itself it counts as we do, though it may show the whole.
        """
        wanted = self.remaining
        return wanted if self.native else max(wanted, self.leg_remaining)

    @property
    def at_venue(self) -> bool:
        """Whether the venue has it, or may have it."""
        return SUBMITTED <= self.status <= PARTIALLY_FILLED

    @property
    def waits_for_entry(self) -> bool:
        """Whether it is an exit whose entry has not filled anything yet."""
        return self.parent > 0 and self.lots == 0

    @property
    def works(self) -> bool:
        """Whether it can fill and is wanted; what the engine calls alive."""
        if self.ending or self.ended or self.status == NEW:
            return False
        return not self.waits_for_entry

    @property
    def rests_here(self) -> bool:
        """Whether it waits here for the market to meet its trigger."""
        return self.status == HELD and self.local and not self.triggered and self.works

    @property
    def settled(self) -> bool:
        """Whether every fill has arrived that the venue has announced."""
        return self.leg_filled >= self.leg_seen and self.owed == 0

    @property
    def exposure(self) -> int:
        """Lots by which it may still increase a position; the most that is possible.

        An order that is approved counts at once, though it has not been sent; of one that has
        ended, fills that the venue has announced and not told count until they come.
        """
        if self.flags & REDUCE_ONLY or self.parked:
            return 0
        announced = self.owed
        if self.leg_seen > self.leg_filled:
            announced += self.leg_seen - self.leg_filled
        status = self.status
        if ENDED[status]:
            return announced
        wanted = self.lots - self.filled
        if SUBMITTED <= status <= PARTIALLY_FILLED:
            there = self.leg_lots - self.leg_filled
            wanted = there if there > wanted else wanted
        return wanted if wanted > announced else announced

    @property
    def shown(self) -> int:
        """The status as a strategy is to see it: what is kept working from here counts as working.

        An exit, an order held here for the market and one that is being replaced were working
        before they are sent (again); only a plain order is seen being sent.
        """
        status = self.status
        if status in PLAIN:
            return status
        if self.parent > 0 and self.lots == 0:
            return HELD  # it waits for its entry
        if self.filled > 0:
            return PARTIALLY_FILLED
        if self.triggered:
            return TRIGGERED
        kept = self.parent > 0 or self.local or self.revision > 0
        if status == HELD or (status == SUBMITTED and kept):
            return ACCEPTED
        return status
