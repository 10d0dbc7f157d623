"""Tables whose size is part of the code: tuples of a module, lists of the only element."""

from __future__ import annotations

import pytest
from tradectl_sdk.errors import KernelRaisedError
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.kernel.census import take_census

STEPS = (3, -5, 7, 2**61)


class Reader:
    def __init__(self, index: int) -> None:
        self.index, self.found = index, 0

    def run(self) -> int:
        self.found = STEPS[self.index]
        return self.found - STEPS[1] + STEPS[-1]


@pytest.mark.parametrize("index", [0, 2, 3, -1, -4])
def test_a_tuple_of_a_module_takes_any_index(both_ways, index) -> None:
    both_ways(Reader(index))


@pytest.mark.parametrize("index", [4, -5, 2**62])
def test_an_index_beyond_a_tuple_raises_what_python_raises(index) -> None:
    with pytest.raises(KernelRaisedError, match="tuple index out of range"):
        compile_kernel(Reader(index))(Reader(index))
    with pytest.raises(IndexError, match="tuple index out of range"):
        Reader(index).run()


class Ledger:
    ONE_IS_KNOWN = True

    def __init__(self, lots: list[int], index: int, other: list[int]) -> None:
        self.lots, self.index, self.other, self.result = lots, index, other, 0

    def run(self) -> int:
        self.lots[self.index] += 4
        self.other[self.index] -= 1
        chosen = self.lots if self.result == 0 else self.other
        self.result = chosen[self.index] + len(self.lots)
        return self.result


@pytest.mark.parametrize("index", [0, -1])
def test_the_one_element_of_a_list_is_found_from_both_ends(both_ways, index) -> None:
    both_ways(Ledger([5], index, [6]))
    both_ways(Ledger([5], index, [6, 7]))  # a variable that holds a list of one, or of two


@pytest.mark.parametrize("index", [1, -2, 2**63 - 1, -(2**63)])
def test_an_index_beyond_the_one_element_raises(index) -> None:
    ledger = Ledger([5], index, [6])

    with pytest.raises(KernelRaisedError, match="list index out of range"):
        compile_kernel(ledger)(ledger)
    assert ledger.lots == [5]


def test_code_for_one_element_is_not_run_on_several() -> None:
    one, two = Ledger([5], 0, [6]), Ledger([5, 6], 0, [6])

    assert take_census(one).shape != take_census(two).shape
    assert take_census(two).shape == take_census(Ledger([5, 6, 7], 0, [6])).shape


def test_other_classes_do_not_tell_a_list_of_one_from_a_longer_one() -> None:
    class Window:
        def __init__(self, length: int) -> None:
            self.ring = [0.0] * length

    assert take_census(Window(1)).shape == take_census(Window(9)).shape
