"""A channel's protocol without any I/O: ordered, nothing lost, nothing twice, bounded.

The core is told what arrived and what time it is, and leaves what is to be sent in a queue; the
wire may lose, repeat and reorder. Both ends are the same.

Rules:

1. Nothing is exchanged before both lives are known to each other (Hello), of the same session, in
   roles that talk, with messages that both understand.
2. Messages are numbered from 1 for each pair of lives. The receiver puts them in order, passes each
   on once, and confirms how far it has received and how far its node has taken.
3. What is not confirmed is sent again after a silence; what is confirmed is let go.
4. The sender may be ``window`` messages ahead of the peer's *node*; more raises ChannelFullError.
5. A peer in a later life: :class:`PeerChanged`, numbers begin anew, what the dead life had not
   confirmed is let go. What the node sends before it has read PeerChanged was meant for the dead
   life and goes nowhere.
6. Nothing heard for ``liveness`` heartbeats: :class:`PeerLost`; heard again in the same life:
   :class:`PeerBack`, and the conversation goes on where it was.
7. An end that was itself stopped for a while does not take its own silence for the peer's.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.bus.greeting import hello_of, objection_to
from tradectl_sdk.bus.link import PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.messages.wire import Beat, Bye, Data, Hello, Who
from tradectl_sdk.bus.window import MILLISECOND, ChannelLimits, Inbox, Outbox
from tradectl_sdk.errors import ChannelClosedError

if TYPE_CHECKING:
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.messages.wire import Envelope

_FIRST_HELLO: Final = 50 * MILLISECOND
_SLOW_HELLO: Final = 5000 * MILLISECOND


class ChannelCore:
    """One end of a channel.

    Args:
        me: This node.
        roles: Roles that the peer may have.
        now: The time, monotonic nanoseconds.
        limits: Bounds and times.

    Attributes:
        peer: How the peer introduced itself, in its present life; None before the first.
        outgoing: What is to be sent, in order; whoever has a wire takes it from here.
        wake: When :meth:`tick` is due.
        duplicates: Messages that arrived again and were left out.
        discarded: Messages to a dead life that went nowhere.
        refused: Introductions that were turned down.
    """

    def __init__(
        self,
        me: Identity,
        roles: frozenset[str],
        now: int,
        *,
        limits: ChannelLimits | None = None,
    ) -> None:
        self.me = me
        self.limits = limits or ChannelLimits()
        self.peer: Hello | None = None
        self.outgoing: deque[Envelope] = deque()
        self.duplicates = 0
        self.discarded = 0
        self.refused = 0
        self._roles = roles
        self._outbox = Outbox(self.limits)
        self._inbox = Inbox(self.limits.window)
        self._events: deque[tuple[int, Any]] = deque()  # (life it came from, 0 for our own; what)
        self._addressed = True  # whether the node knows whom it speaks to
        self._lost = False
        self._closing = False
        self._bye: Bye | None = None  # the peer's, until all it sent has arrived
        self._over = False  # nothing more is exchanged with the peer's present life
        self._dismissed = False  # a later life of ours is known: never to speak again
        self._owed = 0  # messages whose confirmation waits for company
        self._told_taken = 0
        self._ticked = self._heard = self._said = now
        self._acknowledge_at: int | None = None
        self._resend_at: int | None = None
        self._patience = self.limits.resend
        self._hello_every = _FIRST_HELLO
        self._hello_at: int | None = now
        self.wake = now

    # The node's side -----------------------------------------------------------------------

    def send(self, now: int, payload: Any, size: int = 0) -> None:
        """Number a message and send it, now or when the peer is there.

        Raises:
            ChannelFullError: If the peer's node is too far behind; the message was not accepted.
            ChannelClosedError: If this end was closed.
        """
        if self._closing:
            raise ChannelClosedError("was closed, expected an open channel")
        if not self._addressed or (self._over and self.peer is not None):
            self.discarded += 1
            return
        number = self._outbox.add(payload, size)
        if self._can_speak():
            self._say_data(now, number, payload)
            self._expect_confirmation(now)

    def take(self, now: int) -> Any | None:
        """Return the next message, PeerChanged, PeerLost or PeerBack, or None if there is none."""
        if not self._events:
            return None
        life, event = self._events.popleft()
        if not life:
            if isinstance(event, PeerChanged) and self.peer and event.epoch == self.peer.epoch:
                self._addressed = True
        elif self.peer and life == self.peer.epoch:
            self._inbox.taken += 1
            if self._inbox.taken - self._told_taken >= self.limits.window // 4:
                self._beat(now)
        return event

    def close(self, now: int) -> None:
        """Accept nothing more; say good-bye once the peer has received what was sent."""
        self._closing = True
        self._say_bye_if_done(now)
        self._plan()

    @property
    def closed(self) -> bool:
        """Whether close was called and nothing is left that the peer could still be told."""
        return self._closing and (self._over or not len(self._outbox))

    @property
    def waiting(self) -> int:
        """Messages that can be taken."""
        return len(self._events)

    def refuse(self, now: int, text: str) -> None:
        """End the conversation with the peer's present life, because of what it sent."""
        self._say(now, self._bye_to(self.peer.epoch if self.peer else 0, "refused", text))
        self._end(text)
        self._plan()

    # The wire's side -----------------------------------------------------------------------

    def hear(self, now: int, envelope: Envelope) -> None:
        """Take in what arrived."""
        match envelope:
            case Data():
                self._hear_data(now, envelope)
            case Beat():
                if self._is_peers(now, envelope):
                    self._confirmed(now, envelope.received, envelope.taken)
            case Hello():
                self._hear_hello(now, envelope)
            case Bye():
                self._hear_bye(envelope)
            case Who():
                self._say_hello(now)
            case _:
                self.refused += 1
        self._plan()

    def tick(self, now: int) -> None:
        """Do what is due by now."""
        if now - self._ticked > 2 * self.limits.heartbeat:
            self._heard = max(self._heard, now - self.limits.heartbeat)  # it was us who slept
        self._ticked = now
        if self._hello_at is not None and now >= self._hello_at:
            self._say_hello(now)
            self._hello_every = min(2 * self._hello_every, max(self._hello_every, _SLOW_HELLO))
        if self.peer is not None and not self._over:
            self._tick_conversation(now)
        self._plan()

    def _tick_conversation(self, now: int) -> None:
        if not self._lost and now - self._heard >= self._silence():
            self._lose()
        if self._resend_at is not None and now >= self._resend_at and not self._lost:
            self._resend(now)
        is_due = self._acknowledge_at is not None and now >= self._acknowledge_at
        if is_due or now - self._said >= self.limits.heartbeat:
            self._beat(now)

    # Getting to know each other --------------------------------------------------------------

    def _hear_hello(self, now: int, hello: Hello) -> None:
        known = self.peer.epoch if self.peer else 0
        if objection := objection_to(hello, self.me.session, self._roles):
            self.refused += 1
            self._say(now, self._bye_to(hello.epoch, "refused", objection))
        elif hello.epoch < known:
            self.refused += 1
            text = f"life was {hello.epoch}, expected {known} or later"
            self._say(now, self._bye_to(hello.epoch, "superseded", text))
        elif hello.epoch > known:
            if not known or not self._closing:
                self._meet(now, hello)
        elif not self._over:
            self._heard_from(now)
            if hello.to != self.me.epoch:
                self._say_hello(now)
            else:
                self._hello_at = None
                self._resend_if_any(now)

    def _meet(self, now: int, hello: Hello) -> None:
        """Begin with a life of the peer that had not been met."""
        if self.peer is not None:
            self.discarded += len(self._outbox)
            self._outbox = Outbox(self.limits)
            self._addressed = False
        self.peer = hello
        self._inbox = Inbox(self.limits.window)
        self._bye = None
        self._over = self._lost = False
        self._owed = self._told_taken = 0
        self._acknowledge_at = self._resend_at = None
        self._heard = now
        self._note(PeerChanged(name=hello.name, role=hello.role, epoch=hello.epoch))
        if hello.to != self.me.epoch:
            self._say_hello(now)
            self._hello_every = _FIRST_HELLO
        else:
            self._hello_at = None
            self._beat(now)  # so that the peer stops introducing itself
        self._resend_if_any(now)

    def _say_hello(self, now: int) -> None:
        if self._dismissed:
            return
        self._say(now, hello_of(self.me, self.peer.epoch if self.peer else 0))
        self._hello_at = now + self._hello_every

    # Conversation --------------------------------------------------------------------------

    def _is_peers(self, now: int, envelope: Data | Beat) -> bool:
        """Whether it comes from the peer's present life and is meant for ours."""
        known = self.peer.epoch if self.peer else 0
        if envelope.epoch != known or envelope.to != self.me.epoch:
            is_news = envelope.epoch >= known  # not what a dead life has left behind
            if is_news and (self._hello_at is None or now >= self._hello_at):
                self._say_hello(now)
            return False
        if self._over:
            return False
        self._hello_at = None
        self._heard_from(now)
        return True

    def _hear_data(self, now: int, data: Data) -> None:
        if len(self._events) >= 2 * self.limits.window or not self._is_peers(now, data):
            return  # unread of earlier lives fills the room, or it is not for us; it comes again
        self._confirmed(now, data.received, data.taken)
        before = self._inbox.received
        for payload in self._inbox.accept(data.seq, data.body):
            self._events.append((data.epoch, payload))
        if data.seq <= before:
            self.duplicates += 1
        self._owed += 1
        if data.seq != before + 1 or self._owed >= self.limits.burst // 4:
            self._beat(now)
        elif self._acknowledge_at is None:
            self._acknowledge_at = now + self.limits.acknowledge
        if self._bye is not None:
            self._hear_bye(self._bye)

    def _hear_bye(self, bye: Bye) -> None:
        known = self.peer.epoch if self.peer else 0
        if bye.to not in {0, self.me.epoch}:
            return
        if bye.why == "superseded" and bye.to == self.me.epoch:
            self._dismissed = True
            self._hello_at = None
            self._end(bye.text)
        elif bye.why == "refused" and bye.to == self.me.epoch and bye.epoch >= known:
            self._hello_every = _SLOW_HELLO
            self._end(bye.text)
        elif bye.epoch == known and not self._over and bye.why == "closed":
            self._bye = bye
            if self._inbox.received >= bye.last:
                self._end(bye.text or "said good-bye")

    def _confirmed(self, now: int, received: int, taken: int) -> None:
        if self._outbox.confirm(received, taken):
            self._patience = self.limits.resend
            self._resend_at = now + self._patience if len(self._outbox) else None
            if self._closing:
                self._say_bye_if_done(now)

    def _heard_from(self, now: int) -> None:
        self._heard = now
        if self._lost and self.peer is not None:
            self._lost = False
            self._note(PeerBack(name=self.peer.name, role=self.peer.role, epoch=self.peer.epoch))
            self._resend_if_any(now)

    def _lose(self) -> None:
        self._lost = True
        self._resend_at = None
        seconds = self._silence() / 1e9
        text = f"nothing was heard for {seconds:g} s"
        if self._bye is not None:
            missing = self._bye.last - self._inbox.received
            self._end(f"said good-bye, and {missing} of its messages never arrived")
        else:
            self._note_lost(text)

    def _end(self, text: str) -> None:
        """Have done with the peer's present life."""
        if not self._over:
            self._over = True
            self._resend_at = self._acknowledge_at = None
            self._note_lost(text)

    def _note_lost(self, text: str) -> None:
        name, role = (self.peer.name, self.peer.role) if self.peer else ("", "")
        self._note(PeerLost(name=name, text=f"{role} {name}: {text}".lstrip()))

    def _note(self, event: PeerChanged | PeerLost | PeerBack) -> None:
        self._events.append((0, event))

    # Saying --------------------------------------------------------------------------------

    def _can_speak(self) -> bool:
        return self.peer is not None and not self._lost and not self._over

    def _say(self, now: int, envelope: Envelope) -> None:
        self._said = now
        self.outgoing.append(envelope)

    def _say_data(self, now: int, number: int, payload: Any) -> None:
        peer, inbox = self.peer, self._inbox
        assert peer is not None  # noqa: S101 -- callers have looked
        self._confirming()
        body = Data(self.me.epoch, peer.epoch, number, inbox.received, inbox.taken, payload)
        self._say(now, body)

    def _beat(self, now: int) -> None:
        if self.peer is not None:
            self._confirming()
            inbox = self._inbox
            self._say(now, Beat(self.me.epoch, self.peer.epoch, inbox.received, inbox.taken))

    def _confirming(self) -> None:
        self._owed = 0
        self._told_taken = self._inbox.taken
        self._acknowledge_at = None

    def _resend_if_any(self, now: int) -> None:
        self._patience = self.limits.resend
        if len(self._outbox) and self._can_speak():
            self._resend(now)

    def _resend(self, now: int) -> None:
        for number, payload in self._outbox.waiting(self.limits.burst):
            self._say_data(now, number, payload)
        self._resend_at = None
        if len(self._outbox):
            self._resend_at = now + self._patience
            self._patience = min(2 * self._patience, self.limits.heartbeat)

    def _expect_confirmation(self, now: int) -> None:
        if self._resend_at is None:
            self._resend_at = now + self._patience
            self.wake = min(self.wake, self._resend_at)

    def _say_bye_if_done(self, now: int) -> None:
        if self._can_speak() and not len(self._outbox) and self.peer is not None:
            self._say(now, self._bye_to(self.peer.epoch, "closed", ""))
            self._over = True

    def _bye_to(self, life: int, why: str, text: str) -> Bye:
        return Bye(epoch=self.me.epoch, to=life, last=self._outbox.last, why=why, text=text)

    def _silence(self) -> int:
        return self.limits.heartbeat * self.limits.liveness

    def _plan(self) -> None:
        """Work out when something is due next."""
        due = self._ticked + self.limits.heartbeat
        if self.peer is not None and not self._over:
            due = min(due, self._said + self.limits.heartbeat)
        for time in (self._hello_at, self._acknowledge_at, self._resend_at):
            if time is not None:
                due = min(due, time)
        self.wake = due
