"""Memory that is used again, and only when nobody looks at it any more."""

from __future__ import annotations

import numpy as np
from tradectl_sdk.engine.buffers import floats, table

ROWS = 2**17  # large enough to be kept


def address(view: object) -> int:
    return int(np.asarray(view).__array_interface__["data"][0])


def test_a_table_is_used_again_once_nobody_refers_to_it() -> None:
    first = table(ROWS, 7)
    place = address(first)
    del first
    assert address(table(ROWS, 7)) == place


def test_a_table_that_somebody_looks_at_is_left_alone() -> None:
    first = table(ROWS, 7)
    first[3, 2] = 42
    records = np.asarray(first)[:10]
    del first
    second = table(ROWS, 7)
    second[3, 2] = 0
    assert records[3, 2] == 42


def test_another_form_is_other_memory() -> None:
    first = floats(ROWS)
    first[0] = 1.5
    other = table(ROWS, 1)
    other[0, 0] = 0
    assert first[0] == 1.5
