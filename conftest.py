"""What holds for every test of the workspace."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "tests" / "second_look"))
pytest_plugins = ["second_look"]  # which also marks what lives in real time

# A property is judged by what holds, not by how fast a busy machine draws or runs an example.
settings.register_profile("workspace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workspace")
