"""Which order of a session is which order of its backtest.

First by the decision: orders of one instant, instrument, side, type and role, in the order they
were placed. What is left is matched to the nearest decision of the same kind that is at most one
bar away, since a strategy that is told of a fill at once may act on it between two bars. Orders
that only warm-up denied are decisions of nobody.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.reasons import DenyReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradectl_sdk.runs.parity.facts import OrderFact

WARMING = int(DenyReason.WARMING)

Pair = tuple["OrderFact", "OrderFact"]


def match(
    session: Sequence[OrderFact], backtest: Sequence[OrderFact], within: int
) -> tuple[list[Pair], list[OrderFact], list[OrderFact]]:
    """Pair orders up.

    Args:
        session: Orders of the session, in the order they were placed.
        backtest: Orders of the backtest, the same.
        within: Nanoseconds that two decisions may lie apart and still be one.

    Returns:
        Pairs (session, backtest); orders of the session alone; orders of the backtest alone.
    """
    mine, theirs = decisions(session), decisions(backtest)
    pairs: list[Pair] = []
    waiting: dict[tuple[object, ...], deque[OrderFact]] = defaultdict(deque)
    for order in theirs:
        waiting[(order.created, *order.kind)].append(order)
    left = []
    for order in mine:
        same = waiting[(order.created, *order.kind)]
        if same:
            pairs.append((order, same.popleft()))
        else:
            left.append(order)
    rest = sorted((o for each in waiting.values() for o in each), key=lambda one: one.created)
    extra = []
    for order in left:
        near = _nearest(order, rest, within)
        if near is None:
            extra.append(order)
        else:
            rest.remove(near)
            pairs.append((order, near))
    pairs.sort(key=lambda pair: pair[1].created)
    return pairs, extra, rest


def decisions(orders: Iterable[OrderFact]) -> list[OrderFact]:
    """The orders that were not denied for warming up."""
    return [
        order
        for order in orders
        if not (order.status == OrderStatus.DENIED and order.reason == WARMING)
    ]


def _nearest(order: OrderFact, rest: Sequence[OrderFact], within: int) -> OrderFact | None:
    fitting = [
        one for one in rest if one.kind == order.kind and abs(one.created - order.created) <= within
    ]
    return min(fitting, key=lambda one: abs(one.created - order.created), default=None)
