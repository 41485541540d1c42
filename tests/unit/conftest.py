"""What holds for every unit test."""

from hypothesis import HealthCheck, settings

# Hypothesis would fail an example that takes long; on a busy machine that says nothing about the code.
settings.register_profile("godploy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("godploy")
