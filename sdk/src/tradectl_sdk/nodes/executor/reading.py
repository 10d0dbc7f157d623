"""What a journal shows to whoever looks at it: orders, fills, positions, balance, anomalies."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import from_money
from tradectl_sdk.domain.orders import OrderStatus, OrderType, TimeInForce
from tradectl_sdk.engine.reasons import REASONS
from tradectl_sdk.errors import JournalDamagedError
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.journal import read_order
from tradectl_sdk.nodes.executor.position_rows import average_entries, position_row
from tradectl_sdk.nodes.executor.recovery import all_records, broken_link, recover
from tradectl_sdk.nodes.executor.schema import guarded, open_readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.position_rows import PositionRow
    from tradectl_sdk.nodes.executor.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order as people read it.

    Attributes:
        key: The executor's number of it.
        epoch: Life of the host that placed it, 0 for none.
        number: The host's number of it.
        reason: Name of the DenyReason or CloseReason, empty for none.
        text: The venue's words.
        local: Whether it is, or was, held here for the market to meet its trigger.
        created: UTC nanoseconds.
        closed: The same; 0 while it works.
    """

    key: int
    epoch: int
    number: int
    client_id: str
    venue_id: str
    instrument: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal
    filled: Decimal
    limit: Decimal | None
    trigger: Decimal | None
    status: str
    reason: str
    text: str
    local: bool
    created: int
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """A fill as people read it.

    Attributes:
        order: Key of its order, 0 for a trade that was taken over without one.
        late: Whether the order had ended.
        inferred: Whether the venue counted it without listing it.
    """

    order: int
    trade_id: str
    instrument: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    time: int
    late: bool
    inferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """The money of the strategy.

    Attributes:
        cash: In the account's currency.
        fees: Paid in it so far.
        other_fees: Paid in third currencies, which touch neither cash nor positions.
    """

    currency: str
    cash: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal]


class JournalView:
    """A journal, read beside whoever writes it; close it after use.

    Attributes:
        state: The whole state at the moment it was read.
    """

    def __init__(self, path: Path) -> None:
        """Read a journal.

        Raises:
            NotFoundError: If there is none.
            JournalDamagedError: If it is not what was written.
        """
        self.path = path
        self._connection = open_readable(path)
        try:
            with guarded(path, "reading"):
                self._connection.execute("BEGIN")  # one moment, whatever is written meanwhile
                found = recover(self._connection)
        except BaseException:
            self._connection.close()
            raise
        if found.damage:
            self._connection.close()
            raise JournalDamagedError(f"{path} is damaged: {found.damage}")
        self.state: State = found.state

    def __enter__(self) -> JournalView:
        """Return itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(Exception):
            self._connection.close()

    def orders(self, *, working: bool = False) -> Iterator[OrderRow]:
        """Yield orders in the order they were placed; only those that have not ended if asked."""
        live = self.state.book.orders
        if not working:
            with guarded(self.path, "reading"):
                for row in self._connection.execute(
                    "SELECT key, body, mark FROM ended ORDER BY key"
                ):
                    if row[0] not in live:
                        yield self._order(read_order(self.path, *row))
        for order in live.values():
            if not working or not order.ended:
                yield self._order(order)

    def fills(self) -> Iterator[FillRow]:
        """Yield fills in the order they were booked."""
        return map(self._fill, self._booked())

    def _booked(self) -> Iterator[of.Booked]:
        with guarded(self.path, "reading"):
            rows = self._connection.execute(
                "SELECT fills.seq, mark, body FROM fills JOIN records USING (seq) ORDER BY seq"
            )
            for seq, mark, body in rows:
                record = of.decode(body)
                if not isinstance(record, of.Booked) or record.digest != mark:
                    raise JournalDamagedError(
                        f"{self.path} is damaged: record {seq} is not the fill that was written"
                    )
                yield record

    def positions(self) -> dict[str, Decimal]:
        """Return the signed quantity held of each instrument that is held."""
        ledger = self.state.ledger
        return {
            name: one.lots_to_quantity(lots)
            for name, one in ledger.instruments.items()
            if (lots := ledger.position(name))
        }

    def valued_positions(self, last: Mapping[str, int]) -> list[PositionRow]:
        """Return what is held of each instrument that is held, and what it was entered at.

        Args:
            last: Last price in ticks by instrument, which a journal does not know.
        """
        ledger, entries = self.state.ledger, average_entries(self._booked())
        return [
            position_row(one, lots, ledger.lots[name], entries.get(name), last.get(name))
            for name, one in ledger.instruments.items()
            if (lots := ledger.position(name))
        ]

    def balance(self) -> BalanceView:
        """Return cash and fees."""
        ledger = self.state.ledger
        currencies = [one.quote for one in ledger.instruments.values()]
        return BalanceView(
            currency=currencies[0] if currencies else "",
            cash=from_money(ledger.cash),
            fees=from_money(ledger.fees),
            other_fees={name: from_money(fee) for name, fee in ledger.other_fees.items()},
        )

    def notices(self) -> Iterator[of.Noticed]:
        """Yield what was noticed and should not happen."""
        with guarded(self.path, "reading"):
            for _, record in all_records(self._connection):
                if isinstance(record, of.Noticed):
                    yield record

    def check(self) -> str:
        """Check every link of the chain and the file itself; return what is wrong, if anything."""
        with guarded(self.path, "checking"):
            broken = broken_link(self._connection)
            (found,) = self._connection.execute("PRAGMA quick_check").fetchone()
        return broken or ("" if found == "ok" else str(found))

    def _order(self, order: Order) -> OrderRow:
        one = self.state.ledger.instruments.get(order.instrument)
        reason = REASONS.get(order.reason)
        return OrderRow(
            key=order.key,
            epoch=order.epoch,
            number=order.number,
            client_id=order.client_id,
            venue_id=order.venue_id,
            instrument=order.instrument,
            side="buy" if order.side > 0 else "sell",
            type=_name(OrderType, order.type),
            time_in_force=_name(TimeInForce, order.time_in_force),
            quantity=_quantity(one, order.lots or order.asked),
            filled=_quantity(one, order.filled),
            limit=_price(one, order.limit),
            trigger=_price(one, order.trigger),
            status=OrderStatus(order.shown).name.lower(),
            reason="" if reason is None else reason.name,
            text=order.text,
            local=order.local,
            created=order.created,
            closed=order.closed,
        )

    def _fill(self, record: of.Booked) -> FillRow:
        one = self.state.ledger.instruments.get(record.instrument)
        return FillRow(
            order=record.key,
            trade_id=record.trade_id,
            instrument=record.instrument,
            side="buy" if record.side > 0 else "sell",
            quantity=_quantity(one, record.lots),
            price=_price(one, record.price) or Decimal(0),
            fee=from_money(record.fee),
            fee_currency=record.fee_currency or (one.quote if one else ""),
            maker=record.maker,
            time=record.venue_time,
            late=record.late,
            inferred=record.inferred,
        )


def _name(kind: type[OrderType | TimeInForce], value: int) -> str:
    """Return the name of an enumeration's member; what a host made up stays a number."""
    return kind(value).name.lower() if value in set(kind) else str(value)


def _quantity(one: Instrument | None, lots: int) -> Decimal:
    return Decimal(lots) if one is None else one.lots_to_quantity(lots)


def _price(one: Instrument | None, ticks: int) -> Decimal | None:
    if ticks == 0:
        return None
    return Decimal(ticks) if one is None else one.ticks_to_price(ticks)
