"""What the tests of the strategies share: a folder on the path, a cache of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the user's cache of machine code alone; all modules share another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADECTL_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "strategies"))
        yield
