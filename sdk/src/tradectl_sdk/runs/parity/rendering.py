"""Parity reports in the units people read: quantities, prices, amounts, times."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.domain.orders import OrderType, Side, TimeInForce
from tradectl_sdk.runs.rendering import iso_times

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.runs.parity.comparing import Difference, Value
    from tradectl_sdk.runs.parity.report import ParityReport
    from tradectl_sdk.runs.parity.report import Side as Total


def report_to_json(report: ParityReport) -> dict[str, Any]:
    """Write what ``tradectl parity --json`` prints under ``data``."""
    drift = report.drift
    return {
        "session": report.session,
        "mode": report.mode,
        "strategy": report.strategy,
        "instruments": [str(one.id) for one in report.instruments],
        "currency": report.currency,
        "bars": report.bars,
        "warmup": report.warmup,
        "lives": report.lives,
        "equal": not report.differences,
        "matched": report.matched,
        "missing": sum(one.kind == "missing" for one in report.differences),
        "extra": sum(one.kind == "extra" for one in report.differences),
        "allowed": report.allowed,
        "kinds": report.counts("kind"),
        "causes": report.counts("cause"),
        "cost": _money(report.cost),
        "totals": {"session": _total(report.ours), "backtest": _total(report.theirs)},
        "drift": asdict(drift) | {"at": moment(drift.at) if drift.at else None},
        "differences": [_difference(one, report) for one in report.differences],
        "notes": list(report.notes),
    }


def _total(total: Total) -> dict[str, Any]:
    return asdict(total) | {"traded": _money(total.traded), "fees": _money(total.fees)}


def _difference(one: Difference, report: ParityReport) -> dict[str, Any]:
    instrument = report.instruments[one.instrument]
    return {
        "kind": one.kind,
        "cause": one.cause,
        "follows": one.follows or None,
        "created": moment(one.created),
        "instrument": str(instrument.id),
        "session_order": one.session or None,
        "backtest_order": one.backtest or None,
        "session": in_words(one.kind, one.ours, instrument),
        "backtest": in_words(one.kind, one.theirs, instrument),
        "money": _money(one.money),
    }


def in_words(kind: str, value: Value, instrument: Instrument) -> str | None:
    """One side of a difference as people read it; None where there is nothing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{name} {_term(name, one, instrument)}" for name, one in value.items())
    return _WRITERS[kind](value, instrument)


def moment(time: int) -> str:
    """A time as ISO 8601."""
    return iso_times(np.array([time], np.int64))[0]


def _money(units: float) -> str:
    return plain(from_money(round(units)))


def _quantity(lots: float, instrument: Instrument) -> str:
    return plain(instrument.lots_to_quantity(int(lots)))


def _price(ticks: float, instrument: Instrument) -> str:
    """A price, which may be an average and lie between two ticks."""
    whole = instrument.ticks_to_price(int(ticks))
    if ticks == int(ticks):
        return plain(whole)
    part = Decimal(repr(ticks - int(ticks))) * instrument.tick_size
    return plain((whole + part).quantize(instrument.tick_size / 100))


_WRITERS: dict[str, Callable[[float, Instrument], str]] = {
    "missing": _quantity,
    "extra": _quantity,
    "size": _quantity,
    "price": _price,
    "time": lambda time, _: moment(int(time)),
    "fee": lambda units, _: _money(units),
}
_NAMES: dict[str, type[enum.IntEnum]] = {"time_in_force": TimeInForce}


def _term(name: str, value: int, instrument: Instrument) -> str:
    if name in {"limit", "trigger"}:
        return plain(instrument.ticks_to_price(value))
    if name == "expires":
        return moment(value) if value else "never"
    kind = _NAMES.get(name)
    return kind(value).name.lower() if kind else str(value)


def order_in_words(side: int, kind: int) -> str:
    """Such as ``buy limit``."""
    return f"{Side(side).name.lower()} {OrderType(kind).name.lower().replace('_', ' ')}"
