"""Lets these tests use the workbench and the gambler of the engine's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sdk" / "tests" / "engine"))
sys.path.insert(0, str(Path(__file__).parent))
