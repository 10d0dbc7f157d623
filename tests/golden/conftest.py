"""What the golden backtests share: the reference data and both modes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tradectl_sdk.engine import Mode

sys.path.insert(0, str(Path(__file__).parent))  # for the modules whose names begin with golden_

from golden_data import Shared


@pytest.fixture(scope="session")
def shared() -> Shared:
    """The folder of reference data beside the repository; skips by name where it is absent."""
    default = Path(__file__).resolve().parents[3] / "shared"
    return Shared(Path(os.environ.get("TRADECTL_SHARED", default)))


@pytest.fixture(params=[Mode.COMPILED, Mode.INTERPRETED])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Every case runs as machine code and as plain Python."""
    chosen: Mode = request.param
    return chosen
