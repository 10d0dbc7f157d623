"""Which life of a node this is, counted on disk so that no life is taken for another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def next_epoch(path: Path) -> int:
    """Begin another life of the node whose lives are counted in a file.

    The number is on disk before it is used, so that a node which dies at once is followed by one
    with a larger number.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If it holds something else.
    """
    try:
        epoch = int(path.read_text(encoding="ascii")) + 1
    except FileNotFoundError:
        epoch = 1
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="ascii") as file:
        file.write(str(epoch))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return epoch
