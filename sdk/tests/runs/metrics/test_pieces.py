from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.metrics import drawdown, pieces
from tradectl_sdk.runs.metrics.sample import Sample

PIECE = pieces.PIECE


@given(st.integers(0, 3 * PIECE), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_sum_in_pieces_is_the_sum_of_the_whole_to_the_last_bit(size: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(size) ** 3
    total, squares = pieces.sums(size, lambda part: (values[part], np.square(values[part])))
    assert total == values.sum()
    assert squares == np.square(values).sum()


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE + 3])
def test_pieces_come_in_order_and_leave_nothing_out(size: int) -> None:
    seen = np.concatenate([np.arange(size)[part] for part in pieces.pieces(size)])
    assert np.array_equal(seen, np.arange(size))


# What a curve's drawdowns are in one piece, as they are defined.
def _whole(levels, initial):
    peaks = np.maximum(np.maximum.accumulate(levels), initial)
    depth = 1.0 - levels / peaks
    under = np.concatenate(([False], depth > 0, [False]))
    edges = np.flatnonzero(under[1:] != under[:-1])
    starts, ends = edges[::2], edges[1::2]
    depths = [depth[a:b].max() for a, b in zip(starts, ends, strict=True)]
    return depth, starts, ends, depths


@given(st.integers(1, 150), st.integers(0, 2**32), st.floats(0.5, 2.0), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_drawdowns_do_not_depend_on_where_the_curve_is_cut(
    size: int, seed: int, initial: float, piece: int
) -> None:
    draw = np.random.default_rng(seed)
    levels = np.round(1.0 + np.cumsum(draw.standard_normal(size)) / 20, 2)
    levels = np.maximum(levels, 0.01)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", 16 * piece)
        found = drawdown.find_drawdowns(np.arange(size) * 10**9, levels, initial)
        recovery = found.max_drawdown_recovery
    depth, starts, ends, depths = _whole(levels, initial)
    assert found.depth.tobytes() == depth.tobytes()
    assert found.starts.tolist() == starts.tolist()
    assert found.ends.tolist() == ends.tolist()
    assert found.depths.tolist() == depths
    assert found.pain_index == pytest.approx(depth.mean(), rel=1e-12, abs=1e-15)
    if depths and ends[int(np.argmax(depths))] < size:
        deepest = int(np.argmax(depths))
        trough = starts[deepest] + int(depth[starts[deepest] : ends[deepest]].argmax())
        assert recovery == (ends[deepest] - trough) / 86_400


@pytest.mark.parametrize("row", [0, 3, PIECE - 1, PIECE, PIECE + 2])
def test_a_bad_point_is_named_wherever_it_is(row: int) -> None:
    equity, time = np.ones(PIECE + 5), np.arange(PIECE + 5)
    equity[row] = np.nan
    with pytest.raises(DataError, match=f"equity at row {row} was nan"):
        Sample(time=time, equity=equity, initial_equity=1.0)
    time[row + 1 :] -= 2
    with pytest.raises(DataError, match=f"went back at row {row + 1}"):
        Sample(time=time, equity=np.ones(PIECE + 5), initial_equity=1.0)
