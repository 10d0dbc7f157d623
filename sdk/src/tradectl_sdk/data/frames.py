"""Bars from a data frame: floats off any grid, times of any zone, columns of the usual names.

The frame may be pandas' or any mapping of names to arrays; neither pandas nor another library is
imported here.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.data.bars import (
    EXACT_INTEGER,
    PRICE_COLUMNS,
    VALUE_COLUMNS,
    Bars,
    FloatColumn,
    IntColumn,
    to_floats,
    to_steps,
)
from tradectl_sdk.data.columns import choose_columns
from tradectl_sdk.data.gaps import WEEK
from tradectl_sdk.domain.instrument import Instrument, parse_instrument_id
from tradectl_sdk.domain.timeframe import SECOND, Timeframe
from tradectl_sdk.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PLACES = 8  # decimal places looked for before a grid is made up
DIGITS = 7  # significant digits of the lowest price that a made-up grid keeps
_NOISE = {"float32": 2.0**-24, "float64": 2.0**-50}  # relative rounding noise of a decimal


def bars_from_frame(
    frame: Any,
    instrument: Instrument | str,
    *,
    timeframe: Timeframe | str | None,
    tick_size: Decimal | str | None,
    lot_size: Decimal | str | None,
    mapping: Mapping[str, str] | None,
) -> Bars:
    """See :meth:`tradectl_sdk.data.bars.Bars.from_frame`."""
    columns = _columns(frame, mapping or {})
    time = _nanoseconds(columns.pop("time"))
    frame_length = _timeframe(time) if timeframe is None else Timeframe.parse(timeframe)
    prices: dict[str, FloatColumn] = {name: columns[name] for name in PRICE_COLUMNS}
    volume = columns.get("volume", np.zeros(len(time)))
    for name, values in {**prices, "volume": volume}.items():
        _finite(name, values)
    if isinstance(instrument, str):
        tick = _step("tick_size", tick_size) or find_step(prices) or made_up_tick(prices)
        lot = _step("lot_size", lot_size) or find_step({"volume": volume})
        instrument = _instrument(instrument, tick, lot or Decimal(1).scaleb(-MAX_PLACES))
        given = bool(tick_size)
    elif not isinstance(instrument, Instrument):
        raise UsageError(
            f"instrument was a {type(instrument).__name__}, expected an Instrument or its name",
            hint="such as SPX.SAMPLE, to have its grid found",
        )
    elif tick_size or lot_size:
        raise UsageError("tick size and lot size were given beside a full instrument")
    else:
        given = True
    ticks = {n: _ticks(v, instrument, n, round_=not given) for n, v in prices.items()}
    bars = Bars(
        instrument=instrument,
        timeframe=frame_length,
        time=time,
        volume=_fitting(volume, instrument.lot_size, "volume"),
        **ticks,
    )
    bars.check()
    return bars


def find_step(columns: Mapping[str, FloatColumn]) -> Decimal | None:
    """The coarsest power of ten, at most 1, on which every value lies; None if there is none."""
    for places in range(MAX_PLACES + 1):
        scale = 10.0**places
        if all(
            bool(np.all(np.abs(np.rint(v * scale) / scale - v) <= np.abs(v) * _noise(v)))
            for v in columns.values()
        ):
            return Decimal(1).scaleb(-places)
    return None


def made_up_tick(prices: Mapping[str, FloatColumn]) -> Decimal:
    """A power of ten that keeps seven significant digits of the lowest price."""
    positive = [float(v[v > 0].min()) for v in prices.values() if (v > 0).any()]
    return Decimal(1).scaleb(math.floor(math.log10(min(positive, default=1.0))) - DIGITS + 1)


def _noise(values: FloatColumn) -> float:
    return _NOISE.get(values.dtype.name, _NOISE["float64"])


def _columns(frame: Any, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Role to array, found by the usual names; a frame's index serves for missing times."""
    table = {text: frame[name] for text, name in _names(frame).items()}
    index = getattr(frame, "index", None)
    if index is not None and _is_time(index):
        table = {"": index, **table}
        mapping = {"time": "", **mapping}
    chosen = choose_columns(list(table), mapping, source="the frame").by_role
    roles = ("time", *VALUE_COLUMNS)
    return {role: _array(table[chosen[role]], role) for role in roles if role in chosen}


def _names(frame: Any) -> dict[str, object]:
    """Column names as text; of several levels, such as (price, ticker), the first counts."""
    own = frame if hasattr(frame, "keys") else getattr(frame, "columns", None)
    if own is None:
        raise UsageError(
            f"the frame was {type(frame).__name__}, expected a data frame or a mapping of columns"
        )
    names = list(own.keys()) if hasattr(own, "keys") else list(own)
    texts = [str(name[0] if isinstance(name, tuple) else name) for name in names]
    if len(set(texts)) < len(texts):
        raise UsageError(
            f"the frame had columns of one name: {', '.join(texts)}",
            hint="select one instrument's columns first",
        )
    return dict(zip(texts, names, strict=True))


def _is_time(index: Any) -> bool:
    return np.asarray(index[:0]).dtype.kind == "M" or getattr(index, "tz", None) is not None


def _array(values: Any, role: str) -> Any:
    if role == "time":
        zone = getattr(values, "dt", values)
        if getattr(zone, "tz", None) is not None:
            values = zone.tz_convert("UTC").tz_localize(None)
        return np.asarray(values)
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise DataError(f"column {role} held {array.dtype}, expected numbers")
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _nanoseconds(times: Any) -> IntColumn:
    if times.dtype.kind == "M":
        if np.isnat(times).any():
            row = int(np.flatnonzero(np.isnat(times))[0])
            raise DataError(f"time at row {row + 1} was empty, expected a time")
        result: IntColumn = times.astype("M8[ns]").astype(np.int64)
        return result
    if times.dtype == np.int64:
        return times  # type: ignore[no-any-return]
    raise DataError(
        f"times were {times.dtype}, expected datetimes or whole nanoseconds since 1970 UTC",
        hint="pandas.to_datetime makes datetimes of text and of other numbers",
    )


def _timeframe(time: IntColumn) -> Timeframe:
    """The most frequent step between times; the check of the bars says which are out of order."""
    steps, counts = np.unique(np.diff(np.unique(time)), return_counts=True)
    step = int(steps[counts.argmax()]) if steps.size else 0
    if not step or step % SECOND or step > WEEK:
        raise DataError(
            "the times were too few or too irregular to tell the timeframe",
            hint="give it, such as timeframe='1d'; months have no fixed length",
        )
    return Timeframe(step)


def _finite(name: str, values: FloatColumn) -> None:
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"{name} at row {row + 1} was {float(values[row])}, expected a finite number",
            hint="leave such rows out",
        )


def _step(name: str, given: object) -> Decimal | None:
    """Read a step of prices or volumes; 0 is as none, it is found then."""
    try:
        return Decimal(str(given)) if given else None
    except InvalidOperation:
        raise UsageError(
            f"{name} was {given!r}, expected a decimal number", hint=f'such as {name}="0.01"'
        ) from None


def _instrument(name: str, tick: Decimal, lot: Decimal) -> Instrument:
    symbol, venue = parse_instrument_id(name)
    base, slash, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        venue=venue,
        tick_size=tick,
        lot_size=lot,
        base=base if slash else "",
        quote=quote.partition(":")[0] if slash else "USD",
    )


def _ticks(values: FloatColumn, instrument: Instrument, name: str, *, round_: bool) -> IntColumn:
    tick = instrument.tick_size
    ticks = _fitting(values, tick, name)
    off = np.abs(to_floats(ticks, tick) - values) > np.abs(values) * _noise(values)
    if not round_ and off.any():
        row = int(np.flatnonzero(off)[0])
        raise DataError(
            f"{name} of {instrument.id} at row {row + 1} was {float(values[row])!r}, "
            f"expected a multiple of {tick}",
            hint="round the prices first, or leave the tick size out to have it found",
        )
    return ticks


def _fitting(values: FloatColumn, step: Decimal, name: str) -> IntColumn:
    largest = float(np.abs(values).max(initial=0.0))
    if largest / float(step) >= EXACT_INTEGER:
        raise DataError(
            f"{name} went up to {largest:g}, too many steps of {step} to be exact",
            hint="give a coarser step",
        )
    return to_steps(values.astype(np.float64), step)
