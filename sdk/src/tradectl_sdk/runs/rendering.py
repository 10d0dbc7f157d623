"""Runs as plain dictionaries for JSON: exact numbers as decimal strings, statistics as numbers.

Times are ISO 8601 in UTC with nanoseconds. Kinds, statuses and reasons are the lower-case names of
their enumerations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from tradectl_sdk.runs.folders import metrics_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.runs.record import RunRecord
    from tradectl_sdk.runs.values import Integers, Records

BACKTEST_SCHEMA = "tradectl.backtest/1"
RUN_VIEW_SCHEMA = "tradectl.run-view/1"

Rows = list[dict[str, Any]]


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
    names = _fill_names()
    return [
        {
            "id": row["id"],
            "order": row["order"],
            "time": time,
            "known": known,
            "instrument": str(instruments[row["instrument"]].id),
            "side": Side(row["side"]).name.lower(),
            "quantity": plain(instruments[row["instrument"]].lots_to_quantity(row["quantity"])),
            "price": plain(instruments[row["instrument"]].ticks_to_price(row["price"])),
            "reference": plain(instruments[row["instrument"]].ticks_to_price(row["reference"])),
            "fee": _money(row["fee"]),
            "liquidity": "maker" if row["liquidity"] else "taker",
            "reason": _name(names, row["reason"]),
            "position": plain(instruments[row["instrument"]].lots_to_quantity(row["position"])),
        }
        for row, time, known in zip(
            _rows(fills), iso_times(fills["time"]), iso_times(fills["known"]), strict=True
        )
    ]


def orders_to_json(orders: Records, instruments: Sequence[Instrument]) -> Rows:
    """Write orders, one dictionary each; a price or time that an order lacks is null."""
    names = _order_names()
    created, closed = iso_times(orders["created"]), iso_times(orders["closed"])
    expires = iso_times(orders["expires"])
    return [
        _order(row, instruments, names)
        | {
            "created": created[index],
            "closed": closed[index] if row["closed"] else None,
            "expires": expires[index] if row["expires"] else None,
        }
        for index, row in enumerate(_rows(orders))
    ]


def _order(
    row: Mapping[str, int], instruments: Sequence[Instrument], names: Mapping[int, str]
) -> dict[str, Any]:
    # An order may have been denied for naming an instrument that is not there.
    known = 0 <= row["instrument"] < len(instruments)
    instrument = instruments[row["instrument"] if known else 0]

    def price(ticks: int) -> str | None:
        return plain(instrument.ticks_to_price(ticks)) if ticks else None

    return {
        "id": row["id"],
        "instrument": str(instrument.id) if known else None,
        "side": Side(row["side"]).name.lower(),
        "type": OrderType(row["type"]).name.lower(),
        "time_in_force": TimeInForce(row["time_in_force"]).name.lower(),
        "quantity": plain(instrument.lots_to_quantity(row["quantity"])),
        "filled": plain(instrument.lots_to_quantity(row["filled"])),
        "limit": price(row["limit"]),
        "trigger": price(row["trigger"]),
        "status": OrderStatus(row["status"]).name.lower(),
        "reason": _name(names, row["reason"]) if row["reason"] else None,
        "group": row["group"] or None,
        "parent": row["parent"] or None,
        "fees": _money(row["fees"]),
    }


def trades_to_json(trades: Records, instruments: Sequence[Instrument]) -> Rows:
    """Write trades, one dictionary each; average prices and excursions are numbers."""
    names = _fill_names()
    entered, left = iso_times(trades["entry_time"]), iso_times(trades["exit_time"])
    return [
        {
            "id": row["id"],
            "instrument": str(instruments[row["instrument"]].id),
            "side": "long" if row["side"] > 0 else "short",
            "entry_time": entered[index],
            "exit_time": None if row["open"] else left[index],
            "quantity": plain(instruments[row["instrument"]].lots_to_quantity(row["quantity"])),
            "entry_price": row["entry_price"],
            "exit_price": _number(row["exit_price"]),
            "gross": _money(row["gross"]),
            "fees": _money(row["fees"]),
            "net": _money(row["net"]),
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
    return value if np.isfinite(value) else None


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
