from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tradectl_sdk.domain.records import FILL_DTYPE
from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.tables import (
    narrow,
    narrow_records,
    pack_times,
    read_array,
    unpack_times,
    widen_records,
    write_array,
)

if TYPE_CHECKING:
    from pathlib import Path

INT64 = st.integers(-(2**63), 2**63 - 1)
MINUTE = 60_000_000_000


@given(arrays(np.int64, st.integers(0, 20), elements=INT64))
def test_narrow_integers_are_the_same_integers(values: np.ndarray) -> None:
    assert narrow(values).astype(np.int64).tolist() == values.tolist()


@given(st.integers(-(10**18), 10**18), st.lists(st.integers(0, 10**15), max_size=20))
def test_any_time_axis_comes_back(start: int, gaps: list[int]) -> None:
    time = start + np.cumsum([0, *gaps])
    steps, axis = pack_times(time)
    assert unpack_times(steps, axis).tolist() == time.tolist()


def test_an_empty_time_axis_comes_back() -> None:
    assert unpack_times(*pack_times(np.empty(0, dtype=np.int64))).size == 0


@pytest.mark.parametrize(
    ("gaps", "size"),
    [([MINUTE] * 500, 0), ([MINUTE, 200 * MINUTE] * 250, 500), ([MINUTE, MINUTE + 1] * 250, 4000)],
    ids=["regular", "with gaps", "irregular"],
)
def test_a_time_axis_takes_no_more_room_than_it_needs(gaps: list[int], size: int) -> None:
    steps, _ = pack_times(np.cumsum([0, *gaps]))
    assert steps.nbytes == size


def test_records_come_back_whole(fills_of: Any) -> None:
    fills = fills_of((0, 1, 5, 1000), (1, -1, 2**40, 1), fee=-3)
    stored = narrow_records(fills)
    assert stored.itemsize < fills.itemsize / 2
    assert (widen_records(stored, FILL_DTYPE) == fills).all()


def test_a_field_of_the_future_is_refused_and_a_missing_one_is_zero(fills_of: Any) -> None:
    fills = fills_of((0, 1, 5, 1000))
    older = np.dtype([(name, np.int64) for name in FILL_DTYPE.names if name != "bar"])
    with pytest.raises(DataError, match="unknown fields bar"):
        widen_records(fills, older)
    assert widen_records(fills[list(older.names)], FILL_DTYPE)["bar"].tolist() == [0]


def test_numpy_reads_the_files_and_any_changed_byte_is_noticed(
    tmp_path: Path, fills_of: Any
) -> None:
    path = tmp_path / "fills.npy"
    fills = narrow_records(fills_of((0, 1, 5, 1000), (0, -1, 5, 1100)))
    expected = write_array(path, fills)
    assert (np.load(path) == fills).all()
    assert (read_array(path, expected) == fills).all()
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(DataError, match=r"fills.npy is not the file that was written"):
            read_array(path, expected)
