"""The receiving end of a stream over ZeroMQ: a SUB socket, and a DEALER for questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zmq

from tradectl_sdk.bus.codec import CONVERSATIONS, seal, unseal_only
from tradectl_sdk.bus.ends import SubscriberEnd, opened
from tradectl_sdk.bus.messages.wire import Bye
from tradectl_sdk.bus.refusals import Refusals
from tradectl_sdk.bus.zeromq.joining import Joint
from tradectl_sdk.bus.zeromq.sockets import (
    DATA_HWM,
    Pump,
    close_context,
    open_context,
    open_socket,
)
from tradectl_sdk.errors import FrameError

if TYPE_CHECKING:
    from tradectl_sdk.bus.address import StreamAddress
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.keys import BusKeys
    from tradectl_sdk.bus.messages.wire import Envelope
    from tradectl_sdk.bus.publishing import StreamLimits

_MARKET = CONVERSATIONS["market"]
_FAREWELL = 200  # milliseconds, for a publisher that does not take it


class _Wires:
    """The two sockets of a subscriber."""

    def __init__(self, address: StreamAddress, keys: BusKeys | None, epoch: int) -> None:
        self._epoch = epoch
        self._context = open_context()
        self.refusals = Refusals(f"the stream at {address.live.url}")
        self.end: SubscriberEnd | None = None
        try:
            self._open(address, keys)
        except BaseException:
            close_context(self._context)
            raise

    def _open(self, address: StreamAddress, keys: BusKeys | None) -> None:
        live = open_socket(self._context, zmq.SUB, hwm=DATA_HWM, linger=0)
        questions = open_socket(self._context, zmq.DEALER, hwm=DATA_HWM, linger=0)
        live.setsockopt(zmq.SUBSCRIBE, b"")
        self._joints = [
            Joint(
                socket,
                place,
                keys,
                "gateway",
                self.refusals,
                on_joined=self._connected,
                on_failed=self._failed,
            )
            for socket, place in ((live, address.live), (questions, address.snapshot))
        ]
        self._live = Pump(live, lambda: self._read(self._live))
        self._questions = Pump(questions, lambda: self._read(self._questions))

    def ask(self, envelope: Envelope) -> None:
        was_sent = self._questions.send(seal(envelope))
        if self.end is not None and (not was_sent or self.end.core.is_silent):
            for joint in self._joints:
                joint.rejoin()

    def close(self) -> None:
        for joint in self._joints:
            joint.close()
        self._questions.send(seal(Bye(epoch=self._epoch)))
        self._live.socket.setsockopt(zmq.UNSUBSCRIBE, b"")
        for pump in (self._live, self._questions):
            pump.socket.setsockopt(zmq.LINGER, _FAREWELL)
            pump.close()
        close_context(self._context)

    def _read(self, pump: Pump) -> None:
        frames = pump.receive()
        try:
            conversation, envelope = unseal_only(frames)
            _MARKET.must_be(conversation)
            envelope = opened(envelope)
        except FrameError as error:
            self._failed(error.message)
            self.refusals.note("frame", error.message)
            return
        if self.end is not None:
            self.end.hear(envelope)

    def _connected(self) -> None:
        if self.end is not None:
            self.end.connected()

    def _failed(self, text: str) -> None:
        if self.end is not None:
            self.end.mistrust(text)


def zeromq_subscriber(
    address: StreamAddress,
    me: Identity,
    *,
    keys: BusKeys | None = None,
    limits: StreamLimits | None = None,
) -> SubscriberEnd:
    """Listen to the stream of a gateway, whether it is there yet or not.

    To be called where an event loop runs.

    Args:
        address: Where it publishes.
        me: This node.
        keys: Ours, needed for TCP.
        limits: Bounds and times.

    Raises:
        BusError: If the address may not be used.
    """
    wires = _Wires(address, keys, me.epoch)
    wires.end = SubscriberEnd(me, wires.ask, limits=limits, on_closed=wires.close)
    return wires.end
