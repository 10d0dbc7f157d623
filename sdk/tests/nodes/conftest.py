"""What the tests of all nodes share."""

from __future__ import annotations

import gc
import types
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)


@pytest.fixture
def kept() -> Callable[[Any], int]:
    """Counts the objects that something keeps in memory, itself and all it leads to."""
    return count


def count(whole: Any) -> int:
    found: dict[int, Any] = {}
    todo = [whole]
    while todo:
        one = todo.pop()
        if id(one) not in found and not isinstance(one, SHARED):
            found[id(one)] = one
            todo += gc.get_referents(one)
    return len(found)
