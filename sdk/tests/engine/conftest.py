"""Lets the engine's tests share a workbench module, and weighs what they hold in memory."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tradectl_sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

sys.path.insert(0, str(Path(__file__).parent))

# What the runner of the tests reads in a thread of its own, when it likes, is nobody's growth.
OURS = [
    tracemalloc.Filter(inclusive=True, filename_pattern=str(folder / "*"))
    for folder in (Path(tradectl_sdk.__file__).parent, Path(__file__).parent)
]


@pytest.fixture
def held() -> Iterator[Callable[[], int]]:
    """Weighs, in bytes, what our code has allocated since the test began and still holds."""
    tracemalloc.start()
    yield weigh
    tracemalloc.stop()


def weigh() -> int:
    gc.collect()
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(OURS).traces)
