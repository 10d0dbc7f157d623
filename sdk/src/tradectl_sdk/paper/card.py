"""What a paper venue can do."""

from __future__ import annotations

import string

from tradectl_sdk.domain.orders import OrderType, TimeInForce
from tradectl_sdk.exchange import Card, ClientIds, RateBudget

_ID_LENGTH = 36
_ALPHABET = string.ascii_letters + string.digits + "-_.:/"
_SECOND = 1_000_000_000


def paper_card(*, margin: bool, market_data: frozenset[str] = frozenset({"bars"})) -> Card:
    """The capabilities of a paper venue.

    An order is in the ledger before its answer leaves, so no request is ever under way: whoever got
    no answer finds out by asking, without waiting for any window to pass.

    Args:
        margin: Whether the account may borrow and sell short.
        market_data: What the source of market data pushes.
    """
    return Card(
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        reduce_only=True,
        groups=frozenset({"oco", "bracket"}),
        amends=True,
        client_ids=ClientIds(length=_ID_LENGTH, alphabet=_ALPHABET),
        market_data=market_data,
        request_window=0,
        processing_timeout=0,
        rates=(RateBudget(weight=1_000_000, interval=_SECOND),),
        simulated=True,
        margin=margin,
    )
