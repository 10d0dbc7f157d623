"""What holds for every test of the workspace."""

from hypothesis import HealthCheck, settings

# A property is judged by what holds, not by how fast a busy machine draws or runs an example.
settings.register_profile("workspace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workspace")
