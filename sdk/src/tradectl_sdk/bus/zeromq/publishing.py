"""A stream over ZeroMQ: an XPUB socket for everybody, a ROUTER for those who missed something."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import zmq

from tradectl_sdk.bus.address import StreamAddress
from tradectl_sdk.bus.alarm import Alarm
from tradectl_sdk.bus.codec import CONVERSATIONS, seal, unseal_only
from tradectl_sdk.bus.identity import PUBLISHERS, ROLES
from tradectl_sdk.bus.messages.wire import Ask, Bye
from tradectl_sdk.bus.publishing import PublisherCore
from tradectl_sdk.bus.refusals import Refusals
from tradectl_sdk.bus.topics import topic_of
from tradectl_sdk.bus.zeromq.breaks import WATCHED, Breaks
from tradectl_sdk.bus.zeromq.outlet import Outlet
from tradectl_sdk.bus.zeromq.sockets import (
    DATA_HWM,
    Bound,
    Monitor,
    Pump,
    close_context,
    open_context,
    open_socket,
)
from tradectl_sdk.bus.zeromq.zap import Doorkeeper
from tradectl_sdk.errors import BusError, FrameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.keys import BusKeys
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.wire import Item, Pulse
    from tradectl_sdk.bus.publishing import StreamLimits

_MARKET = CONVERSATIONS["market"]
_LEAVES, _COMES = b"\x00", b"\x01"  # what a subscription to everything looks like


class ZeroMQPublisher:
    """The sending end of a stream; see :func:`zeromq_publisher`.

    Attributes:
        address: Where it is, with the ports it was given.
        core: The protocol, with its counters.
        outlet: What left, with its counters.
        refusals: What was turned away.
    """

    def __init__(
        self,
        address: StreamAddress,
        me: Identity,
        *,
        keys: BusKeys | None = None,
        limits: StreamLimits | None = None,
        topic: Callable[[Any], str] = topic_of,
    ) -> None:
        self.core = PublisherCore(me.session, me.epoch, time.monotonic_ns(), limits=limits)
        self.refusals = Refusals(f"the {me.role}'s stream at {address.live.url}")
        self._topic = topic
        self._context = open_context()
        self._pumps: list[Pump] = []
        self._monitors: list[Monitor] = []
        # One for each socket: what two monitors tell has no order, and descriptors are used again
        self._listening = Breaks(self.refusals, self._catch_up)
        self._asking = Breaks(self.refusals, self._catch_up)
        self._bound: list[Bound] = []
        self._door: Doorkeeper | None = None
        try:
            self._open(address, keys)
        except BaseException:
            self._close_sockets()
            self._release()
            raise
        self._alarm = Alarm(asyncio.get_running_loop(), self._tick)
        self._tick()

    def publish(self, message: Any) -> Cursor:
        """Send to whoever listens and return the message's place.

        Raises:
            FrameError: If it is no market message, or too large.
        """
        body = _MARKET.encode(message)
        now = time.monotonic_ns()
        size = len(memoryview(body))
        item = self.core.publish(now, body, topic=self._topic(message), size=size)
        self._send(now, item)
        return item.cursor

    async def close(self) -> None:
        """Stop; whoever listens finds the stream stale."""
        self._alarm.stop()
        self._close_sockets()
        self._release()

    def _release(self) -> None:
        close_context(self._context)
        for one in self._bound:
            one.release()

    def _open(self, address: StreamAddress, keys: BusKeys | None) -> None:
        if keys is not None:
            self._door = Doorkeeper(self._context, keys, lambda: ROLES, self.refusals)
        live = open_socket(self._context, zmq.XPUB, hwm=DATA_HWM, linger=0)
        snapshot = open_socket(self._context, zmq.ROUTER, hwm=DATA_HWM, linger=0)
        live.setsockopt(zmq.XPUB_VERBOSER, 1)  # every subscriber's coming and going
        for socket, place, breaks in (
            (live, address.live, self._listening),
            (snapshot, address.snapshot, self._asking),
        ):
            self._monitors.append(Monitor(socket, breaks.tell, WATCHED))
            self._bound.append(Bound(socket, place, keys))
        self.address = StreamAddress(*(one.address for one in self._bound))
        self.outlet = Outlet(live, self._seal, self.core.limits.patience)
        self._live = Pump(live, self._read_subscription)
        self._pumps.append(self._live)
        self._snapshot = Pump(snapshot, self._read_question)
        self._pumps.append(self._snapshot)

    def _close_sockets(self) -> None:
        for monitor in self._monitors:
            monitor.close()
        for pump in self._pumps:
            pump.close()
        if self._door is not None:
            self._door.close()

    def _catch_up(self) -> None:
        for pump in self._pumps:
            pump.catch_up()

    @staticmethod
    def _seal(envelope: Item | Pulse) -> bytes:
        return seal(envelope, _MARKET.number)

    def _send(self, now: int, what: Item | Pulse) -> None:
        self.outlet.send(now, what)
        self._set_alarm()

    def _read_subscription(self) -> None:
        frames = self._live.receive()
        if len(frames) != 1 or frames[0].bytes not in {_LEAVES, _COMES}:
            self.refusals.note("upstream", "a subscriber tried to publish")
        elif frames[0].bytes == _COMES:
            self._listening.named(frames[0], "a subscriber")
        else:
            with contextlib.suppress(zmq.ZMQError):  # of one that is gone, by ZeroMQ itself
                self._listening.excused(frames[0])

    def _read_question(self) -> None:
        route, *frames = self._snapshot.receive()
        try:
            _, ask = unseal_only(frames)
        except FrameError as error:
            self.refusals.note("frame", f"somebody sent what is no question: {error.message}")
            return
        if isinstance(ask, Bye):
            self._asking.excused(route)
            return
        if not isinstance(ask, Ask):
            self.refusals.note("frame", f"was a {type(ask).__name__}, expected a question")
            return
        self._asking.named(route, f"{ask.hello.role[:20]} {ask.hello.name[:40]!r}")
        for answer in self.core.answer(ask):
            self._snapshot.send(route.bytes, seal(answer, _MARKET.number))

    def _tick(self) -> None:
        now = time.monotonic_ns()
        if self.outlet.wake is not None:
            self.outlet.flush(now)
        if (pulse := self.core.pulse(now)) is not None:
            self.outlet.send(now, pulse)
        self._set_alarm()

    def _set_alarm(self) -> None:
        wake = self.core.wake
        self._alarm.set(wake if self.outlet.wake is None else min(wake, self.outlet.wake))


def zeromq_publisher(
    address: StreamAddress,
    me: Identity,
    *,
    keys: BusKeys | None = None,
    limits: StreamLimits | None = None,
    topic: Callable[[Any], str] = topic_of,
) -> ZeroMQPublisher:
    """Publish a stream.

    To be called where an event loop runs.

    Args:
        address: Where.
        me: This node; a gateway.
        keys: Ours and everybody's, needed for TCP.
        limits: Bounds and times.
        topic: Names what a message is the latest of.

    Raises:
        BusError: If the role may not publish, or the address cannot be had.
    """
    if me.role not in PUBLISHERS:
        raise BusError(f"a {me.role} was to publish, expected a gateway")
    if keys is not None and (keys.role, keys.name) != (me.role, me.name):
        raise BusError(f"keys were those of {keys.role} {keys.name!r}, expected {me}")
    return ZeroMQPublisher(address, me, keys=keys, limits=limits, topic=topic)
