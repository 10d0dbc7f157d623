"""Splits into what is learned from and what it is tried on, for rows that are not independent.

Combinatorial purged cross-validation of Lopez de Prado (2018), "Advances in financial machine
learning", chapters 7 and 12: the rows are cut into groups, every choice of some groups is tried on
in turn, and rows beside them are left out, for their labels overlap with those that are tried on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

import numpy as np

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.checking import Integers, whole_number


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split.

    Attributes:
        groups: The groups that are tried on.
        train: Rows to learn from, rising.
        test: Rows to try on, rising.
    """

    groups: tuple[int, ...]
    train: Integers
    test: Integers


def combinatorial_splits(
    rows: int, *, groups: int = 6, tested: int = 2, purge: int = 0, embargo: int = 0
) -> list[Split]:
    """Cut rows in order of time into all splits.

    Args:
        rows: How many there are.
        groups: Groups to cut them into, as equal as can be.
        tested: Groups that are tried on in each split.
        purge: Rows left out on both sides of what is tried on: as many as a label is long.
        embargo: Further rows left out after it, for what is remembered for longer.

    Raises:
        UsageError: For numbers that leave nothing to learn from or to try on.
    """
    rows = whole_number(rows, 1, "rows")
    groups, tested = whole_number(groups, 1, "groups"), whole_number(tested, 1, "tested")
    purge, embargo = whole_number(purge, 0, "purge"), whole_number(embargo, 0, "embargo")
    if not 1 <= tested < groups <= rows:
        raise UsageError(
            f"{tested} of {groups} groups were to be tried on in {rows} rows, "
            "expected fewer than all, and a row in each"
        )
    borders = np.linspace(0, rows, groups + 1).astype(int).tolist()
    blocks = list(pairwise(borders))
    found = []
    for chosen in combinations(range(groups), tested):
        test, spared = np.zeros(rows, bool), np.zeros(rows, bool)
        for group in chosen:
            begin, end = blocks[group]
            test[begin:end] = True
            spared[max(begin - purge, 0) : end + purge + embargo] = True
        train = np.flatnonzero(~(test | spared))
        if not train.size:
            raise UsageError(
                f"with groups {chosen} tried on nothing is left to learn from",
                hint="leave out fewer rows, or cut into more groups",
            )
        found.append(Split(chosen, train, np.flatnonzero(test)))
    return found


def path_count(groups: int, tested: int) -> int:
    """How many whole paths the tried-on groups of all splits can be put together to.

    Raises:
        UsageError: For numbers that are none of groups.
    """
    groups, tested = whole_number(groups, 1, "groups"), whole_number(tested, 1, "tested")
    return comb(groups, tested) * tested // groups
