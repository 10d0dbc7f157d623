"""What can be asked over HTTP: each endpoint a function, a weight and a door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sandbox import account_answers, market_answers, order_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sandbox.house import House
    from tradectl_sandbox.question import Question

OPEN, KEYED, SIGNED = "open", "keyed", "signed"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Something that can be asked.

    Attributes:
        answer: Answers.
        weight: What asking costs.
        door: ``open``, ``keyed`` or ``signed``.
        places: Whether it counts as an order.
    """

    answer: Callable[[House, Question], Any]
    weight: int = 1
    door: str = OPEN
    places: bool = False


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/api/v3/ping"): Endpoint(lambda _, __: {}),
    ("GET", "/api/v3/time"): Endpoint(market_answers.server_time),
    ("GET", "/api/v3/exchangeInfo"): Endpoint(market_answers.exchange_info, 20),
    ("GET", "/api/v3/klines"): Endpoint(market_answers.klines, 2),
    ("GET", "/api/v3/depth"): Endpoint(market_answers.depth, 5),
    ("GET", "/api/v3/trades"): Endpoint(market_answers.trades, 25),
    ("GET", "/api/v3/aggTrades"): Endpoint(market_answers.agg_trades, 4),
    ("GET", "/api/v3/ticker/price"): Endpoint(market_answers.price, 2),
    ("GET", "/api/v3/ticker/bookTicker"): Endpoint(market_answers.book_ticker, 2),
    ("POST", "/api/v3/order"): Endpoint(order_answers.place, 1, SIGNED, places=True),
    ("POST", "/api/v3/order/test"): Endpoint(order_answers.try_place, 1, SIGNED),
    ("DELETE", "/api/v3/order"): Endpoint(order_answers.cancel, 1, SIGNED),
    ("GET", "/api/v3/order"): Endpoint(order_answers.query_order, 4, SIGNED),
    ("POST", "/api/v3/order/cancelReplace"): Endpoint(
        order_answers.cancel_replace, 1, SIGNED, places=True
    ),
    ("POST", "/api/v3/order/oco"): Endpoint(order_answers.place_old_list, 1, SIGNED, places=True),
    ("POST", "/api/v3/orderList/oco"): Endpoint(order_answers.place_list, 1, SIGNED, places=True),
    ("DELETE", "/api/v3/orderList"): Endpoint(order_answers.cancel_list, 1, SIGNED),
    ("GET", "/api/v3/orderList"): Endpoint(order_answers.query_list, 4, SIGNED),
    ("GET", "/api/v3/openOrderList"): Endpoint(order_answers.open_lists, 6, SIGNED),
    ("GET", "/api/v3/openOrders"): Endpoint(order_answers.open_orders, 6, SIGNED),
    ("DELETE", "/api/v3/openOrders"): Endpoint(order_answers.cancel_all, 1, SIGNED),
    ("GET", "/api/v3/allOrders"): Endpoint(order_answers.all_orders, 20, SIGNED),
    ("GET", "/api/v3/myTrades"): Endpoint(order_answers.my_trades, 20, SIGNED),
    ("GET", "/api/v3/account"): Endpoint(account_answers.account, 20, SIGNED),
    ("POST", "/api/v3/userDataStream"): Endpoint(account_answers.start_stream, 2, KEYED),
    ("PUT", "/api/v3/userDataStream"): Endpoint(account_answers.keep_stream, 2, KEYED),
    ("DELETE", "/api/v3/userDataStream"): Endpoint(account_answers.end_stream, 2, KEYED),
    ("GET", "/sapi/v1/account/apiRestrictions"): Endpoint(
        account_answers.api_restrictions, 1, SIGNED
    ),
    ("GET", "/sapi/v1/capital/config/getall"): Endpoint(account_answers.coins, 10, SIGNED),
    ("GET", "/sapi/v1/asset/tradeFee"): Endpoint(account_answers.trade_fee, 1, SIGNED),
    ("GET", "/sapi/v1/system/status"): Endpoint(lambda _, __: {"status": 0, "msg": "normal"}),
    # There are neither loans nor contracts here, and clients that load all markets are told so.
    ("GET", "/sapi/v1/margin/allPairs"): Endpoint(lambda _, __: []),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Endpoint(lambda _, __: []),
    ("GET", "/fapi/v1/exchangeInfo"): Endpoint(lambda _, __: {"symbols": []}),
    ("GET", "/dapi/v1/exchangeInfo"): Endpoint(lambda _, __: {"symbols": []}),
}

# The websocket API asks the same under other names.
METHODS = {
    "ping": ("GET", "/api/v3/ping"),
    "time": ("GET", "/api/v3/time"),
    "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
    "depth": ("GET", "/api/v3/depth"),
    "trades.recent": ("GET", "/api/v3/trades"),
    "trades.aggregate": ("GET", "/api/v3/aggTrades"),
    "klines": ("GET", "/api/v3/klines"),
    "ticker.price": ("GET", "/api/v3/ticker/price"),
    "ticker.book": ("GET", "/api/v3/ticker/bookTicker"),
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "myTrades": ("GET", "/api/v3/myTrades"),
    "account.status": ("GET", "/api/v3/account"),
    "orderList.place.oco": ("POST", "/api/v3/orderList/oco"),
    "orderList.cancel": ("DELETE", "/api/v3/orderList"),
    "orderList.status": ("GET", "/api/v3/orderList"),
    "openOrderLists.status": ("GET", "/api/v3/openOrderList"),
}
