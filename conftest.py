"""What holds for every test of the workspace."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tests" / "second_look"))
pytest_plugins = ["second_look"]  # which also marks what lives in real time

# A property is judged by what holds, not by how fast a busy machine draws or runs an example.
settings.register_profile("workspace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workspace")

# The user's cache of machine code is left alone. One for all tests, workers and runs is as good as
# an empty one each, for nothing makes it stale; tests that are about compiling have their own.
os.environ["TRADECTL_CACHE_DIR"] = str(ROOT / ".pytest_cache" / "machine-code")
