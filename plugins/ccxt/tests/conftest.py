"""Lets the tests share a fake of Binance on the loopback interface."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for fake_binance


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded answers beside the repository; skips by name where it is absent."""
    default = Path(__file__).resolve().parents[4] / "shared"
    folder = Path(os.environ.get("TRADECTL_SHARED", default)) / "data" / "exchange_api"
    if not folder.is_dir():
        pytest.skip("shared data is absent: exchange_api")
    return folder
