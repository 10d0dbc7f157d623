"""How venues differ in what matters to orders: ids, types, budgets, and which answer means no.

A venue without a row gets :data:`GENERIC`, which assumes nothing: limit orders, no ids of ours,
and every failure of an order is unclear. Codes stand in ``refusals`` only where the venue documents
that the request was turned away before it could become an order.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.orders import OrderType, TimeInForce
from tradectl_sdk.exchange import ClientIds, RateBudget

if TYPE_CHECKING:
    from collections.abc import Mapping

SECOND: Final = 1_000_000_000  # nanoseconds
MINUTE: Final = 60 * SECOND
_LOWER: Final = string.ascii_lowercase + string.digits
_HEX: Final = "0123456789abcdef"

_LIMIT: Final = frozenset({OrderType.LIMIT})
_PLAIN: Final = frozenset({OrderType.LIMIT, OrderType.MARKET})
_STOPS: Final = _PLAIN | {OrderType.STOP, OrderType.STOP_LIMIT}
_GTC: Final = frozenset({TimeInForce.GTC})
_IOC: Final = _GTC | {TimeInForce.IOC}
_FOK: Final = _IOC | {TimeInForce.FOK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One venue's ways.

    Attributes:
        order_types: What can be sent with one unambiguous meaning; market orders are left out
            where the venue counts them in money instead of quantity.
        times_in_force: Those it knows.
        client_ids: Form of our ids; None when nothing is known of them.
        prefix: What stands before our id at the venue.
        id_name: What ccxt takes our id as when an order is sent.
        exact: Whether our id must have the full length.
        asks_by_id: Whether one order can be asked for by our id; else lists are searched.
        cancels_by_id: Whether an order can be cancelled by our id.
        query_params: What goes with every question for one order.
        code: Path to the code in an answer, names and indices.
        refusals: Codes documented to mean that an order was not taken; never the code of an id
            that is taken, since an order of that id can only be ours.
        repeats: Words beside such a code that say the id is taken, where it has no code of its own.
        unknown: Codes documented to mean that there is no such order.
        ended: Codes of a refused cancellation.
        clock: Codes of a time stamp outside the request window.
        rates: Budgets; None to make one from ccxt's.
        weight: Venue's weight for one unit of ccxt's cost.
        used: Header that tells the weight used in an interval.
        window_option: Option of ccxt that sets the request window in milliseconds.
        request_window: Nanoseconds after its time stamp in which a request is accepted.
        processing: Nanoseconds it may go on working on an accepted request.
        final_candles: Whether the last update of a candle is its final state.
        consecutive_trades: Whether ids of trades between others leave out none.
        authenticates: Whether ccxt can confirm the private stream before it is read.
        spot_types: What ``fetchMarkets`` is to load for spot; empty for all.
        options: Options laid over ccxt's.
        unwanted: Methods of ccxt that do what nobody asked for, and are switched off.
    """

    order_types: frozenset[OrderType] = _LIMIT
    times_in_force: frozenset[TimeInForce] = _GTC
    client_ids: ClientIds | None = None
    prefix: str = ""
    id_name: str = "clientOrderId"
    exact: bool = False
    asks_by_id: bool = False
    cancels_by_id: bool = False
    query_params: Mapping[str, Any] = field(default_factory=dict)
    code: tuple[tuple[str | int, ...], ...] = (("code",),)
    refusals: frozenset[str] = frozenset()
    repeats: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    clock: frozenset[str] = frozenset()
    rates: tuple[RateBudget, ...] | None = None
    weight: float = 10.0
    used: tuple[str, int] | None = None
    window_option: str = ""
    request_window: int = 5 * SECOND
    processing: int = 10 * SECOND
    final_candles: bool = False
    consecutive_trades: bool = False
    authenticates: bool = False
    spot_types: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    unwanted: tuple[str, ...] = ()


GENERIC: Final = Dialect()


def _ids(length: int, alphabet: str = _LOWER) -> ClientIds:
    return ClientIds(length=length, alphabet=alphabet, queryable=True)


DIALECTS: Final[Mapping[str, Dialect]] = {
    "binance": Dialect(
        order_types=_STOPS,
        times_in_force=_FOK,
        client_ids=_ids(36, _LOWER + string.ascii_uppercase),
        asks_by_id=True,
        cancels_by_id=True,
        # -1006 and -1007 are documented as "execution status unknown" and stand nowhere here
        refusals=frozenset(
            [
                "-1013",
                "-1014",
                "-1015",
                "-1022",
                "-1100",
                "-1101",
                "-1102",
                "-1103",
                "-1104",
                "-1105",
                "-1106",
                "-1111",
                "-1112",
                "-1114",
                "-1115",
                "-1116",
                "-1117",
                "-1118",
                "-1120",
                "-1121",
                "-1128",
                "-1130",
                "-2010",
                "-2014",
                "-2015",
            ]
        )
        | {"-1021"},
        repeats=("Duplicate order",),
        unknown=frozenset({"-2013"}),
        ended=frozenset({"-2011"}),
        clock=frozenset({"-1021"}),
        rates=(
            RateBudget(weight=6000, interval=MINUTE),
            RateBudget(weight=100, interval=10 * SECOND, reserved=0, orders=True),
        ),
        weight=5.0,
        used=("x-mbx-used-weight-1m", MINUTE),
        window_option="recvWindow",
        final_candles=True,
        consecutive_trades=True,
        authenticates=True,
        spot_types=("spot",),
    ),
    "okx": Dialect(
        order_types=_PLAIN,
        times_in_force=_FOK,
        client_ids=_ids(32),
        asks_by_id=True,
        cancels_by_id=True,
        code=(("data", 0, "sCode"), ("code",)),
        refusals=frozenset(
            [
                "51000",
                "51001",
                "51006",
                "51008",
                "51020",
                "51119",
                "51120",
                "51121",
                "51131",
            ]
        ),
        unknown=frozenset({"51603"}),
        ended=frozenset({"51400", "51401", "51402", "51410", "51603"}),
        clock=frozenset({"50102"}),
        rates=(RateBudget(weight=60, interval=2 * SECOND),),
        weight=1.0,
        final_candles=True,
        spot_types=("spot",),
    ),
    "bybit": Dialect(
        order_types=_LIMIT,
        times_in_force=_FOK,
        client_ids=_ids(36, _LOWER + string.ascii_uppercase + "-_"),
        cancels_by_id=True,
        query_params={"acknowledged": True},
        code=(("retCode",),),
        refusals=frozenset(
            [
                "10001",
                "170121",
                "170130",
                "170131",
                "170132",
                "170133",
                "170136",
                "170140",
            ]
        ),
        unknown=frozenset({"110001", "170213"}),
        ended=frozenset({"110001", "110008", "110010", "170142", "170213"}),
        clock=frozenset({"10002"}),
        window_option="recvWindow",
        final_candles=True,
        spot_types=("spot",),
    ),
    "kraken": Dialect(
        order_types=_STOPS,
        times_in_force=_IOC,
        client_ids=_ids(18),
        cancels_by_id=True,
        code=(("error", 0),),
        refusals=frozenset(
            {
                "EOrder:Insufficient funds",
                "EOrder:Order minimum not met",
                "EOrder:Cost minimum not met",
                "EOrder:Tick size check failed",
                "EGeneral:Invalid arguments",
                "EQuery:Unknown asset pair",
            }
        ),
        unknown=frozenset({"EOrder:Unknown order"}),
        ended=frozenset({"EOrder:Unknown order"}),
    ),
    "coinbase": Dialect(
        order_types=_LIMIT,
        times_in_force=_FOK,
        client_ids=_ids(36),
        id_name="client_order_id",
        code=(("error_response", "error"), ("results", 0, "failure_reason"), ("error",)),
        refusals=frozenset(
            {
                "INSUFFICIENT_FUND",
                "INVALID_LIMIT_PRICE",
                "INVALID_LIMIT_PRICE_POST_ONLY",
                "INVALID_PRICE_PRECISION",
                "INVALID_SIZE_PRECISION",
                "ORDER_ENTRY_DISABLED",
                "UNSUPPORTED_ORDER_CONFIGURATION",
            }
        ),
        unknown=frozenset({"NOT_FOUND"}),
        ended=frozenset({"UNKNOWN_CANCEL_ORDER", "DUPLICATE_CANCEL_REQUEST"}),
    ),
    "kucoin": Dialect(
        order_types=_PLAIN,
        times_in_force=_FOK,
        client_ids=_ids(40, _LOWER + string.ascii_uppercase + "-_"),
        asks_by_id=True,
        cancels_by_id=True,
        refusals=frozenset(["200004", "300000", "400100", "400600", "900001"]),
        unknown=frozenset({"100001"}),
        ended=frozenset({"100001"}),
        clock=frozenset({"400002"}),
        spot_types=("spot",),
    ),
    "bitget": Dialect(
        order_types=_LIMIT,
        times_in_force=_FOK,
        client_ids=_ids(40, _LOWER + string.ascii_uppercase + "-_"),
        asks_by_id=True,
        cancels_by_id=True,
        refusals=frozenset(["43012", "43011", "45110", "40762", "40808"]),
        unknown=frozenset({"40109", "43001", "43025"}),
        ended=frozenset({"43001", "43004", "43025", "40768"}),
        clock=frozenset({"40008"}),
        spot_types=("spot",),
    ),
    "gate": Dialect(
        order_types=_LIMIT,
        times_in_force=_FOK,
        client_ids=_ids(28),
        prefix="t-",
        cancels_by_id=True,
        code=(("label",),),
        refusals=frozenset(
            {
                "BALANCE_NOT_ENOUGH",
                "INVALID_PARAM_VALUE",
                "INVALID_PRECISION",
                "INVALID_CURRENCY_PAIR",
            }
        ),
        unknown=frozenset({"ORDER_NOT_FOUND"}),
        ended=frozenset({"ORDER_NOT_FOUND", "ORDER_CLOSED", "ORDER_CANCELLED"}),
        clock=frozenset({"REQUEST_EXPIRED"}),
        spot_types=("spot",),
    ),
    "hyperliquid": Dialect(
        order_types=_LIMIT,
        times_in_force=_IOC,
        client_ids=_ids(32, _HEX),
        prefix="0x",
        exact=True,
        asks_by_id=True,
        cancels_by_id=True,
        code=(("status",),),
        unknown=frozenset({"unknownOid"}),
        spot_types=("spot",),
        unwanted=("initialize_client",),  # approves a fee for ccxt and names it as referrer
    ),
}


def dialect_of(name: str) -> Dialect:
    """Return the ways of a venue; entities of one venue in other countries share its ways."""
    for known, dialect in DIALECTS.items():
        if name in _SAME.get(known, (known,)):
            return dialect
    return GENERIC


_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "binance": ("binance",),
    "okx": ("okx", "myokx", "okxus"),
    "bybit": ("bybit", "bybiteu", "bybitid"),
    "gate": ("gate", "gateeu"),
}
