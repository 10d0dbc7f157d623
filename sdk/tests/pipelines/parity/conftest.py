"""Lets the parity tests share modules with the tests of the host and of the engine."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(TESTS / "nodes" / "host"), str(TESTS / "engine")]
