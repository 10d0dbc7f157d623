"""Runs built by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.records import FILL_DTYPE, ORDER_DTYPE
from tradectl_sdk.runs import RunRecord, closed_trades, extract_trades, order_list_hash
from tradectl_sdk.runs.metrics import Sample, compute_metrics

START = 1_704_153_600_000_000_000  # 2024-01-02
MINUTE = 60_000_000_000

SHARE = Instrument(symbol="ACME", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
# One tick of one lot is worth a hundredth of a money unit: values need rounding.
COIN = Instrument(
    symbol="COIN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal("0.00000001")
)
FUTURE = Instrument(
    symbol="FUT",
    venue="TEST",
    tick_size=Decimal("0.25"),
    lot_size=Decimal(1),
    multiplier=Decimal(50),
)


def make_fills(*rows: tuple[int, int, int, int], fee: int = 0) -> np.ndarray:
    """Fills a bar apart from rows of instrument, side, lots and ticks."""
    fills = np.zeros(len(rows), dtype=FILL_DTYPE)
    for index, (instrument, side, lots, ticks) in enumerate(rows):
        fills[index] = (
            index + 1, START + index * MINUTE, START + (index + 1) * MINUTE, index + 1,
            instrument, side, lots, ticks, ticks, fee, 0, 1, 0, index,
        )  # fmt: skip
    return fills


def make_orders(fills: np.ndarray) -> np.ndarray:
    """A filled market order for every fill."""
    orders = np.zeros(fills.size, dtype=ORDER_DTYPE)
    orders["id"] = fills["order"]
    orders["created"] = fills["time"]
    orders["closed"] = fills["known"]
    orders["status"] = 8
    for name in ("instrument", "side", "quantity"):
        orders[name] = fills[name]
    orders["filled"] = fills["quantity"]
    orders["fees"] = fills["fee"]
    return orders


def make_run(**changes: Any) -> RunRecord:
    """A small run: two trades in one share; parameters and more can be changed."""
    instruments = (SHARE,)
    fills = make_fills((0, 1, 5, 1000), (0, -1, 5, 1100), (0, 1, 2, 1050), fee=1_000_000)
    orders = make_orders(fills)
    time = START + MINUTE * np.arange(1, 2001)
    equity = 1000.0 + np.sin(np.arange(2000) / 50)
    trades = extract_trades(fills, instruments)
    sample = Sample(time=time, equity=equity, initial_equity=1000.0, trades=closed_trades(trades))
    identity = {
        "code": {"strategy": "ab" * 32},
        "parameters": {"fast": 10, "slow": 50},
        "data": {"ACME.TEST": "cd" * 32},
        "engine": "0.1.0",
        "settings": {"fees": "0.1 %", "market_fill": "next_open"},
    }
    for part in set(identity) & set(changes):
        identity[part] = changes.pop(part)
    values: dict[str, Any] = {
        "identity": identity,
        "strategy": "SmaCross",
        "engine": {"mode": "compiled", "reason": ""},
        "instruments": instruments,
        "currency": "USD",
        "initial_equity": 1000 * 10**8,
        "final_equity": 100_012_345_678,
        "orders": orders,
        "fills": fills,
        "trades": trades,
        "time": time,
        "equity": equity,
        "metrics": compute_metrics(sample),
        "order_list_hash": order_list_hash(orders, fills),
        "environment": {"python": "3.11"},
        "warnings": ("one position is open at the end",),
        "created": "2024-03-01T12:00:00Z",
    }
    return RunRecord(**(values | changes))


@pytest.fixture
def run() -> Any:
    """Builds a small run; keyword arguments change parts of it."""
    return make_run


@pytest.fixture
def fills_of() -> Any:
    """Builds fills from rows of instrument, side, lots and ticks."""
    return make_fills


@pytest.fixture
def orders_of() -> Any:
    """Builds a filled market order for every fill."""
    return make_orders


@pytest.fixture
def share() -> Instrument:
    """An instrument whose values are whole money units."""
    return SHARE


@pytest.fixture
def coin() -> Instrument:
    """An instrument whose values need rounding."""
    return COIN


@pytest.fixture
def future() -> Instrument:
    """An instrument with a multiplier."""
    return FUTURE
