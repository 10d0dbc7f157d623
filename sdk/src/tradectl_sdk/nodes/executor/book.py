"""All orders in memory, and the ways to find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tradectl_sdk.nodes.executor.order import ENDED, REDUCE_ONLY, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.nodes.executor.order import Order

K = TypeVar("K")


class OrderBook:
    """Orders by key, and by every name that somebody may call them.

    Attributes:
        orders: By key, in the order they were placed.
        ended: How many of them have ended.
        unknown: Orders of unknown fate by instrument.
        reducers: Reduce-only orders that have not ended, by instrument.
        next_key: The key of the next order.
        stirred: Instruments whose open lots have changed since somebody looked and cleared this.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.ended = 0
        self.next_key = 1
        self.stirred: dict[str, None] = {}
        self.unknown: dict[str, int] = {}
        self.reducers: dict[str, int] = {}
        self._clients: dict[str, tuple[int, int]] = {}
        self._venues: dict[tuple[str, str], tuple[int, int]] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self._children: dict[int, dict[int, None]] = {}
        self._live: dict[str, dict[int, None]] = {}
        self._buys: dict[str, int] = {}
        self._sells: dict[str, int] = {}
        self._exposed: dict[int, int] = {}  # what of each order is contained in these

    def add(self, order: Order) -> None:
        """Take an order in."""
        self.orders[order.key] = order
        if order.key >= self.next_key:
            self.next_key = order.key + 1
        if order.number:
            self._numbers[order.epoch, order.number] = order.key
        if order.parent:
            _insert(self._children, order.parent, order.key)
        for revision, (client_id, venue_id) in enumerate(order.earlier):
            self._name(order, revision, client_id, venue_id)
        if order.client_id or order.venue_id:
            self.named(order)
        self._exposed[order.key] = exposed = order.exposure
        self._expose(order, exposed)
        if ENDED[order.status]:
            self.ended += 1
        else:
            self._list(order)
            if order.status == UNKNOWN:
                self._count_unknown(order, 1)

    def drop(self, order: Order) -> None:
        """Let go of an order that has ended."""
        del self.orders[order.key], self._exposed[order.key]
        self.ended -= 1
        self._numbers.pop((order.epoch, order.number), None)
        if order.parent:
            del self._children[order.parent][order.key]
            if not self._children[order.parent]:
                del self._children[order.parent]
        for client_id, venue_id in (*order.earlier, (order.client_id, order.venue_id)):
            self._clients.pop(client_id, None)
            if venue_id:
                self._venues.pop((order.instrument, venue_id), None)

    def changed(self, order: Order, status: int) -> None:
        """Keep the lists right after an order changed, which had a status before."""
        exposed = order.exposure
        before = self._exposed[order.key]
        if exposed != before:
            self._exposed[order.key] = exposed
            self._expose(order, exposed - before)
        if order.status != status:
            self._moved(order, status)

    def _moved(self, order: Order, before: int) -> None:
        """Keep the lists right after an order's status changed."""
        now = order.status
        if now == UNKNOWN or before == UNKNOWN:  # noqa: PLR1714 - a set takes twice as long
            self._count_unknown(order, 1 if now == UNKNOWN else -1)
        over = ENDED[now]
        if over == ENDED[before]:
            return
        if over:
            self.ended += 1
            del self._live[order.instrument][order.key]
            if order.flags & REDUCE_ONLY:
                self.reducers[order.instrument] -= 1
        else:
            self.ended -= 1
            self._list(order)

    def named(self, order: Order) -> None:
        """Let an order be found by the names of its present revision."""
        self._name(order, order.revision, order.client_id, order.venue_id)

    def _list(self, order: Order) -> None:
        _insert(self._live, order.instrument, order.key)
        if order.flags & REDUCE_ONLY:
            self.reducers[order.instrument] = self.reducers.get(order.instrument, 0) + 1

    def _count_unknown(self, order: Order, change: int) -> None:
        self.unknown[order.instrument] = self.unknown.get(order.instrument, 0) + change

    def _name(self, order: Order, revision: int, client_id: str, venue_id: str) -> None:
        if client_id:
            self._clients[client_id] = (order.key, revision)
        if venue_id:
            self._venues[order.instrument, venue_id] = (order.key, revision)

    def _expose(self, order: Order, lots: int) -> None:
        side, name = self._buys if order.side > 0 else self._sells, order.instrument
        side[name] = side.get(name, 0) + lots
        self.stirred[name] = None

    def open_buys(self, instrument: str) -> int:
        """Lots by which open orders may still increase a position upward."""
        return self._buys.get(instrument, 0)

    def open_sells(self, instrument: str) -> int:
        """The same downward."""
        return self._sells.get(instrument, 0)

    def find(self, instrument: str, client_id: str, venue_id: str) -> tuple[int, int] | None:
        """Return key and revision of the order that the venue speaks of, None if it is not ours."""
        found = self._clients.get(client_id) if client_id else None
        if found is None and venue_id:
            found = self._venues.get((instrument, venue_id))
        return found

    def numbered(self, epoch: int, number: int) -> Order | None:
        """Return the order that a life of the host placed under a number."""
        key = self._numbers.get((epoch, number))
        return None if key is None else self.orders.get(key)

    @property
    def has_exits(self) -> bool:
        """Whether any order in memory depends on another."""
        return bool(self._children)

    def children(self, key: int) -> list[Order]:
        """Return the orders that an order's fills activate."""
        return [self.orders[child] for child in self._children.get(key, ())]

    def live(self, instrument: str) -> list[Order]:
        """Return the orders of an instrument that have not ended, in the order they came."""
        return [self.orders[key] for key in self._live.get(instrument, ())]

    def all_live(self) -> Iterator[Order]:
        """Yield every order that has not ended, in the order they came."""
        keys = sorted(key for keys in self._live.values() for key in keys)
        return (self.orders[key] for key in keys)

    @property
    def live_count(self) -> int:
        """How many orders have not ended."""
        return len(self.orders) - self.ended


def _insert(lists: dict[K, dict[int, None]], name: K, key: int) -> None:
    """Add a key to a list, which stays in the order the orders were placed."""
    keys = lists.get(name)
    if not keys:
        lists[name] = {key: None}
        return
    late = next(reversed(keys)) > key  # one that came back
    keys[key] = None
    if late:
        lists[name] = dict.fromkeys(sorted(keys))
