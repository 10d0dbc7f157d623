"""Where a step's records, messages and requests come together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec

from tradectl_sdk.bus.messages.events import OrderChanged
from tradectl_sdk.domain.orders import ILLEGAL
from tradectl_sdk.nodes.effects import Effects
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.transitions import follows

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.nodes.executor.events import HostEvent
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.state import State

HOST, GATEWAY, MARKET = "host", "gateway", "market"
KEYED = frozenset(one for one in get_args(of.Record) if "key" in one.__struct_fields__)
POSITIONING = {of.Booked, of.Shifted}


class Recorder:
    """Writes records, which is the only way to change the state, and says what follows.

    Attributes:
        now: The time of the present step, UTC nanoseconds.
        effects: What the present step wants done.
        touched: Keys of the orders that records were written about and that nobody has looked at
            since, in the order they were first written about.
        changed: Instruments whose position or open orders have changed, likewise.
        telling: Whether a host has had its snapshot and is told what happens.
        at: The place in the gateway's account stream that is being dealt with, None outside it.
        request: Number of the latest request to the gateway.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.now = 0
        self.effects = Effects()
        self.touched: dict[int, None] = {}
        self.changed = state.book.stirred
        self.telling = False
        self.at: Cursor | None = None
        self.request = 0

    def begin(self, now: int) -> None:
        """Start a step."""
        self.now = now
        self.effects = Effects()

    def write(self, record: of.Record) -> None:
        """Write a record down, let it happen, and tell the host what it means."""
        event = self.state.apply(record)
        self.effects.records.append(record)
        kind = type(record)
        key: int = record.key if kind in KEYED else 0  # type: ignore[union-attr]
        if key:
            self.touched[key] = None
        if kind in POSITIONING:
            self.changed[record.instrument] = None  # type: ignore[union-attr]
        if event is not None and self.telling:
            self.tell(self._placed(event))

    def _placed(self, event: HostEvent) -> HostEvent:
        """Say of an event what was known when it was told: the account, and what was asked."""
        heard = self.state.heard
        if heard and isinstance(event, OrderChanged):
            return msgspec.structs.replace(event, at=self.at, heard=heard)
        return event if self.at is None else msgspec.structs.replace(event, at=self.at)

    def move(
        self, order: Order, event: int, reason: int = 0, text: str = "", venue_time: int = 0
    ) -> bool:
        """Let an event happen to an order, or note that it may not; say whether it did."""
        after = follows(order, event)
        if after == ILLEGAL:
            self.notice(
                "event", order.key, f"event {event} in status {order.status} {text}".strip()
            )
            return False
        if after != order.status:
            self.write(of.Moved(self.now, order.key, event, reason, text, venue_time))
        return True

    def notice(self, what: str, key: int = 0, text: str = "") -> None:
        """Keep an anomaly for people to read."""
        self.write(of.Noticed(self.now, what, key, text))

    def tell(self, message: Any) -> None:
        """Say something to the host."""
        self.effects.messages.append((HOST, message))

    def ask(self, message: Any) -> None:
        """Say something to the gateway."""
        self.effects.messages.append((GATEWAY, message))

    def answer(self, port: str, message: Any) -> None:
        """Answer whoever asked at a port."""
        self.effects.messages.append((port, message))

    def next_request(self) -> int:
        """Return a number for a request that no life of an executor has used."""
        self.request += 1
        return self.state.epoch << 32 | self.request
