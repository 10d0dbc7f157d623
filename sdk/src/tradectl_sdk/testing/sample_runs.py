"""Small finished runs, for checks on what reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.domain.records import FILL_DTYPE, ORDER_DTYPE
from tradectl_sdk.runs import RunRecord, closed_trades, extract_trades, order_list_hash
from tradectl_sdk.runs.metrics import Sample, compute_metrics

if TYPE_CHECKING:
    from tradectl_sdk.runs.values import Records

START: Final = 1_600_000_000_000_000_000
DAY: Final = 86_400_000_000_000
CASH: Final = 100_000
_SHARE: Final = Instrument(
    symbol="A", venue="STAGE", tick_size=Decimal("0.01"), lot_size=Decimal(1)
)


def traded_run() -> RunRecord:
    """A run of 400 days with ten closed trades and an open one."""
    days = np.arange(400)
    fills = np.zeros(21, FILL_DTYPE)
    number = np.arange(fills.size)
    fills["id"] = fills["order"] = number + 1
    fills["time"] = START + number * 15 * DAY
    fills["known"] = fills["time"] + DAY
    fills["side"] = np.where(number % 2, -1, 1)
    fills["quantity"] = 10
    fills["price"] = fills["reference"] = 10_000 + 37 * (number * number % 11)
    fills["fee"] = MONEY_UNITS
    fills["position"] = np.where(number % 2, 0, 10)
    return _run(
        START + (days + 1) * DAY,
        CASH + 500 * np.sin(days / 9) + days,
        np.where(days // 15 % 2, 0.0, 1_000.0),
        fills,
    )


def idle_run() -> RunRecord:
    """A run of one day in which nothing was ordered, whose exposure was not kept."""
    return _run(np.array([START + DAY]), np.array([float(CASH)]), None, np.zeros(0, FILL_DTYPE))


def _run(
    time: np.ndarray, equity: np.ndarray, exposure: np.ndarray | None, fills: Records
) -> RunRecord:
    orders = _orders(fills)
    trades = extract_trades(fills, (_SHARE,))
    sample = Sample(
        time=time, equity=equity, initial_equity=float(CASH), trades=closed_trades(trades)
    )
    data = {"instrument": _SHARE.id, "timeframe": "1d", "bars": time.size, "hash": "0" * 64}
    return RunRecord(
        identity={
            "code": {"strategy": "0" * 64},
            "parameters": {"bars": 5},
            "data": [data],
            "engine": "stage",
            "settings": {},
        },
        strategy="stage",
        engine={"mode": "compiled", "reason": ""},
        instruments=(_SHARE,),
        currency="USD",
        initial_equity=CASH * MONEY_UNITS,
        final_equity=round(float(equity[-1]) * MONEY_UNITS),
        orders=orders,
        fills=fills,
        trades=trades,
        time=time,
        equity=equity,
        exposure=exposure,
        metrics=compute_metrics(sample),
        order_list_hash=order_list_hash(orders, fills),
        created="2020-01-01T00:00:00+00:00",
    )


def _orders(fills: Records) -> Records:
    orders = np.zeros(fills.size, ORDER_DTYPE)
    orders["id"] = fills["order"]
    orders["created"], orders["closed"] = fills["time"], fills["known"]
    orders["status"] = int(OrderStatus.FILLED)
    orders["filled"] = fills["quantity"]
    orders["fees"] = fills["fee"]
    for name in ("instrument", "side", "quantity"):
        orders[name] = fills[name]
    return orders
