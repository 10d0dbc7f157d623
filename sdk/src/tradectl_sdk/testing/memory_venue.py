"""A very small venue in memory, to write an adapter against before there is a network.

It speaks as venues do: requests with text parameters, answers as dictionaries with decimal texts
and milliseconds, errors as codes, and two streams. One instrument, one account; the price stands
still until it is moved, and a limit order that reaches it fills at once. Its clock is its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

MINUTE: Final = 60_000  # milliseconds
START: Final = 1_700_000_040_000  # 2023-11-14T22:14:00Z
SYMBOL: Final = "ACME-USD"
TICK: Final = Decimal("0.01")
LOT: Final = Decimal("0.001")
HISTORY: Final = 1_500  # closed bars there are
PAGE: Final = 200  # rows of an answer at most

Row = dict[str, Any]


class ConnectionCutError(Exception):
    """The connection broke; whether a request had arrived before, nobody can tell."""


@dataclass(slots=True)
class MemoryVenue:
    """The venue and its one account, which outlive the adapters that connect.

    Attributes:
        key: The key that requests must carry.
        price: The price that orders meet, in dollars.
        now: Its clock, UTC milliseconds.
        unreachable: Whether connections break before anything is said.
        busy: Whether every request is one too many.
        lose_answer: Whether the next order is taken and its answer lost.
    """

    key: str = field(default="memory-venue-key", repr=False)
    price: Decimal = Decimal("100.00")
    now: int = START + HISTORY * MINUTE
    unreachable: bool = False
    busy: bool = False
    lose_answer: bool = False
    cash: Decimal = Decimal(1_000_000)
    held: Decimal = Decimal(0)
    orders: dict[int, Row] = field(default_factory=dict)
    fills: list[Row] = field(default_factory=list)
    bars: list[Row] = field(default_factory=list)
    _streams: list[tuple[str, asyncio.Queue[Row | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make a history: a quiet wave, the same every time."""
        if not self.bars:
            self.bars = [_bar(START + i * MINUTE, i) for i in range(HISTORY)]

    # What an adapter sees ------------------------------------------------------------------

    async def request(self, name: str, parameters: Mapping[str, str], *, key: str = "") -> Row:
        """Answer a request.

        Returns:
            The answer, or ``{"error": code, "message": text}``.

        Raises:
            ConnectionCutError: When the connection breaks, before or after the request arrived.
        """
        await asyncio.sleep(0)
        if self.unreachable:
            raise ConnectionCutError("connection reset by peer")
        if self.busy:
            return {"error": "too_many_requests", "message": "slow down", "retry_after": 250}
        if name not in _PUBLIC and key != self.key:
            return {"error": "bad_key", "message": "unknown key"}
        self.now += 1
        answer = self._answer(name, parameters)
        await asyncio.sleep(0)
        if name == "order.place" and self.lose_answer:
            self.lose_answer = False
            raise ConnectionCutError("connection reset by peer")
        return answer

    async def stream(self, name: str, *, key: str = "") -> AsyncIterator[Row]:
        """Yield what happens from now on, ``market`` or ``account``, until it is cut.

        Raises:
            ConnectionCutError: When the connection breaks.
        """
        await asyncio.sleep(0)
        if self.unreachable or (name == "account" and key != self.key):
            raise ConnectionCutError("connection refused")
        queue: asyncio.Queue[Row | None] = asyncio.Queue()
        entry = (name, queue)
        self._streams.append(entry)
        try:
            queue.put_nowait({"event": "subscribed"})
            while (row := await queue.get()) is not None:
                yield row
            raise ConnectionCutError("stream closed")
        finally:
            if entry in self._streams:
                self._streams.remove(entry)

    # What a test does ----------------------------------------------------------------------

    def advance(self, bars: int = 1) -> None:
        """Close bars and tell of them."""
        for _ in range(bars):
            bar = _bar(self.bars[-1]["open_time"] + MINUTE, len(self.bars))
            self.bars.append(bar)
            self.now = max(self.now, bar["open_time"] + MINUTE)
            self._trade(bar)
            self._tell("market", {"event": "bar", "symbol": SYMBOL} | bar)

    def move(self, price: Decimal) -> None:
        """Move the price; orders it reaches fill."""
        self.price = price
        for order in list(self.orders.values()):
            self._match(order, maker=True)

    def cut_streams(self) -> None:
        """Cut every stream."""
        for _, queue in self._streams:
            queue.put_nowait(None)
        self._streams.clear()

    # Inside --------------------------------------------------------------------------------

    def _answer(self, name: str, asked: Mapping[str, str]) -> Row:
        answers: dict[str, Callable[[], Row]] = {
            "time": lambda: {"time": self.now},
            "instruments": lambda: {"instruments": [{"symbol": SYMBOL} | _INSTRUMENT]},
            "bars": lambda: self._history(asked),
            "order.place": lambda: self._place(asked),
            "order.cancel": lambda: self._cancel(asked),
            "order.get": lambda: self._get(asked),
            "orders.open": lambda: self._listed(asked, still_open=True),
            "orders.closed": lambda: self._listed(asked, still_open=False),
            "fills": lambda: self._filled(asked),
            "balances": self._balances,
            "key": lambda: dict(_RIGHTS),
        }
        unknown: Row = {"error": "unknown_request", "message": name}
        return answers[name]() if name in answers else unknown

    def _trade(self, bar: Row) -> None:
        """Tell of the trade of others that closed a bar."""
        trade: Row = {
            "event": "trade",
            "symbol": SYMBOL,
            "id": str(len(self.bars)),
            "price": bar["close"],
            "quantity": "0.500",
            "side": "buy",
            "time": bar["open_time"] + MINUTE - 1,
        }
        self._tell("market", trade)

    def _tell(self, stream: str, row: Row) -> None:
        for name, queue in self._streams:
            if name == stream:
                queue.put_nowait(dict(row))

    def _place(self, asked: Mapping[str, str]) -> Row:
        problem = self._problem(asked)
        if problem:
            return {"error": problem, "message": problem.replace("_", " ")}
        order: Row = {
            "id": str(len(self.orders) + 1),
            "client_id": asked.get("client_id", ""),
            "symbol": SYMBOL,
            "side": asked["side"],
            "type": asked["type"],
            "quantity": asked["quantity"],
            "price": asked.get("price", "0"),
            "filled": "0",
            "status": "open",
            "updated": self.now,
        }
        self.orders[len(self.orders) + 1] = order
        self._tell("account", {"event": "order"} | order)
        self._match(order, maker=False)
        if order["status"] == "open" and asked.get("time_in_force") in {"IOC", "FOK"}:
            self._end(order, "cancelled")
        return {"order": dict(order)}

    def _problem(self, asked: Mapping[str, str]) -> str:
        if asked.get("symbol") != SYMBOL:
            return "unknown_symbol"
        if asked.get("side") not in {"buy", "sell"} or asked.get("type") not in {"market", "limit"}:
            return "unknown_word"
        if not _on_grid(asked.get("quantity", ""), LOT):
            return "bad_quantity"
        if asked["type"] == "limit" and not _on_grid(asked.get("price", ""), TICK):
            return "bad_price"
        taken = {order["client_id"] for order in self.orders.values()}
        if asked.get("client_id") and asked["client_id"] in taken:
            return "duplicate_client_id"
        if asked["side"] == "sell" and Decimal(asked["quantity"]) > self.held:
            return "too_little_held"
        return ""

    def _match(self, order: Row, *, maker: bool) -> None:
        limit, buys = Decimal(order["price"]), order["side"] == "buy"
        reached = order["type"] == "market" or (
            self.price <= limit if buys else self.price >= limit
        )
        if order["status"] != "open" or not reached:
            return
        price, quantity = limit if maker else self.price, Decimal(order["quantity"])
        fee = price * quantity / 1000
        self.cash -= (price * quantity if buys else -price * quantity) + fee
        self.held += quantity if buys else -quantity
        fill: Row = {
            "trade_id": str(len(self.fills) + 1),
            "order_id": order["id"],
            "client_id": order["client_id"],
            "symbol": SYMBOL,
            "side": order["side"],
            "quantity": str(quantity),
            "price": str(price),
            "fee": str(fee),
            "fee_currency": "USD",
            "maker": maker,
            "time": self.now,
        }
        self.fills.append(fill)
        order["filled"] = order["quantity"]
        self._tell("account", {"event": "fill"} | fill)
        self._end(order, "filled")

    def _end(self, order: Row, status: str) -> None:
        order["status"], order["updated"] = status, self.now
        self._tell("account", {"event": "order"} | order)

    def _find(self, asked: Mapping[str, str]) -> Row | None:
        wanted = {key: asked[key] for key in ("id", "client_id") if asked.get(key)}
        for order in self.orders.values():
            if any(order[key] == value for key, value in wanted.items()):
                return order
        return None

    def _cancel(self, asked: Mapping[str, str]) -> Row:
        order = self._find(asked)
        if order is None:
            return {"error": "unknown_order", "message": "unknown order"}
        if order["status"] != "open":
            return {"error": "order_closed", "message": f"order is {order['status']}"}
        self._end(order, "cancelled")
        return {"order": dict(order)}

    def _get(self, asked: Mapping[str, str]) -> Row:
        order = self._find(asked)
        if order is None:
            return {"error": "unknown_order", "message": "unknown order"}
        return {"order": dict(order)}

    def _history(self, asked: Mapping[str, str]) -> Row:
        if asked.get("symbol") != SYMBOL:
            return {"error": "unknown_symbol", "message": "unknown symbol"}
        start, end = int(asked["start"]), int(asked["end"])
        running = {**_bar(self.bars[-1]["open_time"] + MINUTE, len(self.bars)), "closed": False}
        found = [bar for bar in [*self.bars, running] if start <= bar["open_time"] < end]
        return {"bars": found[:PAGE]}

    def _listed(self, asked: Mapping[str, str], *, still_open: bool) -> Row:
        since = int(asked.get("since", "0"))
        orders = [
            dict(order)
            for order in self.orders.values()
            if (order["status"] == "open") is still_open and order["updated"] >= since
        ]
        return {"orders": orders}

    def _filled(self, asked: Mapping[str, str]) -> Row:
        since = int(asked.get("since", "0"))
        return {"fills": [dict(fill) for fill in self.fills if fill["time"] >= since]}

    def _balances(self) -> Row:
        return {
            "balances": [
                {"currency": "USD", "free": str(self.cash), "held": "0"},
                {"currency": "ACME", "free": str(self.held), "held": "0"},
            ]
        }


def _bar(open_time: int, index: int) -> Row:
    """Return the bar of an index: prices between 99 and 101, never off the grid."""
    level = Decimal(100) + (Decimal(index % 40) - 20) / 20
    return {
        "open_time": open_time,
        "open": f"{level:.2f}",
        "high": f"{level + Decimal('0.10'):.2f}",
        "low": f"{level - Decimal('0.10'):.2f}",
        "close": f"{level + Decimal('0.05'):.2f}",
        "volume": f"{1 + index % 7}.500",
        "closed": True,
    }


def _on_grid(text: str, step: Decimal) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and value > 0 and value % step == 0


_PUBLIC: Final = frozenset({"time", "instruments", "bars"})
_INSTRUMENT: Final = {"base": "ACME", "quote": "USD", "tick": str(TICK), "lot": str(LOT)}
_RIGHTS: Final = {"trade": True, "withdraw": False}
