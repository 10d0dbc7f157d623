"""Reading the market stream, for executor and host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tradectl_sdk.bus.identity import Identity
from tradectl_sdk.bus.link import Gap
from tradectl_sdk.bus.messages.wire import Item
from tradectl_sdk.bus.subscribing import SubscriberCore
from tradectl_sdk.testing.simulation.process import SESSION, Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.wire import Ask
    from tradectl_sdk.testing.simulation.gateway import GatewayProcess


class Listening(Process):
    """A process that subscribes to the gateway's market data."""

    subscriber: SubscriberCore

    def _listen(self) -> None:
        me = Identity(name=self.role, role=self.role, epoch=self.life, session=SESSION)
        self.subscriber = SubscriberCore(me, self.agenda.now)
        self._gateway.listeners[self.role] = self._hear_stream

    @property
    def _gateway(self) -> GatewayProcess:
        return cast("GatewayProcess", self.neighbours["gateway"])

    def _hear_stream(self, frame: Any) -> None:
        if self.alive and not self.frozen:
            self.subscriber.hear(self.agenda.now, frame)
            self.attend()

    def _read(self, now: int) -> Iterator[tuple[Cursor, Any] | Cursor]:
        """Yield what has arrived; the place after a gap for one."""
        if now >= self.subscriber.wake:
            self.subscriber.tick(now)
        while (what := self.subscriber.take(now)) is not None:
            if isinstance(what, Item):
                yield what.cursor, what.body
            elif isinstance(what, Gap):
                yield what.found
        while self.subscriber.asks:
            ask = self.subscriber.asks.popleft()
            self.wires.carry(self.role, "gateway", ask, self._have_answered)

    def _have_answered(self, ask: Ask) -> None:
        self._gateway.asked(self.role, ask, self._hear_stream)

    def further_wakes(self) -> list[int]:
        """The subscriber looks at its watch now and then."""
        return [self.subscriber.wake]
