"""Round trips: from fills to trades with exact profits.

Two ways of counting, both exact to the money unit, both with the same total:

- *episodes* (default): from flat to flat, one trade an episode however many fills it took; a fill
  that turns the position around closes one trade and opens the next;
- *FIFO lots*: every closing fill is matched with the oldest open lots, one trade for each pair of
  an entry and an exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS, MOST_MONEY
from tradectl_sdk.errors import UsageError
from tradectl_sdk.runs.fifo import match_first_in_first_out
from tradectl_sdk.runs.legs import Legs, cut_into_legs
from tradectl_sdk.runs.metrics.sample import ClosedTrades
from tradectl_sdk.runs.values import Integers, Records, apportion, money_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from tradectl_sdk.domain.instrument import Instrument

TRADE_DTYPE = np.dtype(
    [
        ("id", np.int64),  # counted from 1 in the order of closing, open ones last
        ("instrument", np.int64),
        ("side", np.int64),  # +1 long, -1 short
        ("entry_time", np.int64),  # UTC nanoseconds of the first fill
        ("exit_time", np.int64),  # of the last fill; 0 while open
        ("quantity", np.int64),  # lots entered in all
        ("entry_price", np.float64),  # average, weighted by quantity
        ("exit_price", np.float64),  # average; NaN before the first exit
        ("gross", np.int64),  # money units before fees; open trades at the mark
        ("fees", np.int64),  # money units
        ("net", np.int64),  # gross less fees
        ("entry_bar", np.int64),
        ("exit_bar", np.int64),  # -1 while open
        ("bars", np.int64),  # bars held; -1 while open
        ("entry_reason", np.int64),  # FillReason of the first fill
        ("exit_reason", np.int64),  # of the last fill; 0 while open
        ("open", np.int64),  # 1 when the run ended before the trade did
        ("remaining", np.int64),  # lots still held at the end of the run
        ("favourable", np.float64),  # largest move in its favour, share of entry price; NaN
        ("adverse", np.float64),  # largest move against it, the same
    ]
)


def extract_trades(
    fills: Records,
    instruments: Sequence[Instrument],
    *,
    fifo: bool = False,
    marks: Integers | None = None,
) -> Records:
    """Turn fills into trades.

    Args:
        fills: Fills in the order they happened, of ``FILL_DTYPE``, shape (m,).
        instruments: The run's instruments.
        fifo: Match lots first in, first out, instead of counting from flat to flat.
        marks: Last price of each instrument in ticks, shape (instruments,). What is still open is
            valued at it; without marks an open trade's gross holds only what was realised.

    Returns:
        Trades of ``TRADE_DTYPE``. With marks, the sum of ``net`` is exactly final less initial
        equity.
    """
    if not fills.size:
        return np.empty(0, dtype=TRADE_DTYPE)
    legs = cut_into_legs(fills, instruments)
    if fifo:
        legs = match_first_in_first_out(fills, legs)
        starts = np.flatnonzero(legs.opens)
    else:
        starts = np.flatnonzero(legs.before == 0)
    trades = _summarise(fills, legs, starts, instruments)
    last_fill = legs.fill[_lasts(starts, legs.fill.size)]
    if marks is not None:
        trades["gross"] += _unrealised(trades, legs, starts, instruments, marks)
    trades["net"] = trades["gross"] - trades["fees"]
    trades = trades[np.lexsort((last_fill, trades["open"]))]
    trades["id"] = np.arange(1, trades.size + 1)
    return trades


def closed_trades(trades: Records) -> ClosedTrades:
    """Turn trades into what the metrics need of them."""
    closed = trades[trades["open"] == 0]
    return ClosedTrades(
        profits=closed["net"] / MONEY_UNITS,
        holding=closed["exit_time"] - closed["entry_time"],
        still_open=int(trades.size - closed.size),
    )


def count_closed(fills: Records, *, alone: bool = False) -> int:
    """Count the closed trades from flat to flat, as :func:`extract_trades` has them.

    A sweep wants the number alone, and has it from the fills in a fraction of the time.

    Args:
        fills: As there.
        alone: Whether all are of one instrument, flat before the first one: positions tell then.
    """
    after = fills["position"]
    if alone:
        signs = np.sign(after)
        return int(np.count_nonzero((signs[:-1] != 0) & (signs[1:] != signs[:-1])))
    before = after - fills["side"] * fills["quantity"]
    return int(np.count_nonzero((before != 0) & (np.sign(after) != np.sign(before))))


def _lasts(starts: Integers, size: int) -> Integers:
    return np.append(starts[1:], size) - 1


def _summarise(
    fills: Records, legs: Legs, starts: Integers, instruments: Sequence[Instrument]
) -> Records:
    """One trade for each run of legs; open ones at what they realised."""

    def total(values: npt.NDArray[np.int64], chosen: npt.NDArray[np.bool_]) -> Integers:
        return np.add.reduceat(np.where(chosen, values, 0), starts)

    lasts = _lasts(starts, legs.fill.size)
    first, last = legs.fill[starts], legs.fill[lasts]
    closes = ~legs.opens
    entered, left = total(legs.lots, legs.opens), total(legs.lots, closes)
    _refuse_what_wraps(np.add.reduceat(legs.value.astype(np.float64), starts))
    paid, received = total(legs.value, legs.opens), total(legs.value, closes)
    still_open = entered != left

    trades = np.zeros(starts.size, dtype=TRADE_DTYPE)
    trades["instrument"] = fills["instrument"][first]
    trades["side"] = side = fills["side"][first]
    trades["entry_time"] = fills["time"][first]
    trades["exit_time"] = np.where(still_open, 0, fills["time"][last])
    trades["quantity"] = entered
    trades["remaining"] = entered - left
    ticks = np.array([float(each.tick_size) for each in instruments])[trades["instrument"]]
    weighted = fills["price"][legs.fill] * legs.lots.astype(np.float64)
    with np.errstate(invalid="ignore"):
        trades["entry_price"] = (
            np.add.reduceat(np.where(legs.opens, weighted, 0), starts) / entered * ticks
        )
        trades["exit_price"] = np.add.reduceat(np.where(closes, weighted, 0), starts) / left * ticks
    # The part of the entry that the exits belong to: all of it once the trade is closed.
    trades["gross"] = side * (received - apportion(paid, left, entered))
    trades["fees"] = np.add.reduceat(legs.fee, starts)
    trades["entry_bar"] = fills["bar"][first]
    trades["exit_bar"] = np.where(still_open, -1, fills["bar"][last])
    trades["bars"] = np.where(still_open, -1, fills["bar"][last] - fills["bar"][first])
    trades["entry_reason"] = fills["reason"][first]
    trades["exit_reason"] = np.where(still_open, 0, fills["reason"][last])
    trades["open"] = still_open
    trades["favourable"] = trades["adverse"] = np.nan
    return trades


def _unrealised(
    trades: Records,
    legs: Legs,
    starts: Integers,
    instruments: Sequence[Instrument],
    marks: Integers,
) -> Integers:
    """Profit of what is still held, at the marks."""
    instrument, remaining = trades["instrument"], trades["remaining"]
    paid = np.add.reduceat(np.where(legs.opens, legs.value, 0), starts)
    cost = paid - apportion(paid, trades["quantity"] - remaining, trades["quantity"])
    scales = np.array([float(one.value_scale) for one in instruments])[instrument]
    _refuse_what_wraps(marks[instrument].astype(np.float64) * remaining * scales)
    worth = money_values(instrument, marks[instrument], remaining, instruments)
    profit: Integers = trades["side"] * (worth - cost)
    return profit


def _refuse_what_wraps(amounts: npt.NDArray[np.float64]) -> None:
    """Refuse trades whose money, in money units, would leave 64 bits and come back as nonsense."""
    if (amounts >= float(MOST_MONEY)).any():
        raise UsageError(
            f"a trade is worth more than {MOST_MONEY // MONEY_UNITS:,}, "
            "expected less: money is counted in 64 bits",
            hint="trade smaller quantities, or price the instrument in a larger unit",
        )
