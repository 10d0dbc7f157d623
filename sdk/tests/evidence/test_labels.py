"""Small numbers of the books (G24 of the golden list), and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import labels

FIRST, LAST = [1, 3, 5], [3, 4, 6]


def test_uniqueness_of_the_book() -> None:
    assert labels.average_uniqueness(FIRST, LAST) == pytest.approx([5 / 6, 3 / 4, 1])


def test_sequential_bootstrap_of_the_book() -> None:
    assert labels.draw_probabilities(FIRST, LAST, []) == pytest.approx([1 / 3] * 3)
    assert labels.draw_probabilities(FIRST, LAST, [1]) == pytest.approx([5 / 14, 3 / 14, 6 / 14])


def test_weights_sizes_and_eigenvalues_of_the_books() -> None:
    weights = labels.fractional_weights(0.5, 5)
    assert weights == pytest.approx([1, -0.5, -0.125, -0.0625, -0.0390625])
    assert labels.fractional_weights(1.0, 4) == pytest.approx([1, -1, 0, 0])
    assert labels.bet_size(0.6) == pytest.approx(0.16174, abs=5e-6)
    assert labels.bet_size(0.4) == pytest.approx(-labels.bet_size(0.6))
    assert [labels.bet_size(p) for p in (0.0, 0.5, 1.0)] == [-1.0, 0.0, 1.0]
    assert math.isnan(labels.bet_size(1.1))
    assert labels.noise_eigenvalues(10) == pytest.approx((0.46754, 1.73246), abs=5e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=12))
def test_uniqueness_is_that_of_a_plain_loop(spans: list[tuple[int, int]]) -> None:
    first = np.array([begin for begin, _ in spans])
    last = first + [length for _, length in spans]
    found = labels.average_uniqueness(first, last)
    for label, (begin, end) in enumerate(zip(first, last, strict=True)):
        at_once = [((first <= bar) & (bar <= last)).sum() for bar in range(begin, end + 1)]
        assert found[label] == pytest.approx(np.mean([1 / count for count in at_once]))


def test_drawing_in_sequence_overlaps_less_than_drawing_blindly() -> None:
    first = np.arange(40)
    last = first + 9
    drawn = [labels.sequential_bootstrap(first, last, draws=20, seed=seed) for seed in range(8)]
    blind = [np.random.default_rng(seed).integers(0, 40, 20) for seed in range(8)]
    sequential, independent = (
        np.mean([labels.average_uniqueness(first[d], last[d]).mean() for d in draws])
        for draws in (drawn, blind)
    )
    assert sequential > independent
    assert np.array_equal(drawn[0], labels.sequential_bootstrap(first, last, draws=20, seed=0))


def test_labels_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="label 1 was from bar 3 to bar 2"):
        labels.average_uniqueness([1, 3], [2, 2])
    with pytest.raises(UsageError, match="shapes"):
        labels.average_uniqueness([1, 3], [2])
    with pytest.raises(UsageError, match="observations per variable"):
        labels.noise_eigenvalues(0.5)
