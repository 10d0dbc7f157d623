"""The executor's state: what its records say, and nothing else.

:meth:`State.apply` is the only thing that changes it, live and when a journal is read. Given the
same records it reaches the same state; a property test compares the two after every record.
"""

from __future__ import annotations

import hashlib
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from tradectl_sdk.bus.messages.events import Filled, OrderChanged
from tradectl_sdk.exchange.values import TradeReport
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.book import OrderBook
from tradectl_sdk.nodes.executor.events import filled, order_changed
from tradectl_sdk.nodes.executor.ledger import Ledger, instrument_of
from tradectl_sdk.nodes.executor.order import ENDED, HELD, NEW, SUBMITTED, Order
from tradectl_sdk.nodes.executor.transitions import ON_ORDER, book, move, order_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.nodes.executor.events import HostEvent

ACTIVE, REDUCING, HALTED = "active", "reducing", "halted"
MOST_RECENT = 256

RuleValue = int | float | bool | str


class Snapshot(msgspec.Struct, array_like=True):
    """A whole state as it is kept in a checkpoint; fields are appended only."""

    account: str = ""
    strategy: str = ""
    epoch: int = 0
    margin: bool = False
    terms: tuple[of.Terms, ...] = ()
    host_epoch: int = 0
    heard: int = 0
    last_number: int = 0
    next_key: int = 1
    orders: list[Order] = []
    money: tuple[int, int, dict[str, int], dict[str, int], dict[str, int], dict[str, int]] = (
        0,
        0,
        {},
        {},
        {},
        {},
    )
    trades: list[tuple[str, str, int, int]] = []
    trades_floor: int = 0
    orphans: list[TradeReport] = []
    switch: str = ACTIVE
    switch_text: str = ""
    flatten: bool = False
    proven: bool = False
    compared: int = 0
    since: int = 0
    rules: dict[str, dict[str, RuleValue]] = {}
    recent: list[OrderChanged | Filled] = []


class State:
    """What an executor knows for certain.

    Attributes:
        epoch: Its life, counted from 1.
        host_epoch: The life of the host that may give intents.
        heard: Number of the last message of that life that was dealt with.
        last_number: The highest number of an order it placed.
        book: All orders in memory.
        ledger: Cash, positions and fees.
        trades: (instrument, trade id) -> digest of its content and the venue's time.
        trades_floor: No trade id that has left memory is newer than this, by the venue's time.
        orphans: Trades whose order is not known, or not ours.
        switch: ``active``, ``reducing`` or ``halted``.
        flatten: Whether positions are to be closed once nothing works any more.
        proven: Whether the venue has shown that nothing of ours works, since the last halt.
        compared: The venue's time of the latest comparison that was complete; 0 before the first.
        since: The venue's time before which nothing concerns us.
        rules: What rules remember: rule -> name -> value.
        recent: Fills and endings of the present host's orders.
    """

    def __init__(self) -> None:
        self.account = ""
        self.strategy = ""
        self.epoch = 0
        self.margin = False
        self.terms: tuple[of.Terms, ...] = ()
        self.host_epoch = 0
        self.heard = 0
        self.last_number = 0
        self.book = OrderBook()
        self.ledger = Ledger()
        self.trades: dict[tuple[str, str], tuple[int, int]] = {}
        self.trades_floor = 0
        self.orphans: dict[tuple[str, str], TradeReport] = {}
        self.switch = ACTIVE
        self.switch_text = ""
        self.flatten = False
        self.proven = False
        self.compared = 0
        self.since = 0
        self.rules: dict[str, dict[str, RuleValue]] = {}
        self.recent: deque[HostEvent] = deque(maxlen=MOST_RECENT)

    def apply(self, record: of.Record) -> HostEvent | None:
        """Let a record happen, and return what its host would be told of it.

        Raises:
            RuntimeError: If the record does not fit the state, which no journal of ours can hold.
        """
        kind = type(record)
        on_order = ON_ORDER.get(kind)
        if on_order is None:
            return self._ON_STATE[kind](self, record)
        key: int = record.key  # type: ignore[union-attr]
        order = self.book.orders.get(key)
        if order is None:
            raise RuntimeError(f"a record of order {key}, which is not in memory")
        before, lots, status = order.shown, order.lots, order.status
        on_order(order, record)
        self.book.changed(order, status)
        if kind in _NAMING:
            self.book.named(order)
        shown = order.shown
        if shown == before and order.lots == lots:
            return None  # nothing of what its host has to know
        return self._tell(order, shown, record.time)

    def _tell(self, order: Order, shown: int, time: int) -> HostEvent | None:
        """Say where an order stands and how large it is, if its host has to know that."""
        if shown in _UNTOLD or order.number == 0:
            return None
        event = order_changed(order, time, shown)
        if ENDED[order.status]:
            self._remember(event)
        return event

    def _remember(self, event: HostEvent) -> None:
        if event.epoch == self.host_epoch and event.number:
            self.recent.append(event)

    # Checkpoints ---------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return the state as a value that can be kept; it shares nothing that changes."""
        kept: Snapshot = _DECODER.decode(self.encoded())
        return kept

    def _described(self) -> Snapshot:
        return Snapshot(
            account=self.account,
            strategy=self.strategy,
            epoch=self.epoch,
            margin=self.margin,
            terms=self.terms,
            host_epoch=self.host_epoch,
            heard=self.heard,
            last_number=self.last_number,
            next_key=self.book.next_key,
            orders=list(self.book.orders.values()),
            money=self.ledger.kept(),
            trades=[(*name, *value) for name, value in self.trades.items()],
            trades_floor=self.trades_floor,
            orphans=list(self.orphans.values()),
            switch=self.switch,
            switch_text=self.switch_text,
            flatten=self.flatten,
            proven=self.proven,
            compared=self.compared,
            since=self.since,
            rules=self.rules,
            recent=list(self.recent),
        )

    def encoded(self) -> bytes:
        """Return the snapshot's bytes; equal states have equal bytes."""
        return _ENCODER.encode(self._described())

    @classmethod
    def restored(cls, body: bytes) -> State:
        """Return the state that a snapshot's bytes describe.

        Raises:
            msgspec.DecodeError: If they are no snapshot.
        """
        kept: Snapshot = _DECODER.decode(body)
        state = cls()
        for name in _PLAIN:
            setattr(state, name, getattr(kept, name))
        state._describe(kept.terms)
        for order in kept.orders:
            state.book.add(order)
        state.book.next_key = kept.next_key
        money = state.ledger
        money.cash, money.fees, lots, base_fees, money.other_fees, money.baseline = kept.money
        money.lots.update(lots)
        money.base_fees.update(base_fees)
        state.trades = {(name, trade): (digest, at) for name, trade, digest, at in kept.trades}
        state.orphans = {(one.instrument, one.trade_id): one for one in kept.orphans}
        state.recent.extend(kept.recent)
        return state

    def _describe(self, terms: tuple[of.Terms, ...]) -> None:
        self.terms = terms
        self.ledger.describe(instrument_of(one) for one in terms)

    # Records that concern no single order ----------------------------------------------------

    def _started(self, record: of.Started) -> None:
        self.epoch, self.account = record.epoch, record.account
        self.strategy, self.margin = record.strategy, record.margin
        self._describe(record.instruments)

    def _host_met(self, record: of.HostMet) -> None:
        self.host_epoch = record.epoch
        self.heard = self.last_number = 0
        self.recent.clear()

    def _intents_read(self, record: of.IntentsRead) -> None:
        self.heard = record.number

    def _placed(self, record: of.Placed) -> HostEvent | None:
        order = order_of(record)
        if record.event >= 0:
            move(order, of.Moved(record.time, record.key, record.event, record.reason))
        self.book.add(order)
        if record.epoch == self.host_epoch:
            self.last_number = max(self.last_number, record.number)
        if record.read:
            self.heard = record.read
        if record.noted:
            self._remember_rules(record.noted)
        return self._tell(order, order.shown, record.time)

    def _booked(self, record: of.Booked) -> HostEvent | None:
        order = self.book.orders.get(record.key)
        name = (record.instrument, record.trade_id)
        self.trades[name] = (record.digest, record.venue_time)
        self.orphans.pop(name, None)
        self.ledger.book(
            record.instrument, record.side, record.lots, record.price, record.fee,
            record.fee_currency,
        )  # fmt: skip
        if record.replaced:
            self.ledger.book(
                record.instrument, record.side, -record.replaced, record.replaced_price, 0, ""
            )
        if order is not None:
            status = order.status
            book(order, record)
            self.book.changed(order, status)
        event = filled(record, order, self.ledger)
        self._remember(event)
        return event

    def _switched(self, record: of.Switched) -> None:
        self.switch, self.switch_text = record.state, record.text
        self.flatten = record.flatten
        self.proven = False

    def _proven(self, _record: of.Proven) -> None:
        self.proven = True

    def _orphaned(self, record: of.Orphaned) -> None:
        self.orphans[record.trade.instrument, record.trade.trade_id] = record.trade

    def _funded(self, record: of.Funded) -> None:
        self.ledger.baseline[record.currency] = record.units
        if record.cash is not None:
            self.ledger.cash = record.cash

    def _shifted(self, record: of.Shifted) -> None:
        self.ledger.lots[record.instrument] += record.lots

    def _compared(self, record: of.Compared) -> None:
        self.compared = record.venue_time
        self.since = self.since or record.venue_time

    def _rules_noted(self, record: of.RulesNoted) -> None:
        self._remember_rules(record.values)

    def _remember_rules(self, noted: dict[str, dict[str, RuleValue]]) -> None:
        for rule, values in noted.items():
            self.rules.setdefault(rule, {}).update(values)

    def _forgot(self, record: of.Forgot) -> None:
        for order in record.orders:
            self.book.drop(self.book.orders[order.key])
        for name in list(islice(self.trades, record.trades)):
            self.trades_floor = max(self.trades_floor, self.trades.pop(name)[1])

    def _recalled(self, record: of.Recalled) -> None:
        self.book.add(msgspec.structs.replace(record.order))

    def _unmoved(self, _record: of.Record) -> None:
        """Change nothing: the record is for people, or for the journal itself."""

    _ON_STATE: ClassVar[dict[type, Callable[[Any, Any], HostEvent | None]]] = {
        of.Started: _started,
        of.HostMet: _host_met,
        of.IntentsRead: _intents_read,
        of.Placed: _placed,
        of.Booked: _booked,
        of.Switched: _switched,
        of.Proven: _proven,
        of.Failed: _unmoved,
        of.Noticed: _unmoved,
        of.Orphaned: _orphaned,
        of.Funded: _funded,
        of.Shifted: _shifted,
        of.Compared: _compared,
        of.RulesNoted: _rules_noted,
        of.Forgot: _forgot,
        of.Recalled: _recalled,
        of.Checkpointed: _unmoved,
        of.Repaired: _unmoved,
    }


def digest(body: bytes) -> bytes:
    """Return the digest by which a checkpoint is tied to the records."""
    return hashlib.blake2b(body, digest_size=16).digest()


_NAMING = {of.Sent, of.Seen}  # records that give an order a name
_UNTOLD = {NEW, HELD, SUBMITTED}  # what a host knows by itself
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)
_PLAIN = (
    *("account", "strategy", "epoch", "margin", "host_epoch", "heard", "last_number"),
    *("trades_floor", "switch", "switch_text", "flatten", "proven", "compared", "since", "rules"),
)
