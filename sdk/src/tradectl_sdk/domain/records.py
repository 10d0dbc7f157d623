"""What a run leaves behind, row by row, as NumPy record types.

All fields are int64: the engine writes them into one flat buffer that is viewed, never copied.
Prices are ticks, quantities lots, money 10^-8 of the account currency, times UTC nanoseconds.
"""

from __future__ import annotations

import numpy as np

ORDER_FIELDS = (
    "id",  # counted from 1 in the order of creation
    "created",  # time of the decision
    "closed",  # time of the terminal status, 0 while open
    "instrument",  # index into the run's instruments
    "side",  # +1 buy, -1 sell
    "type",  # OrderType
    "time_in_force",  # TimeInForce
    "flags",  # OrderFlag bits
    "quantity",  # lots asked for
    "filled",  # lots filled so far
    "limit",  # limit price in ticks, 0 for none
    "trigger",  # present trigger price in ticks, 0 for none
    "trail",  # trailing distance: ticks, or hundredths of a basis point if flagged
    "expires",  # GTD and DAY: last time it may fill, 0 for never
    "status",  # OrderStatus
    "reason",  # DenyReason (also of a rule that made it smaller) or CloseReason, 0 for none
    "group",  # id of the first of the orders that cancel each other, 0 for none
    "parent",  # id of the order whose fill activates it, 0 for none
    "fees",  # money units paid so far
    "value",  # money units traded so far
)

FILL_FIELDS = (
    "id",  # counted from 1
    "time",  # when it happened (for a fill at the open of a bar: the bar's open time)
    "known",  # when the strategy could know: the close of the bar
    "order",  # id of the order
    "instrument",
    "side",
    "quantity",  # lots, positive
    "price",  # ticks
    "reference",  # price in ticks before slippage: the open, trigger or limit
    "fee",  # money units, negative for a rebate
    "liquidity",  # 0 taker, 1 maker
    "reason",  # FillReason: why this price, now
    "position",  # lots held afterwards
    "bar",  # index of the bar in its series
)

ORDER_DTYPE = np.dtype([(name, np.int64) for name in ORDER_FIELDS])
FILL_DTYPE = np.dtype([(name, np.int64) for name in FILL_FIELDS])
