"""In which ways a service can be deployed, by where it comes from. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from godploy_desktop.ui.models import words
from godploy_server.contract import ArchiveSource, BadInput, Deployment, FolderSource, GitSource, ImageSource, Service

_HASH: Final = re.compile(r"[0-9a-f]{7,64}")
_CHOICES: Final = 12


class Way(StrEnum):
    """What a deployment begins from."""

    NEWEST = "newest"  # what the source names: a branch's newest commit, a tag, an image
    COMMIT = "commit"
    SEND = "send"  # the folder as it is now on this computer
    LAST_UPLOAD = "last-upload"  # what the server was sent last


ICONS: Final = {
    Way.NEWEST: "rocket",
    Way.COMMIT: "git-commit-horizontal",
    Way.SEND: "upload",
    Way.LAST_UPLOAD: "history",
}


def ways(service: Service, computer: str) -> tuple[Way, ...]:
    """Give back the ways of a service as seen from `computer`; the first is what "Deploy" does."""
    match service.settings.source:
        case GitSource():
            return (Way.NEWEST, Way.COMMIT)
        case FolderSource(computer=owner):
            return (Way.SEND, Way.LAST_UPLOAD) if owner == computer else (Way.LAST_UPLOAD,)
        case ArchiveSource():
            return (Way.LAST_UPLOAD,)
        case ImageSource():
            return (Way.NEWEST,)


def button_words(way: Way) -> str:
    """Give back what the button in the head of the page says."""
    return "Send and deploy" if way is Way.SEND else "Deploy"


def menu_words(way: Way, service: Service) -> str:
    """Give back what the menu says of a way."""
    source = service.settings.source
    match way:
        case Way.NEWEST if isinstance(source, GitSource) and source.commit:
            return f"Deploy commit {words.short_commit(source.commit)}"
        case Way.NEWEST if isinstance(source, GitSource) and source.tag:
            return f"Deploy tag {source.tag}"
        case Way.NEWEST if isinstance(source, GitSource):
            return f"Deploy the newest of {source.branch}"
        case Way.NEWEST:
            return "Deploy the image"
        case Way.COMMIT:
            return "Deploy a commit…"
        case Way.SEND:
            return "Send the folder and deploy"
        case Way.LAST_UPLOAD:
            return "Deploy the last upload"


def has_plan(service: Service) -> bool:
    """Whether there is something to build, so that it can be said how."""
    return not isinstance(service.settings.source, ImageSource)


def check_commit(text: str) -> str:
    """Give back a commit's hash in lower case; raises BadInput."""
    commit = text.strip().lower()
    if not _HASH.fullmatch(commit):
        raise BadInput(
            f"“{text}” is not a commit", "a commit is named by 7 to 64 digits of its hash", "Correct the commit"
        )
    return commit


def known_commits(deployments: Iterable[Deployment]) -> dict[str, str]:
    """Give back commits that were deployed, newest first: the full hash to what a list shows."""
    found: dict[str, str] = {}
    for each in deployments:
        if each.commit and len(found) < _CHOICES:
            found.setdefault(each.commit, f"{words.short_commit(each.commit)}  {each.commit_message}".strip())
    return found
