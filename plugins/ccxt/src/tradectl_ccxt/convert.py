"""Between ccxt's unified structures and ours: floats and milliseconds there, integers here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.domain.orders import OrderStatus, OrderType, Side
from tradectl_sdk.errors import UnreadableAnswerError
from tradectl_sdk.exchange import Balance, BarClosed, OrderReport, Print, Quote, TradeReport

from tradectl_ccxt.markets import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradectl_sdk.domain.instrument import Instrument

Row = dict[str, Any]

MILLISECOND: Final = 1_000_000
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
TYPES: Final = {"market": OrderType.MARKET, "limit": OrderType.LIMIT}
# What venues call our id of an order in what they tell of a trade; "c" is Binance's on its stream
OWN_IDS: Final = (
    "clientOrderId",
    "clOrdId",
    "orderLinkId",
    "clientOid",
    "cl_ord_id",
    "client_order_id",
    "cloid",
    "text",
    "c",
)
ENDS: Final = {
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def order_report(row: Row, of: Instrument, prefix: str) -> OrderReport:
    """Return what the venue says of an order.

    Args:
        row: ccxt's order.
        of: Its instrument.
        prefix: What the venue puts before our ids.

    Raises:
        UnreadableAnswerError: When quantity, side or status are missing.
    """
    lots, filled = _lots(row.get("amount"), of), _lots(row.get("filled"), of)
    status = _status(row, lots, filled)
    if status is None or not lots or row.get("side") not in SIDES:
        raise UnreadableAnswerError(f"an order of {of.id} has no quantity, side or known status")
    return OrderReport(
        instrument=of.id,
        client_id=str(row.get("clientOrderId") or "").removeprefix(prefix),
        venue_id=str(row.get("id") or ""),
        status=int(status),
        side=int(SIDES[row["side"]]),
        type=int(TYPES.get(str(row.get("type")), OrderType.LIMIT)),
        lots=lots,
        filled=filled,
        limit=_ticks(row.get("price"), of),
        trigger=_ticks(row.get("triggerPrice") or row.get("stopPrice"), of),
        time=_time(row, "lastUpdateTimestamp", "lastTradeTimestamp", "timestamp"),
    )


def _status(row: Row, lots: int, filled: int) -> OrderStatus | None:
    word = row.get("status")
    if word in {"open", "canceling"}:
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED
    if word == "closed":  # some venues call an order closed whose rest was cancelled
        return OrderStatus.FILLED if filled >= lots else OrderStatus.CANCELED
    return ENDS.get(str(word))


def trade_report(row: Row, of: Instrument, prefix: str) -> TradeReport:
    """Return a fill.

    Raises:
        UnreadableAnswerError: When price, quantity or side are missing.
    """
    lots, price = _lots(row.get("amount"), of), _ticks(row.get("price"), of)
    if not lots or not price or row.get("side") not in SIDES:
        raise UnreadableAnswerError(f"a trade of {of.id} has no price, quantity or side")
    fee, currency = _fee(row)
    return TradeReport(
        trade_id=str(row.get("id") or trade_id(row)),
        instrument=of.id,
        client_id=_own_id(row).removeprefix(prefix),
        venue_id=str(row.get("order") or ""),
        side=int(SIDES[row["side"]]),
        lots=lots,
        price=price,
        fee=fee,
        fee_currency="" if currency == of.quote else currency,
        maker=row.get("takerOrMaker") == "maker",
        time=_time(row, "timestamp"),
    )


def _own_id(row: Row) -> str:
    """Return our id of a trade's order, which ccxt leaves in the venue's own words."""
    info = row.get("info")
    words = info if isinstance(info, dict) else {}
    return next((str(words[name]) for name in OWN_IDS if words.get(name)), "")


def trade_id(row: Row) -> str:
    """Return an id for a trade that the venue gives none: the same whenever it is told again."""
    parts = [str(row.get(key)) for key in ("order", "timestamp", "side", "price", "amount")]
    return "h" + hashlib.blake2b("|".join(parts).encode(), digest_size=10).hexdigest()


def _fee(row: Row) -> tuple[int, str]:
    """Return what was paid and in which currency; the largest part where there are several."""
    fees = [fee for fee in (row.get("fees") or [row.get("fee")]) if fee and fee.get("cost")]
    paid: dict[str, int] = {}
    for fee in fees:
        currency = str(fee.get("currency") or "")
        paid[currency] = paid.get(currency, 0) + _units(fee["cost"])
    return max(((units, name) for name, units in paid.items()), default=(0, ""), key=_size)


def _size(fee: tuple[int, str]) -> int:
    return abs(fee[0])


def bars(rows: Sequence[Sequence[Any]], of: Instrument, length: int) -> Iterator[BarClosed]:
    """Yield candles as bars, oldest first; those without a price are left out.

    Prices lie on today's grid: an exchange that once had a finer one shows them to the nearest
    tick.
    """
    for row in sorted(rows, key=lambda row: row[0]):
        opened, *prices, volume = row[:6]
        if any(price is None for price in prices):
            continue
        first, high, low, last = (of.nearest_ticks(str(price)) for price in prices)
        yield BarClosed(
            instrument=of.id,
            length=length,
            time=int(opened) * MILLISECOND + length,
            open=first,
            high=high,
            low=low,
            close=last,
            volume=of.quantity_to_lots(str(volume or 0)),
        )


def print_(row: Row, of: Instrument) -> Print:
    """Return a trade between others."""
    return Print(
        instrument=of.id,
        time=_time(row, "timestamp"),
        price=of.nearest_ticks(str(row["price"])),
        lots=_lots(row["amount"], of),
        side=int(SIDES.get(str(row.get("side")), 0)),
        id=str(row.get("id") or ""),
    )


def quote(row: Row, of: Instrument, now: int) -> Quote | None:
    """Return the best prices, None where one side is empty."""
    if not row.get("bid") or not row.get("ask"):
        return None
    return Quote(
        instrument=of.id,
        time=_time(row, "timestamp") or now,
        bid=of.nearest_ticks(str(row["bid"])),
        bid_lots=_lots(row.get("bidVolume"), of),
        ask=of.nearest_ticks(str(row["ask"])),
        ask_lots=_lots(row.get("askVolume"), of),
    )


def balances(row: Mapping[str, Any]) -> list[Balance]:
    """Return what an account holds; currencies it holds nothing of are left out."""
    found = []
    for currency, total in sorted((row.get("total") or {}).items()):
        free = _units((row.get("free") or {}).get(currency))
        held = _units((row.get("used") or {}).get(currency))
        if total or free or held:
            found.append(Balance(currency=currency, free=free, held=held))
    return found


def _units(value: Any) -> int:
    """Return money units; some coins are held by the trillion, which 64 bits would not hold."""
    return int((number(value) or 0) * MONEY_UNITS)


def _lots(value: Any, of: Instrument) -> int:
    found = number(value)
    return 0 if found is None else of.quantity_to_lots(found)


def _ticks(value: Any, of: Instrument) -> int:
    found = number(value)
    return 0 if found is None else of.nearest_ticks(found)


def _time(row: Row, *names: str) -> int:
    for name in names:
        if row.get(name):
            return int(row[name]) * MILLISECOND
    return 0
