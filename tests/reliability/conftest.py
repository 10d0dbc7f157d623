"""Lets the tests of reliability share the scene of those of sessions, and their own."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE))
sys.path.append(str(HERE.parents[1] / "sdk" / "tests" / "pipelines" / "sessions"))
