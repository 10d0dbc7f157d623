from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.exchange import Card, ClientIds, Ticket, ticket_problem

CARD = Card(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.GTD}),
    client_ids=ClientIds(length=4, alphabet="ab"),
)
SOUND = Ticket(
    client_id="abba",
    instrument="A.B",
    side=1,
    type=int(OrderType.LIMIT),
    lots=1,
    limit=1,
    decided=0,
)


def test_a_sound_ticket_has_no_problem() -> None:
    assert ticket_problem(SOUND, CARD) is None
    assert ticket_problem(msgspec.structs.replace(SOUND, type=0, limit=0), CARD) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"side": 0}, "bad_side"),
        ({"lots": 0}, "bad_quantity"),
        ({"lots": 1.0}, "bad_quantity"),
        ({"lots": True}, "bad_quantity"),
        ({"type": int(OrderType.STOP)}, "unsupported_type"),
        ({"type": 77}, "unsupported_type"),
        ({"time_in_force": int(TimeInForce.FOK)}, "unsupported_time_in_force"),
        ({"time_in_force": int(TimeInForce.GTD)}, "bad_time"),
        ({"limit": 0}, "bad_price"),
        ({"type": int(OrderType.STOP_LIMIT)}, "bad_price"),
        ({"client_id": ""}, "bad_client_id"),
        ({"client_id": "ababa"}, "bad_client_id"),
        ({"client_id": "abc"}, "bad_client_id"),
        ({"group": "a"}, "unsupported_group"),
    ],
)
def test_what_no_venue_could_take_as_meant_is_refused(changes: dict[str, Any], code: str) -> None:
    problem = ticket_problem(msgspec.structs.replace(SOUND, **changes), CARD)

    assert problem is not None
    assert problem.code == code


def test_reduce_only_needs_the_venue_where_positions_can_turn() -> None:
    ticket = msgspec.structs.replace(SOUND, flags=int(OrderFlag.REDUCE_ONLY))
    margin = Card(order_types=CARD.order_types, times_in_force=CARD.times_in_force, margin=True)

    assert ticket_problem(ticket, CARD) is None
    problem = ticket_problem(msgspec.structs.replace(ticket, client_id="ab"), margin)
    assert problem is not None
    assert problem.code == "unsupported_flag"
