"""One browser for all tests, and a report for it to open."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for browser

from browser import PROGRAM, Browser

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium; skips by name where there is none."""
    if PROGRAM is None:
        pytest.skip("no Chromium is installed here")
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found
