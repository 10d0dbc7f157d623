"""What learning from labels that overlap in time needs to not fool itself.

A label that is known ten bars later shares nine of them with the next one, so that a thousand rows
are far from a thousand observations. After Lopez de Prado (2018), "Advances in financial machine
learning", chapters 4, 5 and 10, and (2020), "Machine learning for asset managers", chapter 2.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.checking import (
    Floats,
    Integers,
    at_least,
    chance,
    finite_array,
    whole_number,
)

_NORMAL = NormalDist()


def average_uniqueness(first: npt.ArrayLike, last: npt.ArrayLike) -> Floats:
    """Say what share of its bars each label has to itself: 1 for one that overlaps with none.

    Args:
        first: The bar each label begins with, shape (n,).
        last: The bar it is known at, shape (n,).

    Raises:
        UsageError: For lengths that differ, or a label that ends before it begins.
    """
    begin, end = _spans(first, last)
    change = np.zeros(int(end.max()) + 2)
    np.add.at(change, begin, 1.0)
    np.add.at(change, end + 1, -1.0)
    at_once = np.cumsum(change)[:-1]
    return _means(1.0 / np.maximum(at_once, 1.0), begin, end)


def sequential_bootstrap(
    first: npt.ArrayLike, last: npt.ArrayLike, *, draws: int | None = None, seed: int = 0
) -> Integers:
    """Draw labels with replacement, those sooner that overlap little with the ones drawn before.

    Args:
        first: The bar each label begins with, shape (n,).
        last: The bar it is known at, shape (n,).
        draws: Labels to draw; n unless given.
        seed: Of the chance.

    Returns:
        Positions of labels, shape (draws,).

    Raises:
        UsageError: For lengths that differ, or a label that ends before it begins.
    """
    begin, end = _spans(first, last)
    count = begin.size if draws is None else draws
    count = whole_number(count, 1, "draws")
    generator = chance(seed)
    drawn = np.empty(count, np.int64)
    for place in range(count):
        chances = draw_probabilities(begin, end, drawn[:place])
        drawn[place] = generator.choice(begin.size, p=chances)
    return drawn


def draw_probabilities(first: npt.ArrayLike, last: npt.ArrayLike, drawn: npt.ArrayLike) -> Floats:
    """Say how probable each label is to be drawn next by the sequential bootstrap.

    Args:
        first: The bar each label begins with, shape (n,).
        last: The bar it is known at, shape (n,).
        drawn: Positions of the labels drawn so far.

    Returns:
        Probabilities that add up to 1, shape (n,).
    """
    begin, end = _spans(first, last)
    taken = np.zeros(int(end.max()) + 1)
    for label in np.asarray(drawn, np.int64):
        taken[begin[label] : end[label] + 1] += 1.0
    unique = _means(1.0 / (1.0 + taken), begin, end)
    return np.asarray(unique / unique.sum(), np.float64)


def fractional_weights(order: float, count: int) -> Floats:
    """Weights of a difference of fractional order, the newest value's first, shape (count,).

    An order between 0 and 1 makes prices stationary and keeps some of their memory.

    Raises:
        UsageError: For a negative order, or no weights.
    """
    at_least(order, 0.0, "order")
    count = whole_number(count, 1, "count")
    k = np.arange(1, count)
    return np.concatenate(([1.0], np.cumprod(-(order - k + 1) / k)))


def bet_size(probability: float) -> float:
    """Size of a bet from -1 to 1, given the probability that its side is right; NaN outside 0 to 1.

    Nothing at one half, and everything at certainty only.
    """
    if not 0.0 <= probability <= 1.0:
        return math.nan
    if probability in {0.0, 1.0}:
        return 2.0 * probability - 1.0
    deviation = math.sqrt(probability * (1.0 - probability))
    return 2.0 * _NORMAL.cdf((probability - 0.5) / deviation) - 1.0


def noise_eigenvalues(observations_per_variable: float) -> tuple[float, float]:
    """Between what the eigenvalues of a correlation matrix of pure noise lie (Marchenko, Pastur).

    Args:
        observations_per_variable: Rows over columns of what the matrix was estimated from, 1 or
            more. Eigenvalues within the two say nothing.

    Raises:
        UsageError: For fewer rows than columns.
    """
    at_least(observations_per_variable, 1.0, "observations per variable")
    root = math.sqrt(1.0 / observations_per_variable)
    return (1.0 - root) ** 2, (1.0 + root) ** 2


def _spans(first: npt.ArrayLike, last: npt.ArrayLike) -> tuple[Integers, Integers]:
    begin, end = (finite_array(each, "labels", least=1).astype(np.int64) for each in (first, last))
    if begin.ndim != 1 or begin.shape != end.shape or not begin.size:
        raise UsageError(f"labels had shapes {begin.shape} and {end.shape}, expected one of both")
    if (begin < 0).any() or (end < begin).any():
        place = int(np.flatnonzero((begin < 0) | (end < begin))[0])
        raise UsageError(f"label {place} was from bar {begin[place]} to bar {end[place]}")
    return begin, end


def _means(values: Floats, begin: Integers, end: Integers) -> Floats:
    """Mean of the values over each span, ends included."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray((sums[end + 1] - sums[begin]) / (end - begin + 1), np.float64)
