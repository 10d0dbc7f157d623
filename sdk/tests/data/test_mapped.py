"""Memory that mapped columns take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data.mapped import load_mapped, release, store_mapped

if TYPE_CHECKING:
    from tradectl_sdk.data.bars import IntColumn

ROWS = 200_000
MAPS = Path("/proc/self/smaps")


@pytest.fixture
def columns() -> dict[str, IntColumn]:
    names = ("time", "open", "high", "low", "close", "volume")
    return {name: np.arange(ROWS, dtype=np.int64) + i for i, name in enumerate(names)}


def resident(path: Path) -> int:
    """Bytes of a file in the memory of this process."""
    lines = iter(MAPS.read_text().splitlines())
    sizes = [next(s for s in lines if s.startswith("Rss:")) for x in lines if str(path) in x]
    return sum(int(size.split()[1]) * 1024 for size in sizes)


@pytest.mark.skipif(not MAPS.exists(), reason="this system does not tell what is in memory")
def test_a_released_copy_leaves_memory_and_reads_the_same_again(
    tmp_path: Path, columns: dict[str, IntColumn]
) -> None:
    path = tmp_path / "columns.npy"
    store_mapped(path, columns)
    mapped = load_mapped(path, ROWS)
    assert mapped is not None
    total = sum(int(column.sum()) for column in mapped.values())
    assert resident(path) > ROWS * 8 * 5
    release(mapped["close"][10:])
    assert resident(path) < ROWS * 8
    assert sum(int(column.sum()) for column in mapped.values()) == total


def test_a_column_in_ordinary_memory_is_left_alone(columns: dict[str, IntColumn]) -> None:
    release(columns["time"])
    assert columns["time"][-1] == ROWS - 1
