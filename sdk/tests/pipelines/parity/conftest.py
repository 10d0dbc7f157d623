"""Lets the parity tests share modules with the tests of the host and of the engine."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.engine import Mode, run

if TYPE_CHECKING:
    from tradectl_sdk.engine import Outcome, Plan

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(TESTS / "nodes" / "host"), str(TESTS / "engine")]


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the backtest that a session is compared with in Python: to compile it takes seconds.

    That both give the same bytes is what the tests of the engine are about.
    """

    def run_in_python(plan: Plan, _: Mode) -> Outcome:
        return run(plan, Mode.INTERPRETED)

    # By its full name: the room also has a function of that name.
    module = importlib.import_module("tradectl_sdk.pipelines.parity.replay")
    monkeypatch.setattr(module, "run", run_in_python)
