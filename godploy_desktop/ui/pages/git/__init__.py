"""Accounts at git hosts: signing in, choosing a repository. What speaks with hosts is loaded when it is first used."""
