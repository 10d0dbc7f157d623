"""Who was on a connection that broke, since ZeroMQ only says that one did.

A frame that is far too large is never read: ZeroMQ ends the connection at its head. All there is to
see of it is that somebody is gone who has not said good-bye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import zmq

from tradectl_sdk.bus.zeromq.sockets import WIRE_MAXIMUM

if TYPE_CHECKING:
    from tradectl_sdk.bus.refusals import Refusals

CONNECTIONS: Final = zmq.Event.ACCEPTED | zmq.Event.DISCONNECTED
_STRANGER: Final = "a stranger"
_EXCUSED: Final = ""


class Breaks:
    """Notes connections that end without a farewell.

    Args:
        refusals: Where they are noted.
    """

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._names: dict[int, str] = {}  # descriptor of a connection -> who is on it, or excused
        self._failed = 0  # handshakes that were noted and whose connections end now

    def named(self, frame: Any, name: str) -> None:
        """Take note of who sent a frame, and thereby is on its connection."""
        self._names[frame.get(zmq.SRCFD)] = name

    def excused(self, frame: Any) -> None:
        """Expect a connection to end: its peer said good-bye, or was sent away."""
        self._names[frame.get(zmq.SRCFD)] = _EXCUSED

    def handshake_failed(self) -> None:
        """Take note of a connection that ends before anybody was on it."""
        self._failed += 1

    def tell(self, event: zmq.Event, descriptor: int) -> None:
        """Take in one of :data:`CONNECTIONS`; of an end, once all frames before it were read."""
        if event == zmq.Event.ACCEPTED:
            self._names.setdefault(descriptor, _STRANGER)  # it may have been heard already
            return
        name = self._names.pop(descriptor, _EXCUSED)
        if name == _STRANGER and self._failed:
            self._failed -= 1
        elif name:
            self._refusals.note(
                "broken",
                f"{name} was cut off or broke off without a farewell: it ended, the network "
                f"failed, or it sent a frame of more than {WIRE_MAXIMUM >> 20} MiB",
            )
