"""The end of channels to which others come: a ROUTER socket, and who sits where.

Every connection has to say hello before anything else. It is given the seat of its role and name:
one that was kept for it, or a new one if its role may come unasked. A connection that comes for a
seat that is taken replaces the one before, if its life is not an older one: that is how a node
comes back. Over TCP nobody can say hello as somebody else: the key decides who one is.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import zmq

from tradectl_sdk.bus.codec import seal, unseal_only
from tradectl_sdk.bus.ends import ChannelEnd
from tradectl_sdk.bus.greeting import objection_to
from tradectl_sdk.bus.identity import ROLES, conversation_of
from tradectl_sdk.bus.messages.wire import Bye, Hello, Who
from tradectl_sdk.bus.refusals import Refusals
from tradectl_sdk.bus.zeromq.breaks import WATCHED, Breaks
from tradectl_sdk.bus.zeromq.sockets import (
    COMMAND_HWM,
    COMMAND_LINGER,
    Bound,
    Monitor,
    Pump,
    close_context,
    open_context,
    open_socket,
)
from tradectl_sdk.bus.zeromq.zap import Doorkeeper, user_id
from tradectl_sdk.errors import BusError, FrameError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.bus.address import Address
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.keys import BusKeys
    from tradectl_sdk.bus.messages.wire import Envelope
    from tradectl_sdk.bus.window import ChannelLimits

MOST_SEATS: Final = 64


@dataclass(eq=False)
class _Seat:
    """A place for one node.

    Attributes:
        role: Who may sit there.
        name: Its name; empty until somebody came.
        route: Of its present connection.
        unasked: Whether it was made for somebody who came unasked.
    """

    role: str
    name: str
    end: ChannelEnd | None = None
    route: bytes = b""
    unasked: bool = False


class Listener:
    """Listens at an address; see :func:`zeromq_listener`.

    Attributes:
        address: Where it listens, with the port it was given.
        refusals: What was turned away.
    """

    def __init__(
        self,
        address: Address,
        me: Identity,
        *,
        keys: BusKeys | None = None,
        accepts: Iterable[str] = (),
        limits: ChannelLimits | None = None,
    ) -> None:
        self._me = me
        self._limits = limits
        self._accepts = frozenset(accepts)
        for role in self._accepts:
            conversation_of(role, me.role)
        self._keys = keys
        self._seats: list[_Seat] = []
        self._routes: dict[bytes, _Seat] = {}
        self._arrived: asyncio.Queue[ChannelEnd] = asyncio.Queue()
        self.refusals = Refusals(f"the {me.role} at {address.url}")
        self._breaks = Breaks(self.refusals, self._catch_up)
        self._context = open_context()
        self._door: Doorkeeper | None = None
        try:
            self._open(address)
        except BaseException:
            if self._door is not None:
                self._door.close()
            close_context(self._context)
            raise

    def _open(self, address: Address) -> None:
        if self._keys is not None:
            self._door = Doorkeeper(self._context, self._keys, self._roles, self.refusals)
        socket = open_socket(self._context, zmq.ROUTER, hwm=COMMAND_HWM, linger=COMMAND_LINGER)
        self._monitor = Monitor(socket, self._breaks.tell, WATCHED)
        try:
            self._bound = Bound(socket, address, self._keys)
        except BaseException:
            self._monitor.close()
            raise
        self.address = self._bound.address
        self._pump = Pump(socket, self._read)

    def expect(self, role: str, name: str = "") -> ChannelEnd:
        """Keep a seat for a node and return our end of the channel to it.

        Args:
            role: Its role.
            name: Its name; empty for whoever of that role comes first, and it alone.

        Raises:
            FrameError: If the two roles have nothing to say to each other.
        """
        return self._seat_for(_Seat(role, name))

    async def accept(self) -> ChannelEnd:
        """Wait for somebody who comes unasked, of a role that may, and return the channel."""
        return await self._arrived.get()

    async def close(self) -> None:
        """Close every channel, then stop listening."""
        await asyncio.gather(*(seat.end.close() for seat in self._seats if seat.end is not None))
        self._monitor.close()
        self._pump.close()
        if self._door is not None:
            self._door.close()
        close_context(self._context)
        self._bound.release()

    def _roles(self) -> frozenset[str]:
        """Roles that are expected or may come unasked."""
        return self._accepts | {seat.role for seat in self._seats}

    # Seats ---------------------------------------------------------------------------------

    def _seat_for(self, seat: _Seat) -> ChannelEnd:
        def post(envelope: Envelope) -> None:
            if seat.route:
                self._send(seat.route, envelope, end.conversation)

        def leave() -> None:
            self._routes.pop(seat.route, None)
            self._seats = [one for one in self._seats if one is not seat]

        end = ChannelEnd(
            self._me, seat.role, post, encoded=True, limits=self._limits, on_closed=leave
        )
        seat.end = end
        self._seats.append(seat)
        return end

    def _find_seat(self, hello: Hello) -> _Seat | None:
        """Return the seat of a node, one that was kept for its role, or a new one."""
        of_role = [seat for seat in self._seats if seat.role == hello.role]
        for name in (hello.name, ""):
            for seat in of_role:
                if seat.name == name:
                    return seat
        if hello.role not in self._accepts or not self._has_room():
            return None
        seat = _Seat(hello.role, hello.name, unasked=True)
        self._arrived.put_nowait(self._seat_for(seat))
        return seat

    def _has_room(self) -> bool:
        """Whether there is room for one more; whoever came unasked and was lost makes some."""
        if len(self._seats) < MOST_SEATS:
            return True
        for seat in self._seats:
            if seat.unasked and seat.end is not None and seat.end.core.is_lost:
                seat.end.abandon()
                return True
        return False

    # Frames --------------------------------------------------------------------------------

    def _read(self) -> None:
        first, *frames = self._pump.receive()
        route = first.bytes
        seat = self._routes.get(route)
        try:
            conversation, envelope = unseal_only(frames)
        except FrameError as error:
            self._breaks.excused(first)
            self._refuse(route, seat, error)
            return
        if isinstance(envelope, Hello):
            seat = self._greet(route, envelope, seat, self._user_of(frames[0]))
            self._breaks.named(first, self._name_of(seat))
        elif isinstance(envelope, Bye):
            self._breaks.excused(first)
        elif seat is None:
            self._send(route, Who())
        if seat is not None and seat.end is not None:
            seat.end.hear(envelope, conversation)

    @staticmethod
    def _user_of(message: Any) -> str:
        try:
            return str(message.get("User-Id"))
        except zmq.ZMQError:
            return ""

    def _greet(self, route: bytes, hello: Hello, seat: _Seat | None, user: str) -> _Seat | None:
        """Give a connection its seat, or turn it away."""
        if seat is not None and (seat.role, seat.name) == (hello.role, hello.name):
            return seat
        objection = self._objection(hello, seat, user)
        seat = None if objection else self._find_seat(hello)
        if seat is None or seat.end is None:
            self._turn_away(route, hello, "refused", objection or self._lack(hello))
            return None
        peer = seat.end.core.peer
        if peer is not None and hello.epoch < peer.epoch:
            text = f"life was {hello.epoch}, expected {peer.epoch} or later"
            self._turn_away(route, hello, "superseded", text)
            return None
        self._routes.pop(seat.route, None)
        seat.name, seat.route = hello.name, route
        self._routes[route] = seat
        return seat

    def _objection(self, hello: Hello, seat: _Seat | None, user: str) -> str:
        """Say why a connection is not let in, or nothing."""
        if seat is not None:
            return f"was {seat.role} {seat.name!r} a moment ago"
        if self._keys is not None and user != user_id(hello.role, hello.name):
            return f"the key was that of {user or 'nobody'}"
        return objection_to(hello, self._me.session, frozenset(ROLES))

    def _lack(self, hello: Hello) -> str:
        if hello.role in self._accepts:
            return f"{MOST_SEATS} seats are taken, expected a free one"
        return "nobody of that role and name is expected"

    def _turn_away(self, route: bytes, hello: Hello, why: str, text: str) -> None:
        who = f"{hello.role[:20]} {hello.name[:40]!r}"
        self.refusals.note("introduction", f"{who} was turned away: {text}")
        self._send(route, Bye(epoch=self._me.epoch, to=hello.epoch, why=why, text=text))

    def _refuse(self, route: bytes, seat: _Seat | None, error: FrameError) -> None:
        """Have done with whoever sends what is no frame."""
        self.refusals.note("frame", f"{self._name_of(seat)} sent what is no frame: {error.message}")
        if seat is not None and seat.end is not None:
            seat.end.refuse(error.message)
        else:
            self._send(route, Bye(epoch=self._me.epoch, why="refused", text=error.message))

    @staticmethod
    def _name_of(seat: _Seat | None) -> str:
        return f"{seat.role} {seat.name!r}" if seat is not None else "a stranger"

    def _send(self, route: bytes, envelope: Envelope, conversation: int = 0) -> None:
        self._pump.send(route, seal(envelope, conversation))

    def _catch_up(self) -> None:
        self._pump.catch_up()


def zeromq_listener(
    address: Address,
    me: Identity,
    *,
    keys: BusKeys | None = None,
    accepts: Iterable[str] = (),
    limits: ChannelLimits | None = None,
) -> Listener:
    """Listen for nodes that come to this one.

    To be called where an event loop runs.

    Args:
        address: Where; its folder is made with mode 0700 if need be.
        me: This node.
        keys: Ours and everybody's, needed for TCP; who has none of them is not let in.
        accepts: Roles that may come unasked, such as ``operator``.
        limits: Bounds and times of every channel.

    Raises:
        BusError: If the address cannot be had or may not be used.
    """
    if keys is not None and (keys.role, keys.name) != (me.role, me.name):
        raise BusError(f"keys were those of {keys.role} {keys.name!r}, expected {me}")
    return Listener(address, me, keys=keys, accepts=accepts, limits=limits)
