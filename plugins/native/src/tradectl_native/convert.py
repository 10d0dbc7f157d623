"""Between the structures of C and our values: texts and masks; numbers are the same."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderStatus, OrderType, TimeInForce
from tradectl_sdk.errors import TradectlError, UnreadableAnswerError
from tradectl_sdk.exchange import (
    BarClosed,
    Card,
    ClientIds,
    OrderReport,
    Print,
    Quote,
    RateBudget,
    TradeReport,
)

from tradectl_native.layouts import TvTicket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.exchange import Ticket

    from tradectl_native.layouts import (
        TvBar,
        TvCard,
        TvInstrument,
        TvOrder,
        TvPrint,
        TvQuote,
        TvTrade,
    )

KINDS: Final = ("bars", "trades", "quotes")  # in the order of the header
SIMULATED, MARGIN, REDUCE_ONLY = 1, 2, 4
STATUSES: Final = frozenset(range(OrderStatus.ACCEPTED, OrderStatus.REJECTED + 1))


def text(raw: bytes) -> str:
    """Return a text of C.

    Raises:
        UnreadableAnswerError: If it is no UTF-8.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise UnreadableAnswerError("the library gave a text that is no UTF-8") from error


def raw(value: str, room: int) -> bytes:
    """Return a text for C.

    Raises:
        UnreadableAnswerError: If it does not fit: cut off, it would mean something else.
    """
    encoded = value.encode()
    if len(encoded) >= room or b"\0" in encoded:
        raise UnreadableAnswerError(f"{value[:20]!r} does not fit into {room - 1} bytes")
    return encoded


def card(found: TvCard) -> Card:
    """Return what a venue can do.

    Raises:
        UnreadableAnswerError: If a number makes no sense.
    """
    if found.rate_weight <= 0 or found.rate_interval <= 0:
        raise UnreadableAnswerError("the library named no rate budget")
    identity = None
    if found.id_length:
        identity = ClientIds(length=found.id_length, alphabet=text(found.id_alphabet))
    return Card(
        order_types=frozenset(OrderType(bit) for bit in _bits(found.order_types)),
        times_in_force=frozenset(TimeInForce(bit) for bit in _bits(found.times_in_force)),
        reduce_only=bool(found.flags & REDUCE_ONLY),
        client_ids=identity,
        market_data=frozenset(KINDS[bit] for bit in _bits(found.market_data)),
        request_window=found.request_window,
        processing_timeout=found.processing,
        rates=(RateBudget(weight=found.rate_weight, interval=found.rate_interval),),
        simulated=bool(found.flags & SIMULATED),
        margin=bool(found.flags & MARGIN),
    )


def _bits(mask: int) -> Iterator[int]:
    return (bit for bit in range(mask.bit_length()) if mask >> bit & 1)


def instrument(row: TvInstrument, venue: str) -> Instrument:
    """Return what can be traded.

    Raises:
        UnreadableAnswerError: If a step is no number above zero.
    """
    try:
        return Instrument(
            symbol=text(row.symbol),
            venue=venue,
            base=text(row.base),
            quote=text(row.quote),
            tick_size=_number(row.tick_size, "0"),
            lot_size=_number(row.lot_size, "0"),
            multiplier=_number(row.multiplier, "1"),
            maker_fee=_number(row.maker_fee, "0"),
            taker_fee=_number(row.taker_fee, "0"),
            min_notional=_number(row.min_notional, "0"),
        )
    except (TradectlError, InvalidOperation) as error:
        raise UnreadableAnswerError(
            f"the library gave an instrument that is none: {error}"
        ) from None


def _number(raw_text: bytes, empty: str) -> Decimal:
    return Decimal(text(raw_text) or empty)


def ticket(order: Ticket, symbol: str) -> TvTicket:
    """Return an order for C.

    Raises:
        UnreadableAnswerError: If a text does not fit.
    """
    return TvTicket(
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        flags=order.flags & 7,
        lots=order.lots,
        limit=order.limit,
        trigger=order.trigger,
        trail=order.trail,
        expires=order.expires,
        symbol=raw(symbol, 48),
        client_id=raw(order.client_id, 64),
    )


def order_report(row: TvOrder, of: Instrument) -> OrderReport:
    """Return what the venue says of an order.

    Raises:
        UnreadableAnswerError: If status, side or quantity make no sense.
    """
    if row.status not in STATUSES or row.side not in {1, -1} or not 0 <= row.filled <= row.lots:
        raise UnreadableAnswerError(
            f"the library gave an order with status {row.status}, side {row.side}, "
            f"{row.filled} of {row.lots} lots"
        )
    return OrderReport(
        instrument=of.id,
        client_id=text(row.client_id),
        venue_id=text(row.venue_id),
        status=row.status,
        side=row.side,
        type=row.type,
        lots=row.lots,
        filled=row.filled,
        limit=row.limit,
        trigger=row.trigger,
        text=text(row.text),
        time=row.time,
    )


def trade_report(row: TvTrade, of: Instrument) -> TradeReport:
    """Return a fill.

    Raises:
        UnreadableAnswerError: If it has no id, side, price or quantity.
    """
    identity = text(row.trade_id)
    if not identity or row.side not in {1, -1} or row.lots <= 0:
        raise UnreadableAnswerError("the library gave a trade without id, side or quantity")
    return TradeReport(
        trade_id=identity,
        instrument=of.id,
        client_id=text(row.client_id),
        venue_id=text(row.venue_id),
        side=row.side,
        lots=row.lots,
        price=row.price,
        fee=row.fee,
        fee_currency=text(row.fee_currency),
        maker=bool(row.maker),
        time=row.time,
    )


def bar(row: TvBar, of: Instrument) -> BarClosed:
    """Return a bar."""
    return BarClosed(
        instrument=of.id,
        length=row.length,
        time=row.time,
        open=row.open,
        high=row.high,
        low=row.low,
        close=row.close,
        volume=row.volume,
    )


def print_(row: TvPrint, of: Instrument) -> Print:
    """Return a trade between others."""
    return Print(
        instrument=of.id,
        time=row.time,
        price=row.price,
        lots=row.lots,
        side=row.side,
        id=text(row.id),
    )


def quote(row: TvQuote, of: Instrument) -> Quote:
    """Return the best prices."""
    return Quote(
        instrument=of.id,
        time=row.time,
        bid=row.bid,
        bid_lots=row.bid_lots,
        ask=row.ask,
        ask_lots=row.ask_lots,
    )


def lines(options: dict[str, str]) -> str:
    """Return options as the library reads them."""
    return "".join(f"{name}={value}\n" for name, value in options.items())
