"""Runs as plain dictionaries for JSON: exact numbers as decimal strings, statistics as numbers.

Times are ISO 8601 in UTC with nanoseconds. Kinds, statuses and reasons are the lower-case names of
their enumerations.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from tradectl_sdk.runs.folders import metrics_to_json

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.runs.record import RunRecord
    from tradectl_sdk.runs.values import Integers, Records

BACKTEST_SCHEMA = "tradectl.backtest/1"

Rows = list[dict[str, Any]]


class _Decimals:
    """Writes ticks, lots and money; the same number is worked out once."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        @functools.cache
        def price(instrument: int, ticks: int) -> str:
            return plain(instruments[instrument].ticks_to_price(ticks))

        @functools.cache
        def quantity(instrument: int, lots: int) -> str:
            return plain(instruments[instrument].lots_to_quantity(lots))

        self.price = price
        self.quantity = quantity
        self.money = functools.cache(_money)
        self.names = [str(each.id) for each in instruments]


def _lower_names(kind: type[enum.IntEnum]) -> dict[int, str]:
    return {int(member): member.name.lower() for member in kind}


_SIDES, _TYPES, _TIMES_IN_FORCE, _STATUSES = map(
    _lower_names, (Side, OrderType, TimeInForce, OrderStatus)
)


def backtest_to_json(record: RunRecord) -> dict[str, Any]:
    """Write what ``tradectl backtest --json`` prints under ``data``."""
    return run_to_json(record) | {
        "orders": orders_to_json(record.orders, record.instruments),
        "fills": fills_to_json(record.fills, record.instruments),
        "trades": trades_to_json(record.trades, record.instruments),
    }


def run_to_json(record: RunRecord, *, fills: bool = False) -> dict[str, Any]:
    """Write what ``tradectl runs show --json`` prints under ``data``.

    Args:
        record: The run.
        fills: Add every fill, and what the reasons in them mean.
    """
    view: dict[str, Any] = {
        "run": record.run_id,
        "created": record.created,
        "strategy": record.strategy,
        "engine": dict(record.engine),
        "parameters": record.identity["parameters"],
        "data": record.identity["data"],
        "settings": record.identity["settings"],
        "currency": record.currency,
        "initial_equity": _money(record.initial_equity),
        "final_equity": _money(record.final_equity),
        "order_list_hash": record.order_list_hash,
        "metrics": metrics_to_json(record.metrics),
        "warnings": list(record.warnings),
        "environment": dict(record.environment),
    }
    if fills:
        view["fills"] = fills_to_json(record.fills, record.instruments)
        view["reasons"] = _legend(record.fills)
    return view


def fills_to_json(fills: Records, instruments: Sequence[Instrument]) -> Rows:
    """Write fills, one dictionary each."""
    names, write = _fill_names(), _Decimals(instruments)
    return [
        {
            "id": row["id"],
            "order": row["order"],
            "time": time,
            "known": known,
            "instrument": write.names[row["instrument"]],
            "side": _SIDES[row["side"]],
            "quantity": write.quantity(row["instrument"], row["quantity"]),
            "price": write.price(row["instrument"], row["price"]),
            "reference": write.price(row["instrument"], row["reference"]),
            "fee": write.money(row["fee"]),
            "liquidity": "maker" if row["liquidity"] else "taker",
            "reason": _name(names, row["reason"]),
            "position": write.quantity(row["instrument"], row["position"]),
        }
        for row, time, known in zip(
            _rows(fills), iso_times(fills["time"]), iso_times(fills["known"]), strict=True
        )
    ]


def orders_to_json(orders: Records, instruments: Sequence[Instrument]) -> Rows:
    """Write orders, one dictionary each; a price or time that an order lacks is null."""
    names, write = _order_names(), _Decimals(instruments)
    created, closed = iso_times(orders["created"]), iso_times(orders["closed"])
    expires = iso_times(orders["expires"])
    return [
        _order(row, write, names)
        | {
            "created": created[index],
            "closed": closed[index] if row["closed"] else None,
            "expires": expires[index] if row["expires"] else None,
        }
        for index, row in enumerate(_rows(orders))
    ]


def _order(row: Mapping[str, int], write: _Decimals, names: Mapping[int, str]) -> dict[str, Any]:
    # An order may have been denied for naming an instrument that is not there.
    known = 0 <= row["instrument"] < len(write.names)
    instrument = row["instrument"] if known else 0
    return {
        "id": row["id"],
        "instrument": write.names[instrument] if known else None,
        "side": _SIDES[row["side"]],
        "type": _TYPES[row["type"]],
        "time_in_force": _TIMES_IN_FORCE[row["time_in_force"]],
        "quantity": write.quantity(instrument, row["quantity"]),
        "filled": write.quantity(instrument, row["filled"]),
        "limit": write.price(instrument, row["limit"]) if row["limit"] else None,
        "trigger": write.price(instrument, row["trigger"]) if row["trigger"] else None,
        "status": _STATUSES[row["status"]],
        "reason": _name(names, row["reason"]) if row["reason"] else None,
        "group": row["group"] or None,
        "parent": row["parent"] or None,
        "fees": write.money(row["fees"]),
    }


def trades_to_json(trades: Records, instruments: Sequence[Instrument]) -> Rows:
    """Write trades, one dictionary each; average prices and excursions are numbers."""
    names, write = _fill_names(), _Decimals(instruments)
    entered, left = iso_times(trades["entry_time"]), iso_times(trades["exit_time"])
    return [
        {
            "id": row["id"],
            "instrument": write.names[row["instrument"]],
            "side": "long" if row["side"] > 0 else "short",
            "entry_time": entered[index],
            "exit_time": None if row["open"] else left[index],
            "quantity": write.quantity(row["instrument"], row["quantity"]),
            "entry_price": row["entry_price"],
            "exit_price": _number(row["exit_price"]),
            "gross": write.money(row["gross"]),
            "fees": write.money(row["fees"]),
            "net": write.money(row["net"]),
            "bars": None if row["open"] else row["bars"],
            "entry_reason": _name(names, row["entry_reason"]),
            "exit_reason": None if row["open"] else _name(names, row["exit_reason"]),
            "open": bool(row["open"]),
            "favourable": _number(row["favourable"]),
            "adverse": _number(row["adverse"]),
        }
        for index, row in enumerate(_rows(trades))
    ]


def iso_times(time: Integers) -> list[str]:
    """Write UTC nanoseconds as ISO 8601, such as ``2024-01-02T21:00:00.000000000Z``."""
    return [f"{text}Z" for text in np.datetime_as_string(time.astype("M8[ns]")).tolist()]


def _rows(records: Records) -> Rows:
    names = records.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in records.tolist()]


def _money(units: int) -> str:
    return plain(from_money(units))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _fill_names() -> Mapping[int, str]:
    from tradectl_sdk.engine.reasons import FillReason

    return {int(member): member.name.lower() for member in FillReason}


def _order_names() -> Mapping[int, str]:
    from tradectl_sdk.engine.reasons import REASONS

    return {code: member.name.lower() for code, member in REASONS.items()}


def _name(names: Mapping[int, str], code: int) -> str:
    return names.get(code, f"code_{code}")


def _legend(fills: Records) -> dict[str, str]:
    """Say what each reason among the fills means."""
    from tradectl_sdk.engine.reasons import FillReason

    seen = set(np.unique(fills["reason"]).tolist())
    return {member.name.lower(): member.summary for member in FillReason if member in seen}
