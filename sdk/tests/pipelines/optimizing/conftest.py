from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for sought

from sought import market

if TYPE_CHECKING:
    from tradectl_sdk import Bars


@pytest.fixture(scope="session")
def bars() -> Bars:
    return market()
