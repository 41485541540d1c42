"""Repositories of an account, in words. Pure functions."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from godploy_desktop.git_hosting.values import Repository
from godploy_desktop.ui.models import words

SEARCH_DELAY_MS: Final = 300
"""How long typing rests before the host is asked."""


def repository_icon(repository: Repository) -> str:
    """Give back the icon that tells private from public."""
    return "lock" if repository.is_private else "globe"


def repository_detail(repository: Repository) -> str:
    """Give back the line below a repository's name: what it is, or why it cannot be linked."""
    if not repository.can_administer:
        return "Only an administrator of it can add the deploy key and the webhook"
    return repository.description.strip().partition("\n")[0] or ("Private" if repository.is_private else "Public")


def changed_words(repository: Repository, now: datetime) -> str:
    """Give back when it was changed last, "" where the host does not say."""
    return words.ago(repository.updated_at, now) if repository.updated_at is not None else ""


def found_words(count: int, search: str, *, has_more: bool) -> str:
    """Give back how many repositories are listed."""
    if not count:
        return f"No repository fits “{search}”" if search else "This account reaches no repository"
    return f"The first {count}: search for others" if has_more else words.counted(count, "repository", "repositories")
