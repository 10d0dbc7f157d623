r"""A hash of what was ordered and what was filled, the same on every machine.

SHA-256 over UTF-8 text, each line ended by ``\n``::

    tradectl.order-list/1
    O|id|created|closed|instrument|side|type|time_in_force|flags|quantity|filled|limit|trigger|
      trail|expires|status|reason|group|parent|fees|value          (one line an order)
    F|id|time|known|order|instrument|side|quantity|price|reference|fee|liquidity|reason|position|
      bar                                                           (one line a fill)

Fields are decimal integers without padding, in the order of ``ORDER_FIELDS`` and ``FILL_FIELDS``;
orders come first, then fills, each in the order of their ids. Any program can compute it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tradectl_sdk.domain.records import FILL_FIELDS, ORDER_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.runs.values import Records

ORDER_LIST_FORMAT = "tradectl.order-list/1"


def order_list_lines(orders: Records, fills: Records) -> str:
    """Write the text that is hashed."""
    return (
        f"{ORDER_LIST_FORMAT}\n"
        + _lines("O", orders, ORDER_FIELDS)
        + _lines("F", fills, FILL_FIELDS)
    )


def order_list_hash(orders: Records, fills: Records) -> str:
    """Hash orders and fills.

    Args:
        orders: Records of ``ORDER_DTYPE``.
        fills: Records of ``FILL_DTYPE``.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(order_list_lines(orders, fills).encode()).hexdigest()


def _lines(tag: str, records: Records, fields: Sequence[str]) -> str:
    if not records.size:
        return ""
    # "[(1, 2), (3, 4)]" by way of the interpreter's own list printing, four times as fast as
    # formatting each number; integers print the same in every version.
    text = str(records[list(fields)].tolist())[2:-2]
    return f"{tag}|" + text.replace("), (", f"\n{tag}|").replace(", ", "|") + "\n"
