"""What holds for every unit test."""

from hypothesis import settings

# Hypothesis would fail an example that takes long; on a busy machine that says nothing about the code.
settings.register_profile("godploy", deadline=None)
settings.load_profile("godploy")
