"""What two lives of two nodes say to each other, from meeting to good-bye.

A talk numbers, confirms and repeats; it knows nothing of how the two got to know each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import PeerBack, PeerLost
from tradectl_sdk.bus.messages.wire import Beat, Bye, Data, Hello
from tradectl_sdk.bus.window import ChannelLimits, Inbox, Outbox

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator

    from tradectl_sdk.bus.messages.wire import Envelope


class Talk:
    """One end of a conversation of two lives.

    Args:
        me: Our life.
        peer: Who the other is.
        outbox: What is to be said, perhaps not empty.
        now: The time.
        limits: Bounds and times.
        outgoing: Where envelopes are put that are to be sent.
        note: Called with PeerLost and PeerBack.

    Attributes:
        is_over: Whether nothing more is exchanged.
        is_lost: Whether nothing has been heard for too long.
        duplicates: Messages that arrived again and were left out.
    """

    def __init__(
        self,
        me: int,
        peer: Hello,
        outbox: Outbox,
        now: int,
        limits: ChannelLimits,
        outgoing: deque[Envelope],
        note: Callable[[PeerLost | PeerBack], None],
    ) -> None:
        self.peer = peer
        self.is_over = self.is_lost = False
        self.duplicates = 0
        self._me = me
        self._outbox = outbox
        self._inbox = Inbox(limits.window)
        self._limits = limits
        self._outgoing = outgoing
        self._note = note
        self._bye: Bye | None = None  # the peer's, until all it sent has arrived
        self._heard = self._said = now
        self._owed = 0  # messages whose confirmation waits for company
        self._told_taken = 0
        self._acknowledge_at: int | None = None
        self._resend_at: int | None = None
        self._patience = limits.resend

    @property
    def wake(self) -> int:
        """When :meth:`tick` is due."""
        due = self._said + self._limits.heartbeat
        for time in (self._acknowledge_at, self._resend_at):
            if time is not None and time < due:
                due = time
        return due

    # Saying --------------------------------------------------------------------------------

    def say(self, now: int, number: int, payload: Any) -> None:
        """Send a message that is in the outbox; one that gets lost is sent again."""
        if not self.is_lost and not self.is_over:
            self._say_data(now, number, payload)
            if self._resend_at is None:
                self._resend_at = now + self._patience

    def took(self, now: int) -> None:
        """Our node has taken a message; the peer is told before its window is full."""
        self._inbox.taken += 1
        if self._inbox.taken - self._told_taken >= self._limits.window // 4:
            self.beat(now)

    def beat(self, now: int) -> None:
        """Say that we live, and how far we have read."""
        self._confirming()
        inbox = self._inbox
        self._say(now, Beat(self._me, self.peer.epoch, inbox.received, inbox.taken))

    def resend(self, now: int) -> None:
        """Send the oldest of what has not been confirmed."""
        self._resend_at = None
        if self.is_lost or self.is_over or not len(self._outbox):
            return
        for number, payload in self._outbox.waiting(self._limits.burst):
            self._say_data(now, number, payload)
        self._resend_at = now + self._patience
        self._patience = min(2 * self._patience, self._limits.heartbeat)

    def say_good_bye(self, now: int) -> None:
        """End it from our side, if the peer has received everything."""
        if not self.is_lost and not self.is_over and not len(self._outbox):
            bye = Bye(epoch=self._me, to=self.peer.epoch, last=self._outbox.last)
            self._say(now, bye)
            self.is_over = True

    def end(self, text: str) -> None:
        """Have done with this life of the peer."""
        if not self.is_over:
            self.is_over = True
            self._resend_at = self._acknowledge_at = None
            self._note_lost(text)

    # Hearing -------------------------------------------------------------------------------

    def hear_data(self, now: int, data: Data) -> Iterator[Any]:
        """Yield the messages that can be read now, in order."""
        self._confirmed(now, data.received, data.taken)
        before = self._inbox.received
        yield from self._inbox.accept(data.seq, data.body)
        if data.seq <= before:
            self.duplicates += 1
        self._owed += 1
        if data.seq != before + 1 or self._owed >= self._limits.burst // 4:
            self.beat(now)
        elif self._acknowledge_at is None:
            self._acknowledge_at = now + self._limits.acknowledge
        if self._bye is not None:
            self.hear_bye(self._bye)

    def hear_beat(self, now: int, beat: Beat) -> None:
        """Take in how far the peer has read."""
        self._confirmed(now, beat.received, beat.taken)

    def hear_bye(self, bye: Bye) -> None:
        """End it from the peer's side, once everything it sent has arrived."""
        self._bye = bye
        if self._inbox.received >= bye.last:
            self.end(bye.text or "said good-bye")

    def heard(self, now: int) -> None:
        """The peer lives."""
        self._heard = now
        if self.is_lost:
            self.is_lost = False
            peer = self.peer
            self._note(PeerBack(name=peer.name, role=peer.role, epoch=peer.epoch))
            self._patience = self._limits.resend
            self.resend(now)

    def excuse(self, now: int) -> None:
        """We did not listen for a while; that was not the peer's silence."""
        self._heard = max(self._heard, now - self._limits.heartbeat)

    def tick(self, now: int) -> None:
        """Do what is due by now."""
        if self.is_over:
            return
        if not self.is_lost and now - self._heard >= self._silence:
            self._lose()
        if self._resend_at is not None and now >= self._resend_at:
            self.resend(now)
        is_due = self._acknowledge_at is not None and now >= self._acknowledge_at
        if is_due or now - self._said >= self._limits.heartbeat:
            self.beat(now)

    # ---------------------------------------------------------------------------------------

    @property
    def _silence(self) -> int:
        return self._limits.heartbeat * self._limits.liveness

    def _say(self, now: int, envelope: Envelope) -> None:
        self._said = now
        self._outgoing.append(envelope)

    def _say_data(self, now: int, number: int, payload: Any) -> None:
        self._confirming()
        inbox, peer = self._inbox, self.peer.epoch
        self._say(now, Data(self._me, peer, number, inbox.received, inbox.taken, payload))

    def _confirming(self) -> None:
        self._owed = 0
        self._told_taken = self._inbox.taken
        self._acknowledge_at = None

    def _confirmed(self, now: int, received: int, taken: int) -> None:
        if self._outbox.confirm(received, taken):
            self._patience = self._limits.resend
            self._resend_at = now + self._patience if len(self._outbox) else None

    def _lose(self) -> None:
        self._resend_at = None
        if self._bye is not None:
            missing = self._bye.last - self._inbox.received
            self.end(f"said good-bye, and {missing} of its messages never arrived")
        else:
            self.is_lost = True
            self._note_lost(f"nothing was heard for {self._silence / 1e9:g} s")

    def _note_lost(self, text: str) -> None:
        peer = self.peer
        self._note(PeerLost(name=peer.name, text=f"{peer.role} {peer.name}: {text}"))
