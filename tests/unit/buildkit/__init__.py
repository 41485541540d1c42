"""Builds through BuildKit sessions."""
