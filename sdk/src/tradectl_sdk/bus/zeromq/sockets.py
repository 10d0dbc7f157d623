"""ZeroMQ sockets with every option that matters set, read by the event loop directly.

A socket's file descriptor is edge-triggered: it says once that something happened, and any call on
the socket may have swallowed that. So whoever has sent looks whether there is something to read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import zmq

from tradectl_sdk.bus.codec import MAXIMUM
from tradectl_sdk.errors import BusError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.address import Address
    from tradectl_sdk.bus.keys import BusKeys

COMMAND_HWM: Final = 16_384
DATA_HWM: Final = 1_000
COMMAND_LINGER: Final = 1_000
# A link that is dead without a word is found by the kernel: it is probed each second when it is
# quiet, and broken after three probes or, with what was sent unconfirmed, after as long.
_PROBE_EVERY: Final = 1  # seconds
_PROBES: Final = 3
# Frames that are too large are refused by name up to here; what is larger breaks the connection,
# which is all that can be seen of it (:mod:`.breaks`).
WIRE_MAXIMUM: Final = 2 * MAXIMUM
_DONTWAIT: Final = int(zmq.DONTWAIT)  # plain numbers: looking an enumeration up takes time
_MORE: Final = int(zmq.DONTWAIT | zmq.SNDMORE)
_EVENTS: Final = int(zmq.EVENTS)
_POLLIN: Final = int(zmq.POLLIN)
_ROUNDS: Final = 64  # messages read before others have their turn

Socket = zmq.Socket[bytes]


Context = zmq.Context[Socket]
# Contexts are kept until they are closed. The collector of garbage would end a forgotten one in
# whatever order it likes, and the end of a context waits for its sockets, for ever if need be.
_open: set[Context] = set()


def open_context() -> Context:
    """Open a context, for one end of a channel or stream."""
    context: Context = zmq.Context()
    _open.add(context)
    return context


def close_context(context: Context) -> None:
    """Close a context, after the sockets that are still open in it."""
    _open.discard(context)
    context.destroy(linger=0)


def open_socket(context: Context, kind: int, *, hwm: int, linger: int) -> Socket:
    """Open a socket with bounded queues and sizes that notices dead links.

    ZeroMQ's own heartbeats stay off: with them a process is aborted whose peer died while its queue
    was full (decision 91). Whether a node lives is asked by what runs on top.
    """
    socket = context.socket(kind)
    options = {
        zmq.SNDHWM: hwm,
        zmq.RCVHWM: hwm,
        zmq.LINGER: linger,
        zmq.MAXMSGSIZE: WIRE_MAXIMUM,
        zmq.TCP_KEEPALIVE: 1,
        zmq.TCP_KEEPALIVE_IDLE: _PROBE_EVERY,
        zmq.TCP_KEEPALIVE_INTVL: _PROBE_EVERY,
        zmq.TCP_KEEPALIVE_CNT: _PROBES,
        zmq.TCP_MAXRT: 1_000 * _PROBES * _PROBE_EVERY,
        zmq.HANDSHAKE_IVL: 5_000,
        zmq.RECONNECT_IVL: 50,
        zmq.RECONNECT_IVL_MAX: 5_000,
    }
    if kind == zmq.ROUTER:
        options[zmq.ROUTER_MANDATORY] = 1
    if kind == zmq.DEALER:
        options[zmq.IMMEDIATE] = 1
    for option, value in options.items():
        socket.setsockopt(option, value)
    return socket


class Bound:
    """A socket that listens, and its right to.

    Args:
        socket: What listens.
        address: Where.
        keys: With which keys; none for a socket in a folder.

    Attributes:
        address: The address, with the port it was given.

    Raises:
        BusError: If the address cannot be had or may not be used.
    """

    def __init__(self, socket: Socket, address: Address, keys: BusKeys | None) -> None:
        from tradectl_sdk.bus.address import Address, Claim

        address.prepare(is_guarded=keys is not None, for_binding=True)
        self._claim = Claim(address)
        if keys is not None:
            socket.curve_server = True
            socket.curve_secretkey = keys.secret.encode()
            socket.zap_domain = b"tradectl"
        try:
            socket.bind(address.url)
        except zmq.ZMQError as error:
            self._claim.release()
            raise BusError(
                f"{address.url} cannot be listened on: {error.strerror}",
                hint="another session may be running there",
            ) from error
        if address.path is not None:
            address.path.chmod(0o600)
            self.address = address
        else:
            endpoint: Any = socket.LAST_ENDPOINT
            self.address = Address(endpoint.rstrip(b"\0").decode())

    def release(self) -> None:
        """Take the socket's file away, once the socket is closed, and let others listen there."""
        if self.address.path is not None:
            self.address.path.unlink(missing_ok=True)
        self._claim.release()


def connect(socket: Socket, address: Address, keys: BusKeys | None, role: str) -> None:
    """Connect a socket to whoever has a role; over TCP only with the key that proves it.

    Raises:
        BusError: If the address may not be used, or there is no key for the role.
    """
    address.prepare(is_guarded=keys is not None, for_binding=False)
    if keys is not None:
        socket.curve_serverkey = keys.public_of(role).encode()
        socket.curve_publickey = keys.public.encode()
        socket.curve_secretkey = keys.secret.encode()
    socket.connect(address.url)


class Pump:
    """Hands every message of a socket to a function, in the event loop.

    A single message is handed on before the socket is looked at again, because looking costs more
    than reading; under load more and more are read at one time.

    Args:
        socket: Read by nobody else.
        read: Takes one message off the socket and deals with it; raises zmq.Again if there is none.
    """

    __slots__ = ("_is_scheduled", "_loop", "_read", "_rounds", "socket")

    def __init__(self, socket: Socket, read: Callable[[], None]) -> None:
        self.socket = socket
        self._read = read
        self._loop = asyncio.get_running_loop()
        self._is_scheduled = False
        self._rounds = 1
        self._loop.add_reader(socket.FD, self._drain)
        self._look_soon()

    def send(self, *parts: bytes) -> bool:
        """Send a message if that is possible now; return whether it was."""
        send = self.socket.send
        try:
            for part in parts[:-1]:
                send(part, _MORE)
            send(parts[-1], _DONTWAIT)
        except zmq.ZMQError:
            return False
        finally:
            self._look_soon()
        return True

    def receive(self) -> list[Any]:
        """Take the frames of one message off the socket, as zmq.Frame.

        Raises:
            zmq.Again: If there is none.
        """
        frame = self.socket.recv(_DONTWAIT, copy=False)
        frames = [frame]
        while frame.more:
            frame = self.socket.recv(_DONTWAIT, copy=False)
            frames.append(frame)
        return frames

    def catch_up(self) -> None:
        """Read now what has arrived, which is at most what the socket may hold."""
        self._rounds = COMMAND_HWM
        self._drain()

    def close(self) -> None:
        """Stop reading and close the socket."""
        if not self.socket.closed:
            self._loop.remove_reader(self.socket.FD)
            self.socket.close()

    def _look_soon(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Read if there is something to read."""
        self._is_scheduled = False
        if not self.socket.closed:
            events: Any = self.socket.getsockopt(_EVENTS)
            if events & _POLLIN:
                self._drain()
            else:
                self._rounds = 1

    def _drain(self) -> None:
        rounds = self._rounds
        try:
            for _ in range(rounds):
                self._read()
        except zmq.Again:
            self._rounds = 1
            return
        except zmq.ZMQError:
            if not self.socket.closed:
                raise
            return
        self._rounds = min(2 * rounds, _ROUNDS)
        self._look_soon()


class Monitor:
    """Tells what happens to the connections of a socket.

    Args:
        socket: What to watch.
        tell: Called with the event and its value.
        events: Which events.
    """

    def __init__(
        self, socket: Socket, tell: Callable[[zmq.Event, int], None], events: zmq.Event
    ) -> None:
        self._watched = socket
        self._tell = tell
        self._pump = Pump(socket.get_monitor_socket(events), self._read)

    def close(self) -> None:
        """Stop watching."""
        if not self._watched.closed:
            self._watched.disable_monitor()
        self._pump.close()

    def _read(self) -> None:
        from zmq.utils.monitor import parse_monitor_message

        parts: list[Any] = self._pump.socket.recv_multipart(zmq.DONTWAIT)
        event = parse_monitor_message(parts)
        self._tell(zmq.Event(event["event"]), event["value"])
