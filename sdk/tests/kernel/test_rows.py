"""Lists of kernels: one struct each, one code for all."""

from __future__ import annotations

import pytest
from tradectl_sdk.errors import KernelRaisedError, NotCompilableError
from tradectl_sdk.kernel import compile_kernel


class Counter:
    def __init__(self, step: int) -> None:
        self.step, self.total = step, 0

    def tick(self) -> int:
        self.total += self.step
        return self.total


class Shelf:
    def __init__(self, counters: list, first: int = 0) -> None:
        self.counters, self.first, self.last = counters, first, 0

    def run(self) -> int:
        for k in range(self.first, len(self.counters)):
            self.last = self.counters[k].tick()
        return self.counters[-1].total


def test_each_kernel_of_a_list_keeps_its_own_state() -> None:
    shelf = Shelf([Counter(1), Counter(2), Counter(3)])

    assert compile_kernel(shelf)(shelf) == 3
    assert [counter.total for counter in shelf.counters] == [1, 2, 3]


def test_the_length_of_a_list_of_several_kernels_is_no_part_of_the_shape() -> None:
    compiled = compile_kernel(Shelf([Counter(1), Counter(2)]))
    longer = Shelf([Counter(k) for k in range(5)])

    assert compiled(longer) == 4


def test_one_kernel_twice_in_a_list_is_one_object() -> None:
    twice = Counter(5)
    shelf = Shelf([twice, twice])

    assert compile_kernel(shelf)(shelf) == 10
    assert twice.total == 10


def test_an_index_beyond_the_list_raises() -> None:
    shelf = Shelf([Counter(1)], first=-9)

    with pytest.raises(KernelRaisedError, match="IndexError"):
        compile_kernel(shelf)(shelf)


def test_kernels_that_do_not_look_alike_are_refused() -> None:
    odd = Counter(1)
    odd.total = 0.5

    with pytest.raises(NotCompilableError, match="unlike kernels"):
        compile_kernel(Shelf([Counter(1), odd]))
