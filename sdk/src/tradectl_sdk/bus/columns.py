"""Ticks as columns: from arrays into a message, and back without copying."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradectl_sdk.bus.messages.market import Ticks
from tradectl_sdk.errors import FrameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradectl_sdk.bus.messages.intents import Cursor

_WIRE = np.dtype("<i8")


class TickColumns(NamedTuple):
    """Trades of one instrument, oldest first; each column int64 of shape (trades,).

    Attributes:
        time: UTC nanoseconds.
        price: Ticks of the instrument's grid.
        lots: Quantities.
        side: +1 where the taker bought, -1 where it sold, 0 where nobody knows.
    """

    time: NDArray[np.int64]
    price: NDArray[np.int64]
    lots: NDArray[np.int64]
    side: NDArray[np.int64]


def ticks_of(instrument: str, columns: TickColumns, executions: Cursor) -> Ticks:
    """Make a message of columns.

    Args:
        instrument: Whose trades they are.
        columns: The trades.
        executions: How far the account stream had got.

    Raises:
        FrameError: If the columns differ in length.
    """
    time, price, lots, side = (np.ascontiguousarray(one, _WIRE).tobytes() for one in columns)
    message = Ticks(
        executions=executions, instrument=instrument, time=time, price=price, lots=lots, side=side
    )
    _length_of(message)
    return message


def columns_of(message: Ticks) -> TickColumns:
    """Look at a message's columns; the arrays are read-only views of its bytes.

    Raises:
        FrameError: If they are no columns of whole numbers of one length.
    """
    length = _length_of(message)
    time, price, lots = (
        np.frombuffer(one, _WIRE) for one in (message.time, message.price, message.lots)
    )
    side = np.frombuffer(message.side, _WIRE) if message.side else np.zeros(length, np.int64)
    return TickColumns(time, price, lots, side)


def _length_of(message: Ticks) -> int:
    """Return the number of ticks in a message."""
    sizes = {len(message.time), len(message.price), len(message.lots)}
    if message.side:
        sizes.add(len(message.side))
    size = max(sizes)
    if len(sizes) > 1 or size % _WIRE.itemsize:
        raise FrameError(
            f"columns of ticks were of {', '.join(str(one) for one in sorted(sizes))} bytes, "
            f"expected one length, a multiple of {_WIRE.itemsize}"
        )
    return size // _WIRE.itemsize
