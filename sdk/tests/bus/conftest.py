"""Lets the bus's tests share modules, and gives them a folder for sockets."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).parent))  # for bus_parts and fake_wire


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A private folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bus-", dir="/tmp") as folder:
        yield Path(folder)
