"""A connection to somebody who listens: what became of it, and making it anew."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import zmq

from tradectl_sdk.bus.zeromq.sockets import WIRE_MAXIMUM, Monitor, Socket, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.address import Address
    from tradectl_sdk.bus.keys import BusKeys
    from tradectl_sdk.bus.refusals import Refusals

HANDSHAKES: Final = (
    zmq.Event.HANDSHAKE_SUCCEEDED
    | zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
)
# What becomes of a connection that was made. ZeroMQ makes it again unless it was itself that
# ended it, at a frame that it would not read.
_ENDS: Final = zmq.Event.DISCONNECTED | zmq.Event.CONNECT_RETRIED
_GRACE: Final = 1.0  # seconds that ZeroMQ is given to begin to connect again
_REJOIN: Final = 5.0  # seconds between attempts of ours; ZeroMQ's own come oftener
_SUSPICIOUS: Final = 3  # connections that broke at the same point


class Joint:
    """Keeps a socket connected and tells why it cannot be.

    ZeroMQ connects again by itself after a break, but not after a peer that does not speak its
    protocol or whose frame is far too large, and says nothing of a key that is wrong; so this does.

    Args:
        socket: What to connect.
        address: To what.
        keys: With which keys.
        role: Who should be there.
        refusals: Where failures are noted.
        on_joined: Called when the connection has been made, each time.
        on_failed: Called with the reason when it cannot be made.

    Raises:
        BusError: If the address may not be used, or there is no key for the role.
    """

    def __init__(
        self,
        socket: Socket,
        address: Address,
        keys: BusKeys | None,
        role: str,
        refusals: Refusals,
        *,
        on_joined: Callable[[], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._address = address
        self._role = role
        self._is_guarded = keys is not None
        self._refusals = refusals
        self._on_joined = on_joined
        self._on_failed = on_failed
        self._broken = 0
        self._joined_at = time.monotonic()
        self._is_joined = False
        self._doubt: asyncio.TimerHandle | None = None
        self._monitor = Monitor(socket, self._tell, HANDSHAKES | _ENDS)
        try:
            connect(socket, address, keys, role)
        except BaseException:
            self._monitor.close()
            raise

    def rejoin(self) -> None:
        """Make the connection anew, unless that was done a moment ago."""
        if time.monotonic() - self._joined_at >= _REJOIN:
            self._dial_again()

    def close(self) -> None:
        """Stop watching; the socket is somebody else's to close."""
        self._be_sure()
        self._monitor.close()

    def _dial_again(self) -> None:
        self._be_sure()
        self._joined_at = time.monotonic()
        self._socket.disconnect(self._address.url)
        self._socket.connect(self._address.url)

    def _tell(self, event: zmq.Event, value: int) -> None:
        if event == zmq.Event.HANDSHAKE_SUCCEEDED:
            self._broken = 0
            self._be_sure()
            self._is_joined = True
            self._on_joined()
        elif event == zmq.Event.DISCONNECTED:
            if self._is_joined:
                self._is_joined = False
                loop = asyncio.get_running_loop()
                self._doubt = loop.call_later(_GRACE, self._cut_off)
        elif event == zmq.Event.CONNECT_RETRIED:
            self._be_sure()
        elif event == zmq.Event.HANDSHAKE_FAILED_AUTH:
            self._fail("key", f"the {self._role} did not accept our key (status {value})")
        elif event == zmq.Event.HANDSHAKE_FAILED_PROTOCOL:
            self._fail("handshake", self._stranger)
        else:
            self._broken += 1
            if self._is_guarded and self._broken >= _SUSPICIOUS:
                # Whoever knows no keys may hang up before we have read that: it looks the same.
                wrong = f"the key we have of the {self._role} is not its key"
                self._fail("handshake", f"{wrong}, or {self._stranger}")

    def _be_sure(self) -> None:
        """Doubt no more what became of the last connection."""
        if self._doubt is not None:
            self._doubt.cancel()
            self._doubt = None

    def _cut_off(self) -> None:
        """Tell that ZeroMQ itself ended a connection, and make it anew, as it does not."""
        what = f"a frame of more than {WIRE_MAXIMUM >> 20} MiB, or what is no frame"
        self._fail("broken", f"the {self._role} was cut off: it sent {what}")
        self._dial_again()

    @property
    def _stranger(self) -> str:
        return f"what listens at {self._address.url} is no {self._role} of ours"

    def _fail(self, kind: str, text: str) -> None:
        self._refusals.note(kind, text)
        self._on_failed(text)
