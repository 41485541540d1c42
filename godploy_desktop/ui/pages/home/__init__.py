"""The first run and the dashboard."""
