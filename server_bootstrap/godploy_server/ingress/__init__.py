"""Traefik: static configuration, dynamic files, certificates."""
