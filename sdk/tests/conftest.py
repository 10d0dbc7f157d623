"""Fixtures for the SDK's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of reference data beside the repository; skips by name where it is absent."""
    default = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("TRADECTL_SHARED", default)) / "data"
    if not folder.is_dir():
        pytest.skip("shared data is absent: the folder itself")
    return folder
