"""A stream's receiving end without any I/O: order, gaps, what was missed, and whether it is late.

The core is told what arrived and what time it is. It never passes on a message while one before it
is missing: it asks the publisher, and either gets exactly what it missed, or says :class:`Gap` and
goes on from the latest of each topic. Before the first answer it passes nothing on.

Rules:

1. The first message, after a start, comes from an answer or directly follows one. What was said
   before the start is missing, too, and told as a gap.
2. A hole in the row, a pulse that counts further, another life of the publisher, or more unread
   messages than there is room for: ask, hold back what follows, drop of it what the answer has.
3. A message may be late by ``stale`` against the promptest of this life; more is :class:`Stale`,
   and so is silence and an answer that does not come. :class:`Fresh` ends it.
4. A message with a topic replaces an unread one; that is no gap.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tradectl_sdk.bus.conflation import ConflatingQueue
from tradectl_sdk.bus.greeting import hello_of
from tradectl_sdk.bus.link import Fresh, Gap, Stale
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.wire import Answer, Ask, Bye, Item, Pulse
from tradectl_sdk.bus.publishing import StreamLimits
from tradectl_sdk.bus.window import MILLISECOND

if TYPE_CHECKING:
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.messages.wire import Envelope

NOWHERE: Final = Cursor(0, 0)
_SLOW_ASK: Final = 5000 * MILLISECOND


class SubscriberCore:
    """The receiving end of a stream.

    Args:
        me: This node.
        now: The time, monotonic nanoseconds.
        limits: Bounds and times.

    Attributes:
        asks: Questions that are to be sent to the publisher.
        wake: When :meth:`tick` is due.
        at: Place up to which everything was passed on to the queue.
        stale: Whether what is read now is old.
        repaired: Holes that were filled without a gap.
        gaps: Holes that were not.
        refused: What could not be read, and refusals of the publisher.
        is_silent: Whether nothing has come by itself for too long.
    """

    def __init__(self, me: Identity, now: int, *, limits: StreamLimits | None = None) -> None:
        self.me = me
        self.limits = limits or StreamLimits()
        self.asks: deque[Ask] = deque()
        self.at = NOWHERE
        self.stale = False
        self.repaired = 0
        self.gaps = 0
        self.refused = 0
        self.is_silent = False
        self._queue = ConflatingQueue()
        self._taken = self._joined_at = NOWHERE
        self._life = 0
        self._told_stale = False
        self._why = Stale()
        self._held: deque[Item] = deque()  # what followed a hole
        self._request = 0
        self._parts: dict[int, Answer] = {}
        self._asking = False
        self._overflowed = False  # the node has to catch up before anything is asked for
        self._patience = self.limits.ask
        self._ask_at = now
        self._heard = self._ticked = now
        self._promptest: int | None = None  # least difference of the clocks in this life
        self._ask(now)

    @property
    def joined(self) -> bool:
        """Whether the publisher has answered, so that nothing can be missed in silence any more."""
        return self.at != NOWHERE

    @property
    def conflated(self) -> int:
        """Messages that newer ones replaced unread."""
        return self._queue.conflated

    @property
    def waiting(self) -> int:
        """Messages and events that can be taken."""
        return len(self._queue) + (self.stale != self._told_stale)

    @property
    def wake(self) -> int:
        """When :meth:`tick` is due."""
        due = self._ticked + self.limits.heartbeat
        return min(due, self._ask_at) if self._asking else due

    # The node's side -----------------------------------------------------------------------

    def take(self, now: int) -> Item | Gap | Stale | Fresh | None:
        """Return the next message or event, or None if there is none."""
        if self.stale != self._told_stale:
            return self._tell()
        what = self._queue.pop()
        if what is None:
            self._catch_up(now)
            return None
        if isinstance(what, Gap):
            self._taken = what.found
            return what
        item: Item = what
        if item.sent and self._judge(now, item):
            self._queue.push_back(item)
            return self._tell()
        self._taken = max(self._taken, item.cursor)
        return item

    def _tell(self) -> Stale | Fresh:
        self._told_stale = self.stale
        return self._why if self.stale else Fresh()

    def _judge(self, now: int, item: Item) -> bool:
        """Whether with this message the stream becomes late, or prompt again."""
        late = now - item.sent - (self._promptest or 0)
        if not self.stale and late > self.limits.stale:
            self._become_stale(f"messages are {late / 1e9:.1f} s late", late)
        elif self.stale and late <= self.limits.stale // 2:
            self.stale = False
        return self.stale != self._told_stale

    def _catch_up(self, now: int) -> None:
        """Ask for what there was no room for, now that the node has read the rest."""
        if self._overflowed:
            self._overflowed = False
            self.at = max(self._taken, self._joined_at)
            self._ask(now)

    # The wire's side -----------------------------------------------------------------------

    def connected(self, now: int) -> None:
        """The wire has been joined to the publisher, perhaps anew: ask at once."""
        if not self._overflowed:
            self._ask(now)

    def mistrust(self, text: str) -> None:
        """What comes cannot be read, or nothing can come, for a reason that will not go away."""
        self.refused += 1
        self._become_stale(text)

    def hear(self, now: int, envelope: Envelope) -> None:
        """Take in what arrived."""
        match envelope:
            case Item():
                self._hear_item(now, envelope)
            case Pulse():
                self._hear_pulse(now, envelope)
            case Answer():
                self._hear_answer(now, envelope)
            case Bye():
                self._hear_bye(now, envelope)
            case _:
                self.refused += 1

    def tick(self, now: int) -> None:
        """Do what is due by now."""
        if now - self._ticked > 2 * self.limits.heartbeat:
            self._heard = max(self._heard, now - self.limits.heartbeat)  # it was us who slept
        self._ticked = now
        silence = now - self._heard
        self.is_silent = silence >= self.limits.heartbeat * self.limits.liveness
        if self.is_silent:
            self._become_stale(f"nothing was heard for {silence / 1e9:.0f} s")
            if not self._asking and not self._overflowed:
                self._ask(now)
        if self._asking and now >= self._ask_at:
            self._ask(now)

    def _hear_item(self, now: int, item: Item) -> None:
        if item.epoch < self.at.epoch:
            return  # what a dead life has left behind
        self._heard_from(now, item.epoch, item.sent)
        if self._asking or self._overflowed:
            self._hold(item)
        elif item.epoch > self.at.epoch or item.after > self.at.seq:
            self._hold(item)
            self._ask(now)
        elif item.seq > self.at.seq:
            self._pass_on(item)

    def _hear_pulse(self, now: int, pulse: Pulse) -> None:
        if pulse.epoch < self.at.epoch:
            return
        self._heard_from(now, pulse.epoch, pulse.sent)
        if self._asking or self._overflowed:
            return
        if Cursor(pulse.epoch, pulse.seq) > self.at:
            self._ask(now)
        elif not len(self._queue):
            self.stale = False

    def _hear_answer(self, now: int, answer: Answer) -> None:
        if not self._asking or answer.request != self._request or answer.epoch < self.at.epoch:
            return
        earlier = next(iter(self._parts.values()), answer)
        if answer.at < earlier.at:
            return
        if answer.at > earlier.at:  # the question arrived twice, and was answered twice
            self._parts = {}
        self._parts[answer.part] = answer
        if len(self._parts) == answer.parts:
            parts = [self._parts[number] for number in sorted(self._parts)]
            self._asking = False
            self._patience = self.limits.ask
            self._go_on_from(answer, [item for part in parts for item in part.items])
            self._release(now)

    def _hear_bye(self, now: int, bye: Bye) -> None:
        if bye.to == self.me.epoch and self._asking:
            self.refused += 1
            self._ask_at = now + _SLOW_ASK
            self._become_stale(f"the publisher refuses: {bye.text}")

    def _go_on_from(self, answer: Answer, items: list[Item]) -> None:
        """Fill the hole with an answer, or say that it cannot be filled."""
        place = Cursor(answer.epoch, answer.at)
        if answer.complete:
            self.repaired += bool(items)
        elif self.joined:
            self.gaps += 1
            missed = Cursor(self.at.epoch, self.at.seq + 1)
            self._queue.push(Gap(expected=missed, found=place))
        else:
            self._joined_at = place
            if answer.at > max((item.seq for item in items), default=0):
                self._queue.push(Gap(expected=Cursor(answer.epoch, 1), found=place))
        for item in items:
            if item.cursor > self.at:
                # The latest of a topic may be old and true; it is not late.
                self._queue.push(item if answer.complete else replace(item, sent=0))
        self.at = place

    def _release(self, now: int) -> None:
        """Pass on what was held back, as far as the answer does not contain it."""
        held, self._held = self._held, deque()
        for item in held:
            self._hear_item(now, item)
        if not self._asking and not self.is_silent and not len(self._queue):
            self.stale = False

    # ---------------------------------------------------------------------------------------

    def _pass_on(self, item: Item) -> None:
        self._queue.push(item)
        self.at = item.cursor
        if len(self._queue) > self.limits.queue:
            self._queue.clear()
            self._overflowed = True

    def _hold(self, item: Item) -> None:
        if len(self._held) < self.limits.queue:
            self._held.append(item)

    def _ask(self, now: int) -> None:
        if not self._asking:
            self._asking = True
            self._patience = self.limits.ask
        self._request += 1
        self._parts = {}
        self._ask_at = now + self._patience
        self._patience = min(2 * self._patience, 2 * self.limits.heartbeat)
        self.asks.append(Ask(request=self._request, hello=hello_of(self.me), after=self.at))

    def _heard_from(self, now: int, life: int, sent: int) -> None:
        self._heard = now
        self.is_silent = False
        difference = now - sent
        if self._promptest is None or life > self._life or difference < self._promptest:
            self._promptest = difference
        self._life = life

    def _become_stale(self, text: str, late: int = 0) -> None:
        if not self.stale:
            self.stale = True
            self._why = Stale(late=late, text=text)
