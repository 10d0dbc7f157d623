"""The order table: what may happen to an order, and what it never changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.domain import orders, records
from tradectl_sdk.domain.orders import (
    EVENT_OF,
    ILLEGAL,
    TRANSITIONS,
    OrderEvent,
    OrderStatus,
    next_status,
)
from tradectl_sdk.engine import columns

S, E = OrderStatus, OrderEvent
TERMINAL = {S.DENIED, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED}

# Written down a second time, row by row, independently of the table under test.
ADOPTED = {
    E.ACCEPT: S.ACCEPTED,
    E.REJECT: S.REJECTED,
    E.TRIGGER: S.TRIGGERED,
    E.FILL: S.PARTIALLY_FILLED,
    E.CANCELED: S.CANCELED,
    E.EXPIRE: S.EXPIRED,
}
ENDED = (E.ACCEPT, E.REJECT, E.FILL, E.CANCELED, E.EXPIRE)
LEGAL = {
    S.NEW: {**ADOPTED, E.SUBMIT: S.SUBMITTED, E.MODIFIED: S.NEW, E.DENY: S.DENIED, E.HOLD: S.HELD},
    S.HELD: {
        E.SUBMIT: S.SUBMITTED,
        E.CANCELED: S.CANCELED,
        E.EXPIRE: S.EXPIRED,
        E.MODIFIED: S.HELD,
        E.DENY: S.DENIED,
    },
    S.DENIED: {E.FILL: S.DENIED},
    S.SUBMITTED: {
        **ADOPTED,
        E.SUBMIT_UNKNOWN: S.UNKNOWN,
        E.MODIFIED: S.SUBMITTED,
        E.NOT_FOUND: S.REJECTED,
    },
    S.UNKNOWN: {
        **ADOPTED,
        E.SUBMIT_UNKNOWN: S.UNKNOWN,
        E.MODIFIED: S.UNKNOWN,
        E.NOT_FOUND: S.REJECTED,
    },
    S.ACCEPTED: {**ADOPTED, E.MODIFIED: S.ACCEPTED, E.NOT_FOUND: S.CANCELED},
    S.TRIGGERED: {
        **ADOPTED,
        E.ACCEPT: S.TRIGGERED,
        E.MODIFIED: S.TRIGGERED,
        E.NOT_FOUND: S.CANCELED,
    },
    S.PARTIALLY_FILLED: {
        E.ACCEPT: S.PARTIALLY_FILLED,
        E.TRIGGER: S.PARTIALLY_FILLED,
        E.FILL: S.PARTIALLY_FILLED,
        E.MODIFIED: S.PARTIALLY_FILLED,
        E.CANCELED: S.CANCELED,
        E.EXPIRE: S.EXPIRED,
        E.NOT_FOUND: S.CANCELED,
    },
    S.FILLED: dict.fromkeys((E.ACCEPT, E.FILL, E.CANCELED, E.EXPIRE), S.FILLED),
    S.CANCELED: dict.fromkeys(ENDED, S.CANCELED),
    S.EXPIRED: dict.fromkeys(ENDED, S.EXPIRED),
    S.REJECTED: dict.fromkeys(ENDED, S.REJECTED),
}


@pytest.mark.parametrize("status", list(OrderStatus))
@pytest.mark.parametrize("event", list(OrderEvent))
def test_each_cell_is_what_the_rules_say(status, event):
    assert next_status(status, event) == LEGAL[status].get(event, ILLEGAL)


def test_the_table_is_square_and_small():
    table = np.array(TRANSITIONS, np.int8)
    assert table.shape == (12, 12) == (len(OrderStatus), len(OrderEvent))
    assert set(np.unique(table)) <= {ILLEGAL, *map(int, OrderStatus)}


@pytest.mark.parametrize("status", list(OrderStatus))
def test_a_fill_is_final_when_nothing_is_left(status):
    after = next_status(status, E.FILL, remaining=0)
    assert after == (ILLEGAL if status is S.HELD else S.FILLED)


def test_a_part_filled_order_made_as_small_as_its_fills_is_filled():
    assert next_status(S.PARTIALLY_FILLED, E.MODIFIED, remaining=0) == S.FILLED
    assert next_status(S.ACCEPTED, E.MODIFIED, remaining=0) == S.ACCEPTED


@pytest.mark.parametrize("status", list(OrderStatus))
def test_an_ended_order_is_left_by_a_late_fill_only(status):
    assert status.terminal == (status in TERMINAL)
    if status.terminal:
        for event in set(OrderEvent) - {E.FILL}:
            assert next_status(status, event) in {status, ILLEGAL}


def test_only_evidence_leaves_the_unknown():
    ours = {E.SUBMIT, E.DENY, E.HOLD}
    assert all(next_status(S.UNKNOWN, event) == ILLEGAL for event in ours)


@given(st.data())
def test_any_order_of_the_same_events_gives_the_same_position(data):
    fills = data.draw(st.lists(st.integers(1, 9), max_size=4))
    lots = sum(fills) + data.draw(st.integers(0, 3))
    events = [(E.ACCEPT, 0), *((E.FILL, size) for size in fills), (E.CANCELED, 0)]
    one = play(data.draw(st.permutations(events)), lots)
    assert one[0] == sum(fills)
    assert one[1] == (S.FILLED if sum(fills) == lots > 0 else S.CANCELED)


def play(events, lots):
    """Position and status of an order of so many lots that was submitted and then met events."""
    status, filled, trail = int(S.SUBMITTED), 0, []
    for event, size in events:
        filled += size
        after = next_status(status, event, remaining=lots - filled)
        assert after != ILLEGAL
        status = after
        trail.append(filled)
    assert all(before <= now for before, now in pairwise([0, *trail]))
    return filled, status


def test_a_table_with_its_rows_in_another_order_is_refused():
    lines = orders._TABLE.strip().splitlines()
    swapped = "\n".join([lines[0], lines[2], lines[1], *lines[3:]])
    with pytest.raises(AssertionError, match="statuses in order"):
        orders._parse(swapped)


# Columns that the engine calls by a shorter name.
SHORT = {"time_in_force": "TIF", "quantity": "LOTS"}


@pytest.mark.parametrize(
    ("prefix", "fields", "dtype"),
    [
        ("O", records.ORDER_FIELDS, records.ORDER_DTYPE),
        ("F", records.FILL_FIELDS, records.FILL_DTYPE),
    ],
)
def test_the_engine_s_columns_follow_the_records(prefix, fields, dtype):
    for place, name in enumerate(fields):
        assert getattr(columns, f"{prefix}_{SHORT.get(name, name.upper())}") == place
        assert dtype.fields[name] == (np.dtype(np.int64), 8 * place)
    assert dtype.names == fields


@pytest.mark.parametrize("status", list(OrderStatus)[1:])
def test_what_an_order_is_told_to_have_met_can_lead_to_its_status(status):
    event = EVENT_OF[status]
    after = {TRANSITIONS[before][event] for before in OrderStatus}
    filled = next_status(OrderStatus.PARTIALLY_FILLED, event, remaining=0)
    assert status in after | {filled}
