"""A counter to trade at: a core, short ways to say an order, and bars by their prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderFlag, OrderType
from tradectl_sdk.engine import Assumptions
from tradectl_sdk.exchange import BarClosed, OrderRef, OrderReport, Print, Ticket, TradeReport
from tradectl_sdk.paper import MemoryLedger, PaperCore, PaperSettings

MINUTE = 60_000_000_000
START = 1_700_000_040_000_000_000  # a whole minute
BTC = "BTC/USDT.PAPER"

FREE: dict[str, Any] = {"volume_share": Decimal(0), "slippage_bps": Decimal(0)}


def instrument(symbol: str = "BTC/USDT", **changes: Any) -> Instrument:
    base, _, quote = symbol.partition("/")
    grid = {"tick_size": Decimal("0.01"), "lot_size": Decimal("0.001")}
    return Instrument(
        symbol=symbol, venue="PAPER", base=base, quote=quote or "USD", **(grid | changes)
    )


def assume(**changes: Any) -> Assumptions:
    return Assumptions(**(FREE | changes))


@dataclass
class Counter:
    """A paper venue and somebody at its counter."""

    core: PaperCore
    now: int = START
    told: list[Any] = field(default_factory=list)
    _ids: int = 0

    def bar(
        self, open_: int, high: int, low: int, close: int, *, on: str = BTC, volume: int = 10**6
    ) -> list[Any]:
        """Let a minute pass; return what the venue tells."""
        self.now += MINUTE
        bar = BarClosed(
            instrument=on,
            length=MINUTE,
            time=self.now,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )
        self.core.bars([bar], self.now)
        return self.listen()

    def flat(self, price: int, *, on: str = BTC) -> list[Any]:
        return self.bar(price, price, price, price, on=on)

    def print(self, price: int, *, on: str = BTC, lots: int = 1000) -> list[Any]:
        self.now += 1000
        self.core.print(Print(instrument=on, time=self.now, price=price, lots=lots), self.now)
        return self.listen()

    def ticket(self, side: int, lots: int, *, on: str = BTC, **terms: Any) -> Ticket:
        self._ids += 1
        kind = OrderType.MARKET
        if terms.get("trail"):
            kind = OrderType.TRAILING_STOP
        elif terms.get("trigger"):
            kind = OrderType.STOP_LIMIT if terms.get("limit") else OrderType.STOP
        elif terms.get("limit"):
            kind = OrderType.LIMIT
        given = {"client_id": f"c{self._ids}", "type": kind, "decided": self.now}
        return Ticket(instrument=on, side=side, lots=lots, **(given | terms))

    def submit(self, *tickets: Ticket) -> list[Any]:
        """Submit orders together; return the outcomes."""
        outcomes = self.core.submit(tickets, self.now)
        self.listen()
        return outcomes

    def buy(self, lots: int, **terms: Any) -> Any:
        return self.submit(self.ticket(1, lots, **terms))[0]

    def sell(self, lots: int, **terms: Any) -> Any:
        return self.submit(self.ticket(-1, lots, **terms))[0]

    def bracket(self, lots: int, take: int, loss: int, **entry: Any) -> list[Any]:
        """Buy with a take profit and a stop loss."""
        first = self.ticket(1, lots, **entry)
        exits: dict[str, Any] = {
            "parent": first.client_id,
            "group": f"c{self._ids + 1}",
            "flags": OrderFlag.REDUCE_ONLY | OrderFlag.CHILD,
        }
        one = self.ticket(-1, lots, limit=take, **exits)
        return self.submit(first, one, self.ticket(-1, lots, trigger=loss, **exits))

    def listen(self) -> list[Any]:
        events = self.core.told()
        self.told += events
        return events

    def query(self, client_id: str, on: str = BTC) -> OrderReport:
        found = self.core.query(OrderRef(instrument=on, client_id=client_id))
        assert isinstance(found, OrderReport)
        return found

    def cancel(self, client_id: str, on: str = BTC) -> Any:
        outcome = self.core.cancel(OrderRef(instrument=on, client_id=client_id), self.now)
        self.listen()
        return outcome

    def amend(self, client_id: str, ticket: Ticket) -> Any:
        outcome = self.core.amend(
            OrderRef(instrument=ticket.instrument, client_id=client_id), ticket, self.now
        )
        self.listen()
        return outcome

    def balance(self, currency: str) -> tuple[Decimal, Decimal]:
        """Free and held."""
        for one in self.core.balances():
            if one.currency == currency:
                return Decimal(one.free).scaleb(-8), Decimal(one.held).scaleb(-8)
        return Decimal(0), Decimal(0)


def fills(events: list[Any]) -> list[tuple[str, int, int]]:
    """Client id, signed lots and price of each trade."""
    return [
        (one.client_id, one.side * one.lots, one.price)
        for one in events
        if isinstance(one, TradeReport)
    ]


def open_counter(*ones: Instrument, ledger: Any = None, **settings: Any) -> Counter:
    """A counter for bitcoin, or for what is given, free of slippage and volume limits."""
    made = PaperSettings(**({"assumptions": assume()} | settings))
    return Counter(PaperCore(ones or (instrument(),), ledger or MemoryLedger(), made))
