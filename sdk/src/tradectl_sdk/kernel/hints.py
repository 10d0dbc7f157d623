"""Hints to machine code that change no result; in plain Python they do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def soon(memory: Sequence[float], place: int, count: int = 1) -> None:
    """Say that elements will be read soon, so that the wait for memory begins now.

    Args:
        memory: A list, array or memoryview of one dimension.
        place: Index of the first element, which need not exist.
        count: How many from there on; a literal or a constant of the module.
    """
