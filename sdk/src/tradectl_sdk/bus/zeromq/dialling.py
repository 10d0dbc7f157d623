"""The end of a channel that goes to the other: a DEALER socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zmq

from tradectl_sdk.bus.codec import seal, unseal_only
from tradectl_sdk.bus.ends import ChannelEnd
from tradectl_sdk.bus.refusals import Refusals
from tradectl_sdk.bus.zeromq.joining import Joint
from tradectl_sdk.bus.zeromq.sockets import (
    COMMAND_HWM,
    COMMAND_LINGER,
    Pump,
    close_context,
    open_context,
    open_socket,
)
from tradectl_sdk.errors import FrameError

if TYPE_CHECKING:
    from tradectl_sdk.bus.address import Address
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.keys import BusKeys
    from tradectl_sdk.bus.messages.wire import Envelope
    from tradectl_sdk.bus.window import ChannelLimits


class _Wire:
    """A DEALER socket and what it takes to serve one channel with it."""

    def __init__(self, address: Address, keys: BusKeys | None, role: str) -> None:
        self._context = open_context()
        self._refusals = Refusals(f"the connection to the {role} at {address.url}")
        self.end: ChannelEnd | None = None
        try:
            socket = open_socket(self._context, zmq.DEALER, hwm=COMMAND_HWM, linger=COMMAND_LINGER)
            self._joint = Joint(
                socket,
                address,
                keys,
                role,
                self._refusals,
                on_joined=self._connected,
                on_failed=self._failed,
            )
        except BaseException:
            close_context(self._context)
            raise
        self._pump = Pump(socket, self._read)

    def post(self, envelope: Envelope) -> None:
        conversation = self.end.conversation if self.end is not None else 0
        if not self._pump.send(seal(envelope, conversation)):
            self._joint.rejoin()

    def close(self) -> None:
        self._joint.close()
        self._pump.close()
        close_context(self._context)

    def _read(self) -> None:
        frames = self._pump.receive()
        try:
            conversation, envelope = unseal_only(frames)
        except FrameError as error:
            self._refusals.note("frame", error.message)
            return
        if self.end is not None:
            self.end.hear(envelope, conversation)

    def _connected(self) -> None:
        if self.end is not None:
            self.end.connected()

    def _failed(self, text: str) -> None:
        if self.end is not None:
            self.end.unreachable(text)


def zeromq_channel(
    address: Address,
    me: Identity,
    to: str,
    *,
    keys: BusKeys | None = None,
    limits: ChannelLimits | None = None,
) -> ChannelEnd:
    """Go to a node that listens; a connection that breaks is made again for as long as it takes.

    To be called where an event loop runs.

    Args:
        address: Where it listens.
        me: This node.
        to: The role of the node there.
        keys: Ours, needed for TCP.
        limits: Bounds and times.

    Raises:
        BusError: If the address may not be used.
        FrameError: If the two roles have nothing to say to each other.
    """
    wire = _Wire(address, keys, to)
    try:
        end = ChannelEnd(me, to, wire.post, encoded=True, limits=limits, on_closed=wire.close)
    except BaseException:
        wire.close()
        raise
    wire.end = end
    return end
