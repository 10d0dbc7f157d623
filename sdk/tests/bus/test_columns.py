"""Ticks travel as columns."""

from __future__ import annotations

import numpy as np
import pytest
from bus_parts import NOWHERE
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.bus.codec import CONVERSATIONS
from tradectl_sdk.bus.columns import TickColumns, columns_of, ticks_of
from tradectl_sdk.bus.messages.market import Ticks
from tradectl_sdk.errors import FrameError

numbers = st.integers(-(2**63), 2**63 - 1)


@given(rows=st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=50))
def test_columns_come_back_as_they_were(rows: list[tuple[int, int, int, int]]) -> None:
    table = np.array(rows, np.int64).reshape(-1, 4)
    market = CONVERSATIONS["market"]
    sent = ticks_of("A.X", TickColumns(*table.T), NOWHERE)
    found = columns_of(market.decode(market.encode(sent)))
    assert np.array_equal(np.column_stack(found), table)


def test_columns_are_views_that_cannot_be_written() -> None:
    column = np.arange(3, dtype=np.int64)
    found = columns_of(ticks_of("A.X", TickColumns(column, column, column, column), NOWHERE))
    assert not any(one.flags.writeable or one.flags.owndata for one in found)


def test_sides_that_nobody_knows_are_zero() -> None:
    column = np.arange(3, dtype="<i8").tobytes()
    message = Ticks(executions=NOWHERE, instrument="A", time=column, price=column, lots=column)
    assert columns_of(message).side.tolist() == [0, 0, 0]


@pytest.mark.parametrize("lengths", [(8, 8, 16, 8), (8, 8, 8, 16), (7, 7, 7, 7)])
def test_columns_that_do_not_fit_are_refused(lengths: tuple[int, int, int, int]) -> None:
    time, price, lots, side = map(bytes, lengths)
    message = Ticks(
        executions=NOWHERE, instrument="A", time=time, price=price, lots=lots, side=side
    )
    with pytest.raises(FrameError, match="columns of ticks were of "):
        columns_of(message)
    short = TickColumns(*(np.zeros(n, np.int64) for n in (1, 1, 2, 1)))
    with pytest.raises(FrameError, match="columns of ticks were of 8, 16 bytes"):
        ticks_of("A", short, NOWHERE)
