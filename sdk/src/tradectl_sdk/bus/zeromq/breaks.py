"""Who was on a connection that broke, since ZeroMQ only says that one did.

A frame that is far too large is never read: ZeroMQ ends the connection at its head. All there is to
see of it is that somebody is gone who has not said good-bye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import zmq

from tradectl_sdk.bus.zeromq.joining import HANDSHAKES
from tradectl_sdk.bus.zeromq.sockets import WIRE_MAXIMUM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.refusals import Refusals

WATCHED: Final = (
    zmq.Event.ACCEPTED | zmq.Event.DISCONNECTED | (HANDSHAKES & ~zmq.Event.HANDSHAKE_SUCCEEDED)
)
_STRANGER: Final = "a stranger"
_EXCUSED: Final = ""


class Breaks:
    """Notes connections to us that end without a farewell, or before anybody was on them.

    Args:
        refusals: Where they are noted.
        catch_up: Reads what has arrived; a farewell may be among it.
    """

    def __init__(self, refusals: Refusals, catch_up: Callable[[], None]) -> None:
        self._refusals = refusals
        self._catch_up = catch_up
        self._names: dict[int, str] = {}  # descriptor of a connection -> who is on it, or excused
        self._failed = 0  # handshakes that were noted and whose connections end now

    def named(self, frame: Any, name: str) -> None:
        """Take note of who sent a frame, and thereby is on its connection."""
        self._names[frame.get(zmq.SRCFD)] = name

    def excused(self, frame: Any) -> None:
        """Expect a connection to end: its peer said good-bye, or was sent away."""
        self._names[frame.get(zmq.SRCFD)] = _EXCUSED

    def tell(self, event: zmq.Event, value: int) -> None:
        """Take in one of :data:`WATCHED`, as a monitor tells it."""
        if event == zmq.Event.ACCEPTED:
            self._names.setdefault(value, _STRANGER)  # it may have been heard already
        elif event == zmq.Event.DISCONNECTED:
            self._catch_up()
            self._ended(value)
        else:
            self._failed += 1
            if event != zmq.Event.HANDSHAKE_FAILED_AUTH:  # the doorkeeper has said whose key it was
                text = f"a connection failed to introduce itself ({event!r}, {value})"
                self._refusals.note("handshake", text)

    def _ended(self, descriptor: int) -> None:
        name = self._names.pop(descriptor, _EXCUSED)
        if name == _STRANGER and self._failed:
            self._failed -= 1
        elif name:
            self._refusals.note(
                "broken",
                f"{name} was cut off or broke off without a farewell: it ended, the network "
                f"failed, or it sent a frame of more than {WIRE_MAXIMUM >> 20} MiB",
            )
