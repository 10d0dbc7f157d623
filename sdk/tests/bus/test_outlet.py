"""What leaves a stream when a subscriber is full: it is waited for, and then let lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zmq
from tradectl_sdk.bus.messages.wire import Item
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.bus.zeromq import outlet as outlets
from tradectl_sdk.bus.zeromq.outlet import RELENTLESS, RETRY, Outlet

if TYPE_CHECKING:
    import pytest

PATIENCE = 20 * MILLISECOND


class Narrow:
    """An XPUB socket with room for so many, which drops what is more when that is allowed."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sent: list[int] = []
        self.dropped: list[int] = []
        self.drops = True

    def setsockopt(self, option: int, value: int) -> None:
        assert option == zmq.XPUB_NODROP
        self.drops = not value

    def send(self, frame: int, flags: int) -> None:
        assert flags == zmq.DONTWAIT
        if self.room > 0:
            self.room -= 1
            self.sent.append(frame)
        elif self.drops:
            self.dropped.append(frame)
        else:
            raise zmq.Again


def item(seq: int, topic: str = "") -> Item:
    return Item(1, seq - 1, seq, 0, topic, b"")


def outlet(room: int) -> tuple[Narrow, Outlet]:
    socket: Any = Narrow(room)
    return socket, Outlet(socket, lambda one: one.seq, PATIENCE)


def test_what_has_no_room_waits_and_goes_in_order_when_there_is() -> None:
    socket, out = outlet(room=1)
    for seq in (1, 2, 3):
        out.send(0, item(seq))
    assert (socket.sent, out.wake) == ([1], RETRY)
    socket.room = 1
    out.flush(RETRY)
    assert (socket.sent, out.wake) == ([1, 2], 2 * RETRY)
    socket.room = 5
    out.flush(2 * RETRY)
    assert (socket.sent, out.wake) == ([1, 2, 3], None)
    assert (socket.dropped, out.let_go) == ([], 0)


def test_what_waits_is_replaced_by_what_is_newer_of_the_same() -> None:
    socket, out = outlet(room=0)
    for seq in (1, 2, 3):
        out.send(0, item(seq, "BTC"))
    socket.room = 9
    out.flush(RETRY)
    assert socket.sent[-1] == 3
    assert out.conflated >= 1


def test_a_full_subscriber_is_let_lose_when_patience_is_over_and_slows_nobody_for_a_while() -> None:
    socket, out = outlet(room=0)
    out.send(0, item(1))
    out.flush(PATIENCE - 1)
    assert (socket.dropped, out.let_go) == ([], 0)
    out.flush(PATIENCE)
    assert (socket.dropped, out.let_go, out.wake) == ([1], 1, None)
    out.send(PATIENCE + 1, item(2))  # no patience again so soon
    assert (socket.dropped, out.wake) == ([1, 2], None)
    out.send(PATIENCE + RELENTLESS, item(3))
    assert (socket.dropped, out.wake) == ([1, 2], PATIENCE + RELENTLESS + RETRY)
    assert not socket.drops, "who has room loses nothing meanwhile"


def test_too_much_that_waits_ends_patience_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlets, "MOST", 3)
    socket, out = outlet(room=0)
    for seq in (1, 2, 3):
        out.send(0, item(seq, f"t{seq}"))
    assert (socket.dropped, out.let_go) == ([1, 2, 3], 1)
