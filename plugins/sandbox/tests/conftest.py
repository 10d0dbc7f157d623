"""Makes the helpers beside these tests importable."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Recorded answers of exchanges beside the repository; skips by name where they are absent."""
    default = Path(__file__).resolve().parents[4] / "shared"
    folder = Path(os.environ.get("TRADECTL_SHARED", default)) / "data" / "exchange_api"
    if not folder.is_dir():
        pytest.skip("shared data is absent: data/exchange_api")
    return folder
