"""Orders, trades and holdings of an account."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import (
    ExchangeRefusedError,
    TradectlError,
    UnreadableAnswerError,
)
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    KeyPermissions,
    OrderRef,
    OrderReport,
    Position,
    Refused,
    Ticket,
    TradeReport,
    Unclear,
)

from tradectl_ccxt import convert
from tradectl_ccxt.calls import CALL, Call
from tradectl_ccxt.convert import MILLISECOND, Row
from tradectl_ccxt.failures import is_among, order_outcome
from tradectl_ccxt.tickets import order_arguments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import Balance

    from tradectl_ccxt.adapter import CcxtExchange

DAY: Final = 86_400_000_000_000  # nanoseconds
ROWS: Final = 500  # orders and trades to ask for at once
PAGES: Final = 200  # pages of trades that are read before giving up


async def submit(exchange: CcxtExchange, ticket: Ticket) -> Accepted | Refused | Unclear:
    """Send one order, once."""
    try:
        of = exchange.known(ticket.instrument)
    except ExchangeRefusedError as error:
        return Refused(code=error.venue_code, text=error.message)
    client, dialect = exchange.private, exchange.dialect
    asked = order_arguments(client, ticket, of, dialect, exchange.card)
    if isinstance(asked, Refused):
        return asked
    call = Call(orders=1, patience=dialect.request_window // 2)
    return await _send(
        exchange,
        of,
        call,
        dialect.refusals,
        lambda: client.create_order(
            asked.symbol, asked.type, asked.side, asked.amount, asked.price, asked.params
        ),
    )


async def cancel(exchange: CcxtExchange, ref: OrderRef) -> Accepted | Refused | Unclear:
    """Ask for an order's end."""
    try:
        of = exchange.known(ref.instrument)
    except ExchangeRefusedError as error:
        return Refused(code=error.venue_code, text=error.message)
    dialect = exchange.dialect
    if not ref.venue_id and not dialect.cancels_by_id:
        try:
            found = await query(exchange, ref)
        except TradectlError as error:
            return Unclear(text=error.message, sent=False)
        if isinstance(found, Absent):
            return Refused(code="unknown_order", text="the venue knows no such order")
        ref = OrderRef(instrument=ref.instrument, client_id=ref.client_id, venue_id=found.venue_id)
    outcome = await _cancel(exchange, of, ref)
    if isinstance(outcome, Refused) and outcome.code in dialect.clock:
        # Not taken for certain, and a cancellation may be repeated: sign by the clock as it is now
        with contextlib.suppress(TradectlError):
            await exchange.venue_time()
        outcome = await _cancel(exchange, of, ref)
    return outcome


async def _cancel(
    exchange: CcxtExchange, of: Instrument, ref: OrderRef
) -> Accepted | Refused | Unclear:
    dialect = exchange.dialect
    return await _send(
        exchange,
        of,
        Call(reserved=True, patience=dialect.request_window),
        dialect.ended | dialect.unknown | dialect.clock,
        lambda: exchange.private.cancel_order(
            ref.venue_id or _own_id(exchange, ref), of.symbol, _by_id(exchange, ref)
        ),
    )


async def query(exchange: CcxtExchange, ref: OrderRef) -> OrderReport | Absent:
    """Ask for one order.

    Raises:
        ExchangeError: When there is no answer.
    """
    of, dialect = exchange.known(ref.instrument), exchange.dialect
    if not ref.venue_id and not dialect.asks_by_id:
        return await _search(exchange, of, ref)

    async def ask() -> Row | None:
        import ccxt

        params = _by_id(exchange, ref) | dict(dialect.query_params)
        call = CALL.get() or Call()
        try:
            row: Row = await exchange.private.fetch_order(
                ref.venue_id or _own_id(exchange, ref), of.symbol, params
            )
        except ccxt.OrderNotFound:
            if call.status:  # an answer, not a failure
                return None
            raise
        return row

    try:
        row = await exchange.ask(ask, reserved=True)
    except ExchangeRefusedError as error:
        if is_among(error.venue_code, dialect.unknown):
            return Absent()
        raise
    return Absent() if row is None else convert.order_report(row, of, dialect.prefix)


async def open_orders(exchange: CcxtExchange) -> Sequence[OrderReport]:
    """List all working orders of instruments that we know.

    Raises:
        ExchangeError: When there is no answer.
    """
    client = exchange.private
    if exchange.name.startswith("binance"):  # it warns, by raising, that this one is expensive
        client.options["warnOnFetchOpenOrdersWithoutSymbol"] = False
    rows = await exchange.ask(client.fetch_open_orders, reserved=True)
    return [
        convert.order_report(row, exchange.symbols[row["symbol"]], exchange.dialect.prefix)
        for row in rows
        if row.get("symbol") in exchange.symbols
    ]


async def closed_orders(
    exchange: CcxtExchange, of: Instrument, since: int
) -> Sequence[OrderReport]:
    """List orders that have ended since a time; asked from a day earlier, by when they were placed.

    Raises:
        ExchangeError: When there is no answer, or the venue has no such list.
    """
    client = exchange.private
    start = max(0, since - DAY) // MILLISECOND
    rows: list[Row] = []
    for has, method in (
        ("fetchOrders", "fetch_orders"),
        ("fetchClosedOrders", "fetch_closed_orders"),
        ("fetchCanceledOrders", "fetch_canceled_orders"),
    ):
        if client.has.get(has) is True or (client.has.get(has) and not rows):
            ask = getattr(client, method)
            rows += await exchange.ask(lambda ask=ask: ask(of.symbol, start, ROWS), reserved=True)  # type: ignore[misc]
            if has == "fetchOrders":
                break
    found = {str(row.get("id")): row for row in rows if row.get("status") != "open"}
    reports = [convert.order_report(row, of, exchange.dialect.prefix) for row in found.values()]
    ended = [report for report in reports if not report.time or report.time >= since]
    return sorted(ended, key=lambda report: report.time)


async def trades(exchange: CcxtExchange, of: Instrument, since: int) -> Sequence[TradeReport]:
    """List own trades since a time, oldest first, page by page.

    Raises:
        ExchangeError: When there is no answer, or there are too many to be read.
    """
    start, found = since // MILLISECOND, dict[str, TradeReport]()
    for _ in range(PAGES):
        rows = await exchange.ask(
            lambda start=start: exchange.private.fetch_my_trades(of.symbol, start, ROWS),  # type: ignore[misc]
            reserved=True,
        )
        before = len(found)
        for row in rows:
            report = convert.trade_report(row, of, exchange.dialect.prefix)
            found[report.trade_id] = report
        if len(rows) < ROWS:
            break
        if len(found) == before:
            raise UnreadableAnswerError(f"{exchange.name} gave the same page of trades again")
        start = max(int(row["timestamp"]) for row in rows)
    else:
        raise UnreadableAnswerError(f"{exchange.name} has more trades than can be paged")
    told = [report for report in found.values() if report.time >= since]
    return sorted(told, key=lambda report: (report.time, report.trade_id))


async def balances(exchange: CcxtExchange) -> Sequence[Balance]:
    """List what the account holds."""
    return convert.balances(await exchange.ask(exchange.private.fetch_balance, reserved=True))


async def positions(exchange: CcxtExchange) -> Sequence[Position]:
    """List contracts held; a spot account has none."""
    if exchange.settings.market == "spot" or not exchange.private.has.get("fetchPositions"):
        return ()
    rows = await exchange.ask(exchange.private.fetch_positions, reserved=True)
    found = []
    for row in rows:
        of = exchange.symbols.get(str(row.get("symbol")))
        lots = of.quantity_to_lots(str(row.get("contracts") or 0)) if of else 0
        if of and lots:
            price = of.nearest_ticks(str(row.get("entryPrice") or 0))
            signed = lots if row.get("side") == "long" else -lots
            found.append(Position(instrument=of.id, lots=signed, average_price=price))
    return found


async def permissions(exchange: CcxtExchange) -> KeyPermissions:
    """Say what the key may do, at the venues that tell."""
    rights = RIGHTS.get(exchange.name)
    return KeyPermissions() if rights is None else await rights(exchange)


async def _binance_rights(exchange: CcxtExchange) -> KeyPermissions:
    found: Row = await exchange.ask(exchange.private.sapi_get_account_apirestrictions)
    return KeyPermissions(
        trade=_truth(found.get("enableSpotAndMarginTrading")),
        withdraw=_truth(found.get("enableWithdrawals")),
        restricted_by_address=_truth(found.get("ipRestrict")),
    )


async def _okx_rights(exchange: CcxtExchange) -> KeyPermissions:
    found: Row = await exchange.ask(exchange.private.private_get_account_config)
    (account, *_) = found.get("data") or [{}]
    words = str(account.get("perm", "")).split(",")
    return KeyPermissions(
        trade="trade" in words,
        withdraw="withdraw" in words,
        restricted_by_address=bool(account.get("ip")),
    )


async def _bybit_rights(exchange: CcxtExchange) -> KeyPermissions:
    found: Row = await exchange.ask(exchange.private.private_get_v5_user_query_api)
    key: Row = found.get("result") or {}
    rights: Row = key.get("permissions") or {}
    addresses = key.get("ips") or ["*"]
    return KeyPermissions(
        trade=bool(rights.get("Spot")) and str(key.get("readOnly")) == "0",
        withdraw="Withdraw" in (rights.get("Wallet") or ()),
        restricted_by_address="*" not in addresses,
    )


# Venues that tell what a key may do -> how they are asked
RIGHTS: Final[dict[str, Callable[[CcxtExchange], Awaitable[KeyPermissions]]]] = {
    "binance": _binance_rights,
    "okx": _okx_rights,
    "bybit": _bybit_rights,
}


def _truth(value: Any) -> bool | None:
    return None if value is None else str(value).lower() == "true"


async def _send(
    exchange: CcxtExchange,
    of: Instrument,
    call: Call,
    definite: frozenset[str],
    request: Callable[[], Awaitable[Row]],
) -> Accepted | Refused | Unclear:
    """Send what may change an order, once, and say what is known afterwards."""
    if exchange.closed.is_set():
        return Unclear(text=f"the connection to {exchange.name} has been closed", sent=False)
    token = CALL.set(call)
    try:
        row = await request()
    except TradectlError as error:  # the budget has no room
        return Unclear(text=error.message, sent=call.sent)
    except Exception as error:  # noqa: BLE001 - whatever it is, an order may have been taken
        dialect = exchange.dialect
        return order_outcome(error, call, dialect, exchange.redact, definite=definite)
    finally:
        CALL.reset(token)
    try:
        return Accepted(report=convert.order_report(row, of, exchange.dialect.prefix))
    except TradectlError:
        if call.orders and not row.get("id"):
            return Unclear(text=f"{exchange.name} answered without naming an order")
        return Accepted()  # the venue took it and says no more; a question tells the rest


async def _search(exchange: CcxtExchange, of: Instrument, ref: OrderRef) -> OrderReport | Absent:
    """Find an order by our id where the venue cannot: in the lists of working and ended orders."""
    for report in await open_orders(exchange):
        if report.client_id == ref.client_id:
            return report
    for report in await closed_orders(exchange, of, exchange.now() - DAY):
        if report.client_id == ref.client_id:
            return report
    return Absent()


def _own_id(exchange: CcxtExchange, ref: OrderRef) -> str | None:
    """Return what stands where the venue's id should, when only ours is known."""
    return exchange.dialect.prefix + ref.client_id if exchange.dialect.prefix == "t-" else None


def _by_id(exchange: CcxtExchange, ref: OrderRef) -> dict[str, Any]:
    """Return the parameters that name an order by our id; none when the venue's is known."""
    if ref.venue_id or exchange.dialect.client_ids is None:
        return {}
    name = "orderLinkId" if exchange.name.startswith("bybit") else "clientOrderId"
    return {name: exchange.dialect.prefix + ref.client_id}
