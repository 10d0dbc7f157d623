"""Fixtures for the benchmark's tests. Nothing here looks at a clock."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # benchmarks is a package of the repository, not of a distribution


@pytest.fixture(scope="session")
def peers() -> Any:
    """The module of data and rules that the other engines were measured with."""
    shared = Path(os.environ.get("TRADECTL_SHARED", ROOT.parent / "shared"))
    path = shared / "peers" / "common.py"
    if not path.is_file():
        pytest.skip("shared data is absent: peers/common.py")
    spec = importlib.util.spec_from_file_location("peers_common", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
