"""Where attributes live while compiled code runs: alone in registers, or where others see them."""

from __future__ import annotations

import numpy as np
import pytest
from tradectl_sdk.errors import KernelRaisedError
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.kernel.census import take_census
from tradectl_sdk.kernel.kinds import Buffer


class Sum:
    def __init__(self, step: float) -> None:
        self.step, self.total, self.ring = step, 0.0, [0.0] * 3

    def add(self, x: float) -> float:
        self.total += self.step * x
        self.ring[int(x) % 3] = self.total
        return self.total


class Pair:
    def __init__(self) -> None:
        self.one, self.two, self.result = Sum(1.0), Sum(10.0), 0.0

    def run(self) -> None:
        for k in range(9):
            chosen = self.one if k % 2 else self.two
            self.result += chosen.add(float(k)) - self.one.total + chosen.ring[k % 3]


def test_a_variable_may_hold_now_one_kernel_now_another_that_looks_alike(both_ways) -> None:
    both_ways(Pair())


def test_merged_kernels_are_found_in_the_cache_and_bound_to_their_own_memory() -> None:
    compiled = compile_kernel(Pair())
    pair, twin = Pair(), Pair()
    compiled(pair)
    twin.run()
    assert (pair.result, pair.one.total, pair.two.ring) == (
        twin.result,
        twin.one.total,
        twin.two.ring,
    )


def test_kernels_that_look_alike_share_a_struct_only_where_one_list_holds_them() -> None:
    class Root:
        def __init__(self) -> None:
            self.first, self.second = Sum(1.0), Sum(2.0)
            self.several = [Sum(3.0), Sum(4.0)]

    census = take_census(Root())
    _, first, second, third, fourth = census.numbers
    assert len({first, second, third}) == 3
    assert third == fourth
    assert [struct.single for struct in census.shape.structs] == [True, True, True, False]


class Memories:
    def __init__(self, first: object, second: object) -> None:
        self.first, self.second, self.seen = first, second, 0.0

    def run(self) -> None:
        for k in range(4):
            before = self.second[k]
            self.first[k] = before + 1.0
            self.seen += self.second[k] - before


@pytest.mark.parametrize("shared", [True, False])
def test_one_list_under_two_names_is_one_memory(both_ways, shared) -> None:
    def memories() -> Memories:
        first = [1.0] * 4
        return Memories(first, first if shared else [1.0] * 4)

    both_ways(memories())
    kernel = memories()
    kernel.run()
    assert kernel.seen == (4.0 if shared else 0.0)


def test_views_that_overlap_are_one_memory(both_ways) -> None:
    def memories() -> Memories:
        view = memoryview(np.zeros(6))
        return Memories(view[1:5], view[:4])

    both_ways(memories(), memories())
    column = np.zeros(6)
    fields = take_census(Memories(column[1:5], column[:4])).shape.structs[0].fields
    apart = take_census(Memories(column[:3], column[3:])).shape.structs[0].fields
    assert len({f.kind.alias for f in fields if isinstance(f.kind, Buffer)}) == 1
    assert len({f.kind.alias for f in apart if isinstance(f.kind, Buffer)}) == 2


class Watched:
    """Counts in the loop; what a rare call sees of it has to be the present."""

    def __init__(self, stop: int) -> None:
        self.stop, self.count, self.hidden, self.table = stop, 0, 0, [0] * 10

    def run(self) -> int:
        for k in range(100):
            self.count += 1
            self.hidden += k
            if self.count % 10 == 0:
                self.look(k)
        return self.hidden

    def look(self, k: int) -> None:
        if self.count > self.stop:
            raise ValueError("far enough")
        self.table[k // 10] = self.count
        total = 0
        for one in self.table:
            total += one * one // 3 + one % 7 - (one ^ 5) // 2 + (one << 2) % 11
        for one in self.table:
            total -= one * one // 5 + one % 9 - (one ^ 3) // 4 + (one << 3) % 13
        self.table[0] = total % 1000


def test_what_a_call_sees_is_the_present(both_ways) -> None:
    assert both_ways(Watched(1000)) == 4950


def test_attributes_hold_the_moment_something_was_raised() -> None:
    kernel, twin = Watched(35), Watched(35)
    with pytest.raises(KernelRaisedError):
        compile_kernel(kernel)(kernel)
    with pytest.raises(ValueError, match="far enough"):
        twin.run()
    assert (kernel.count, kernel.hidden, kernel.table) == (twin.count, twin.hidden, twin.table)
    assert kernel.count == 40
