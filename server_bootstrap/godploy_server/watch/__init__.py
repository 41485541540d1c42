"""Health, crashes, metrics, disk."""
