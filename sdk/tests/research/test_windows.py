from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.research.windows import Step, steps


def test_windows_roll_or_are_anchored() -> None:
    assert steps(10, 4, 2, embargo=1, anchored=False) == [Step(0, 4, 5, 7), Step(2, 6, 7, 9)]
    assert steps(10, 4, 2, embargo=1, anchored=True) == [Step(0, 4, 5, 7), Step(0, 6, 7, 9)]


@settings(max_examples=40, deadline=None)
@given(
    bars=st.integers(4, 300), train=st.integers(2, 80), test=st.integers(2, 40),
    embargo=st.integers(0, 10), anchored=st.booleans(),
)  # fmt: skip
def test_nothing_is_traded_that_was_chosen_on(
    bars: int, train: int, test: int, embargo: int, anchored: bool
) -> None:
    if train + embargo + test > bars:
        with pytest.raises(UsageError, match="expected at most"):
            steps(bars, train, test, embargo=embargo, anchored=anchored)
        return
    found = steps(bars, train, test, embargo=embargo, anchored=anchored)
    traded = [bar for one in found for bar in range(one.begin, one.end)]
    assert traded == list(range(train + embargo, found[-1].end))
    assert bars - test < found[-1].end <= bars
    for number, one in enumerate(found):
        assert one.begin - one.chosen == embargo
        assert one.chosen - one.first == train + (number * test if anchored else 0)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [((9, 1, 2, 0), "train was 1"), ((9, 2, 1, 0), "test was 1"), ((9, 2, 2, -1), "embargo was")],
)
def test_lengths_out_of_bounds_are_refused(lengths: tuple[int, ...], message: str) -> None:
    bars, train, test, embargo = lengths
    with pytest.raises(UsageError, match=message):
        steps(bars, train, test, embargo=embargo, anchored=False)
