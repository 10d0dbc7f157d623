r"""A hash of what was ordered and what was filled, the same on every machine.

SHA-256 over ASCII text, each line ended by ``\n``::

    tradectl.order-list/1
    orders 2
    0000000000000001|17a65...|...        (a line an order: the fields of ORDER_FIELDS)
    0000000000000002|17a66...|...
    fills 1
    0000000000000001|17a65...|...        (a line a fill: the fields of FILL_FIELDS)

A number is the 16 lower-case hexadecimal digits of its 64 bits, two's complement: what C's
``%016llx`` prints. Hexadecimal because a long run has a million numbers: writing them in decimal
would take longer than the backtest.
"""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.records import FILL_FIELDS, ORDER_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradectl_sdk.runs.values import Integers, Records

ORDER_LIST_FORMAT = "tradectl.order-list/1"
_DIGITS = 16  # hexadecimal digits of 64 bits
_CHUNK = 256  # rows at a time: memory that stays in the cache and is used again


def order_list_text(orders: Records, fills: Records) -> bytes:
    """Write the text that is hashed."""
    return b"".join(_parts(orders, fills))


def order_list_hash(orders: Records, fills: Records) -> str:
    """Hash orders and fills.

    Args:
        orders: Records of ``ORDER_DTYPE``.
        fills: Records of ``FILL_DTYPE``.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for part in _parts(orders, fills):
        digest.update(part)
    return digest.hexdigest()


def _parts(orders: Records, fills: Records) -> Iterator[bytes | memoryview]:
    yield f"{ORDER_LIST_FORMAT}\norders {orders.size}\n".encode()
    yield from _lines(orders, ORDER_FIELDS)
    yield f"fills {fills.size}\n".encode()
    yield from _lines(fills, FILL_FIELDS)


def _lines(records: Records, fields: Sequence[str]) -> Iterator[memoryview]:
    own = records.dtype == np.dtype([(name, "<i8") for name in fields])
    for start in range(0, records.size, _CHUNK):
        part = records[start : start + _CHUNK]
        numbers = (_viewed(part) if own else _gathered(part, fields)).astype(">i8")
        digits = binascii.b2a_hex(numbers.data, "|", 8)
        lines = np.empty((len(numbers), len(fields) * (_DIGITS + 1)), dtype=np.uint8)
        lines.ravel()[:-1] = np.frombuffer(digits, dtype=np.uint8)
        lines[:, -1] = ord("\n")
        yield lines.data


def _viewed(records: Records) -> Integers:
    """Fields as columns of the engine's own records, which hold nothing else."""
    return np.ascontiguousarray(records).view("<i8").reshape(records.size, -1)


def _gathered(records: Records, fields: Sequence[str]) -> Integers:
    """Fields as columns, one by one, where records have others or in another order."""
    return np.column_stack([records[name] for name in fields])
