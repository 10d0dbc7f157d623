"""A small kernel that shows whether strategies can be compiled on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tradectl_sdk.kernel import compile_kernel

if TYPE_CHECKING:
    from collections.abc import Callable


class Probe:
    """Adds up a falling series, as an indicator would."""

    def __init__(self) -> None:
        self.total = 0.0

    def run(self) -> float:
        """Return the sum of 1/n for n from 1 to 1000."""
        for number in range(1, 1001):
            self.total += 1.0 / number
        return self.total


def compile_and_compare(notify: Callable[[str], None]) -> float:
    """Compile the probe, run it both ways and return how long compiling took.

    Args:
        notify: Told before a compilation that takes time.

    Returns:
        Seconds; about 0.01 where the machine code was on disk.

    Raises:
        ArithmeticError: Machine code and Python gave different numbers.
        TradectlError: It cannot be compiled.
        OSError: The compiler is there and does not work.
    """
    started = time.perf_counter()
    compiled = compile_kernel(Probe(), notify=notify)
    seconds = time.perf_counter() - started
    fast, plain = compiled(Probe()), Probe().run()
    if fast != plain:
        raise ArithmeticError(f"machine code gave {fast!r}, Python gave {plain!r}")
    return seconds
