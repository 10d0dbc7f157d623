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
from tradectl_sdk.bus.talk import Talk
from tradectl_sdk.bus.window import MILLISECOND, ChannelLimits, Outbox
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
        discarded: Messages to a dead life that went nowhere.
        refused: Introductions that were turned down, and envelopes that do not belong here.
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
        self.discarded = 0
        self.refused = 0
        self._roles = roles
        self._outbox = Outbox(self.limits)
        self._talk: Talk | None = None
        self._events: deque[tuple[int, Any]] = deque()  # (life it came from, 0 for our own; what)
        self._addressed = True  # whether the node knows whom it speaks to
        self._closing = False
        self._dismissed = False  # a later life of ours is known: never to speak again
        self._turned_down = ""  # why, by whoever is there
        self._earlier_duplicates = 0
        self._ticked = now
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
        talk = self._talk
        if not self._addressed or (talk is not None and talk.is_over):
            self.discarded += 1
            return
        number = self._outbox.add(payload, size)
        if talk is not None:
            talk.say(now, number, payload)
            self.wake = min(self.wake, talk.wake)

    def take(self, now: int) -> Any | None:
        """Return the next message, PeerChanged, PeerLost or PeerBack, or None if there is none."""
        if not self._events:
            return None
        life, event = self._events.popleft()
        present = self.peer.epoch if self.peer else 0
        if life and life == present and self._talk is not None:
            self._talk.took(now)
        elif isinstance(event, PeerChanged) and event.epoch == present:
            self._addressed = True
        return event

    def close(self, now: int) -> None:
        """Accept nothing more; say good-bye once the peer has received what was sent."""
        self._closing = True
        self._say_good_bye(now)
        self._plan()

    def abandon(self) -> None:
        """Accept nothing more, and say nothing more."""
        self._closing = True

    @property
    def closed(self) -> bool:
        """Whether close was called and nothing is left that the peer could still be told."""
        return self._closing and (self._is_over() or not len(self._outbox))

    @property
    def is_lost(self) -> bool:
        """Whether the peer has been there and is not any more."""
        return self._talk is not None and (self._talk.is_lost or self._talk.is_over)

    @property
    def room(self) -> int:
        """Messages that can still be sent before the peer has taken earlier ones."""
        return self._outbox.room

    @property
    def waiting(self) -> int:
        """Messages and events that can be taken."""
        return len(self._events)

    @property
    def duplicates(self) -> int:
        """Messages that arrived again and were left out."""
        return self._earlier_duplicates + (self._talk.duplicates if self._talk else 0)

    def refuse(self, text: str) -> None:
        """End the conversation with the peer's present life, because of what it sent."""
        if self._talk is not None and self.peer is not None:
            self._turn_away(self.peer, "refused", text)
            self._talk.end(text)
            self._plan()

    # The wire's side -----------------------------------------------------------------------

    def connected(self, now: int) -> None:
        """The wire has been joined to the peer, perhaps anew: say hello at once."""
        self._hello_every = _FIRST_HELLO
        self._say_hello(now)
        self._plan()

    def unreachable(self, text: str) -> None:
        """The wire cannot be joined to the peer, for a reason that will not go away by itself."""
        if text != self._turned_down:
            self._turned_down = text
            self._note(PeerLost(name=self.peer.name if self.peer else "", text=text))

    def hear(self, now: int, envelope: Envelope) -> None:
        """Take in what arrived."""
        match envelope:
            case Data():
                self._hear_data(now, envelope)
            case Beat():
                if (talk := self._talk_of(now, envelope)) is not None:
                    talk.hear_beat(now, envelope)
            case Hello():
                self._hear_hello(now, envelope)
            case Bye():
                self._hear_bye(envelope)
            case Who():
                self._say_hello(now)
            case _:
                self.refused += 1
        if self._closing:
            self._say_good_bye(now)
        self._plan()

    def tick(self, now: int) -> None:
        """Do what is due by now."""
        talk = self._talk
        if talk is not None:
            if now - self._ticked > 2 * self.limits.heartbeat:
                talk.excuse(now)  # it was us who slept
            talk.tick(now)
        self._ticked = now
        if self._hello_at is not None and now >= self._hello_at:
            self._say_hello(now)
            if self._hello_every < self.limits.heartbeat:
                self._hello_every = min(2 * self._hello_every, self.limits.heartbeat)
        self._plan()

    # ---------------------------------------------------------------------------------------

    def _hear_data(self, now: int, data: Data) -> None:
        if len(self._events) >= 2 * self.limits.window:
            return  # unread of earlier lives fills the room; it will come again
        if (talk := self._talk_of(now, data)) is not None:
            for payload in talk.hear_data(now, data):
                self._events.append((data.epoch, payload))

    def _talk_of(self, now: int, envelope: Data | Beat) -> Talk | None:
        """Return the talk that an envelope belongs to: of the peer's present life and ours."""
        known = self.peer.epoch if self.peer else 0
        if envelope.epoch != known or envelope.to != self.me.epoch:
            is_news = envelope.epoch >= known  # not what a dead life has left behind
            if is_news and (self._hello_at is None or now >= self._hello_at):
                self._say_hello(now)
            return None
        talk = self._talk
        if talk is None or talk.is_over:
            return None
        self._hello_at = None
        talk.heard(now)
        return talk

    def _hear_hello(self, now: int, hello: Hello) -> None:
        known = self.peer.epoch if self.peer else 0
        if objection := objection_to(hello, self.me.session, self._roles):
            self.refused += 1
            self._turn_away(hello, "refused", objection)
        elif hello.epoch < known:
            self.refused += 1
            text = f"life was {hello.epoch}, expected {known} or later"
            self._turn_away(hello, "superseded", text)
        elif hello.epoch > known:
            if not known or not self._closing:
                self._meet(now, hello)
        elif self._talk is not None and not self._talk.is_over:
            self._talk.heard(now)
            self._answer_hello(now, hello, self._talk)
            self._talk.resend(now)

    def _meet(self, now: int, hello: Hello) -> None:
        """Begin with a life of the peer that had not been met."""
        if self._talk is not None:
            self._earlier_duplicates += self._talk.duplicates
            self.discarded += len(self._outbox)
            self._outbox = Outbox(self.limits)
            self._addressed = False
        self.peer = hello
        self._turned_down = ""
        self._talk = Talk(
            self.me.epoch, hello, self._outbox, now, self.limits, self.outgoing, self._note
        )
        self._note(PeerChanged(name=hello.name, role=hello.role, epoch=hello.epoch))
        self._hello_every = _FIRST_HELLO
        self._answer_hello(now, hello, self._talk)
        self._talk.resend(now)

    def _answer_hello(self, now: int, hello: Hello, talk: Talk) -> None:
        if hello.to != self.me.epoch:
            self._say_hello(now)
        else:
            self._hello_at = None
            talk.beat(now)  # so that the peer stops introducing itself

    def _hear_bye(self, bye: Bye) -> None:
        known = self.peer.epoch if self.peer else 0
        is_ours = bye.to == self.me.epoch
        if is_ours and bye.why == "superseded":
            self._dismissed = True
            self._hello_at = None
            self._turned_down_by(bye)
        elif is_ours and bye.why == "refused" and bye.epoch >= known:
            self._hello_every = _SLOW_HELLO
            self._turned_down_by(bye)
        elif is_ours and bye.epoch == known and self._talk is not None and not self._talk.is_over:
            self._talk.hear_bye(bye)

    def _turned_down_by(self, bye: Bye) -> None:
        if self._talk is not None and self.peer is not None and self.peer.epoch == bye.epoch:
            self._talk.end(bye.text)
        else:
            self.unreachable(bye.text)

    # ---------------------------------------------------------------------------------------

    def _say_hello(self, now: int) -> None:
        if not self._dismissed:
            self.outgoing.append(hello_of(self.me, self.peer.epoch if self.peer else 0))
            self._hello_at = now + self._hello_every

    def _turn_away(self, hello: Hello, why: str, text: str) -> None:
        self.outgoing.append(Bye(epoch=self.me.epoch, to=hello.epoch, why=why, text=text))

    def _say_good_bye(self, now: int) -> None:
        if self._talk is not None:
            self._talk.say_good_bye(now)

    def _note(self, event: PeerChanged | PeerLost | PeerBack) -> None:
        self._events.append((0, event))

    def _is_over(self) -> bool:
        return self._talk is not None and self._talk.is_over

    def _plan(self) -> None:
        """Work out when something is due next."""
        due = self._ticked + self.limits.heartbeat
        if self._hello_at is not None:
            due = min(due, self._hello_at)
        if self._talk is not None and not self._talk.is_over:
            due = min(due, self._talk.wake)
        self.wake = due
