"""Counts of the book, rows of skfolio's documentation (G14 of the golden list), and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.splits import combinatorial_splits, path_count


@pytest.mark.parametrize(("groups", "splits", "paths"), [(6, 15, 5), (10, 45, 9)])
def test_counts_of_the_book(groups: int, splits: int, paths: int) -> None:
    assert len(combinatorial_splits(60, groups=groups, tested=2)) == splits
    assert path_count(groups, 2) == paths


@pytest.mark.parametrize(
    ("options", "train"),
    [
        ({}, [[8, 9, 10, 11], [4, 5, 6, 7], [0, 1, 2, 3]]),
        ({"purge": 1}, [[9, 10, 11], [5, 6], [0, 1, 2]]),
        ({"embargo": 1}, [[9, 10, 11], [5, 6, 7], [0, 1, 2, 3]]),
    ],
)
def test_rows_of_another_library(options: dict[str, int], train: list[list[int]]) -> None:
    found = combinatorial_splits(12, groups=3, tested=2, **options)
    assert [each.train.tolist() for each in found] == train
    assert [each.groups for each in found] == [(0, 1), (0, 2), (1, 2)]


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(40, 90), groups=st.integers(3, 6), tested=st.integers(1, 2),
    purge=st.integers(0, 2), embargo=st.integers(0, 2),
)  # fmt: skip
def test_nothing_is_learned_beside_what_is_tried_on(
    rows: int, groups: int, tested: int, purge: int, embargo: int
) -> None:
    found = combinatorial_splits(rows, groups=groups, tested=tested, purge=purge, embargo=embargo)
    seen = np.zeros(rows, int)
    for split in found:
        seen[split.test] += 1
        apart = split.train[:, None] - split.test[None, :]
        assert ((apart > purge + embargo) | (apart < -purge)).all()
    assert (seen == path_count(groups, tested)).all()


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(UsageError, match="expected fewer than all"):
        combinatorial_splits(12, groups=3, tested=3)
    with pytest.raises(UsageError, match="nothing is left to learn from"):
        combinatorial_splits(12, groups=3, tested=2, purge=4)
