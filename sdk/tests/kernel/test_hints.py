"""Hints change no result and never fail, wherever they point."""

from __future__ import annotations

import platform

import pytest
from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.kernel.hints import soon


class Sum:
    def __init__(self, ahead: int) -> None:
        self.values = [1.0, 2.0, 4.0]
        self.ahead = ahead

    def run(self) -> float:
        total = 0.0
        for k in range(len(self.values)):
            soon(self.values, k + self.ahead)
            total += self.values[k]
        return total


class Ahead:
    def __init__(self, count: int) -> None:
        self.values = [1.0, 2.0, 4.0]
        self.count = count

    def run(self) -> float:
        soon(self.values, 1, 96)
        return self.values[2]

    def run_with_a_count_of_its_own(self) -> None:
        soon(self.values, 1, self.count)

    def run_with_too_many(self) -> None:
        soon(self.values, 1, 2000)


class Lost:
    def __init__(self) -> None:
        self.value = 1.0

    def run(self) -> None:
        soon(self.value, 0)


@pytest.mark.parametrize("ahead", [0, 1, -5, 2**61])
def test_a_hint_may_point_anywhere(ahead: int) -> None:
    assert compile_kernel(Sum(ahead))(Sum(ahead)) == Sum(ahead).run() == 7.0


def test_a_hint_about_no_memory_is_refused() -> None:
    with pytest.raises(NotCompilableError, match=r"soon\(\) takes memory"):
        compile_kernel(Lost())


def test_a_hint_may_be_about_many_elements() -> None:
    assert compile_kernel(Ahead(96))(Ahead(96)) == Ahead(96).run() == 4.0


def test_a_hint_fetches_each_cache_line_once() -> None:
    program = compile_kernel(Ahead(96))._program
    prefetch_t0 = program.code.count(b"\x0f\x18")
    if platform.machine() != "x86_64":
        pytest.skip("counts an instruction of x86-64")
    assert prefetch_t0 == 12


@pytest.mark.parametrize("entry", ["run_with_a_count_of_its_own", "run_with_too_many"])
def test_a_count_that_is_no_literal_or_too_large_is_refused(entry: str) -> None:
    with pytest.raises(NotCompilableError, match=r"literal count of at most 1024"):
        compile_kernel(Ahead(96), entry)
