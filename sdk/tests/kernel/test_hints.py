"""Hints change no result and never fail, wherever they point."""

from __future__ import annotations

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
