"""Columns of the order and fill tables, as plain integers that compiled code takes for constants.

They follow :mod:`tradectl_sdk.domain.records`.
"""

from __future__ import annotations

from tradectl_sdk.domain.records import FILL_FIELDS, ORDER_FIELDS

(
    O_ID,
    O_CREATED,
    O_CLOSED,
    O_INSTRUMENT,
    O_SIDE,
    O_TYPE,
    O_TIF,
    O_FLAGS,
    O_LOTS,
    O_FILLED,
    O_LIMIT,
    O_TRIGGER,
    O_TRAIL,
    O_EXPIRES,
    O_STATUS,
    O_REASON,
    O_GROUP,
    O_PARENT,
    O_FEES,
    O_VALUE,
) = range(len(ORDER_FIELDS))
# Beside the record: links of the instrument's list of working orders, and when it may first fill.
O_NEXT, O_PREVIOUS, O_ACTIVE = range(len(ORDER_FIELDS), len(ORDER_FIELDS) + 3)
ORDER_WIDTH = len(ORDER_FIELDS) + 4  # 24 fields: three cache lines

(
    F_ID,
    F_TIME,
    F_KNOWN,
    F_ORDER,
    F_INSTRUMENT,
    F_SIDE,
    F_LOTS,
    F_PRICE,
    F_REFERENCE,
    F_FEE,
    F_LIQUIDITY,
    F_REASON,
    F_POSITION,
    F_BAR,
) = range(len(FILL_FIELDS))
FILL_WIDTH = len(FILL_FIELDS)
