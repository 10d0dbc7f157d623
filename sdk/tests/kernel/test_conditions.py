"""Comparisons that are decided together give what they give one after another."""

from __future__ import annotations

import itertools
import math

import pytest


class Between:
    """Asks the same of every combination in several ways, and notes each answer."""

    def __init__(self, values: list[float]) -> None:
        self.values = values
        self.last = math.nan
        self.most = 2
        self.asked = 0
        self.answers = 0

    @property
    def counted(self) -> int:
        self.asked += 1
        return self.asked

    def run(self) -> int:
        for value in self.values:
            now = value
            if now > 0.5 and self.last <= self.most and now >= self.last:
                self.answers += 1
            elif (now < 0.5 and self.last >= 0.5) or (self.most > 3 and now < self.last):
                self.answers += 100
            if not (self.last < now < self.most) and self.counted > 3:
                self.answers += 10_000
            if self.most < 3 and now > 1.0 and self.counted < 9 and now < 3.0:
                self.answers += 1_000_000
            self.last = now
        return self.answers


class Lazy:
    """The last comparison may only be made when those before it hold."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.values = [1.0, 2.0]
        self.found = 0

    def run(self) -> int:
        if self.place >= 0 and self.place < 2 and self.values[self.place] > 1.5:
            self.found = 1
        return self.found


@pytest.mark.parametrize("most", [2, 4])
def test_what_is_decided_together_is_what_python_decides(both_ways, most):
    some = [0.0, 0.5, 1.5, 2.0, math.nan, math.inf]
    between = Between([value for pair in itertools.product(some, some) for value in pair])
    between.most = most
    both_ways(between)
    assert between.answers > 0


@pytest.mark.parametrize(("place", "found"), [(-1, 0), (0, 0), (1, 1), (2, 0), (900, 0)])
def test_what_may_raise_waits_for_what_stands_before_it(both_ways, place, found):
    assert both_ways(Lazy(place)) == found
