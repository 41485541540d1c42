"""Recorded models: what servers might say, built from the contract's types, the same on every run."""
