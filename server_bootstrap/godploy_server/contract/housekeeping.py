"""Uploads, registries and what a server can do without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class UploadFile:
    """One file of a folder: its path with / as separator. A symbolic link has `link`, its target, and no content."""

    path: str
    size_bytes: int
    sha256: str = ""
    is_executable: bool = False
    link: str = ""


@dataclass(frozen=True)
class PrepareUpload:
    """The files of a folder that is to be deployed."""

    files: tuple[UploadFile, ...]
    name: str = ""  # of the folder, for the history


@dataclass(frozen=True)
class Upload:
    """Files on the server that a deployment can be built from. `missing` are the SHA-256 of contents that are still to
    be sent before it can be deployed."""

    id: str
    name: str
    size_bytes: int
    created_at: datetime
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registry:
    """An image registry that the server can log in at. The password is kept as a secret."""

    id: str
    host: str  # with port where it is not 443; "docker.io" for Docker Hub
    user: str
    checked_at: datetime | None


@dataclass(frozen=True)
class SetRegistry:
    """Log in at a registry; replaces the login of the same host. Kept only if the registry accepts it."""

    host: str
    user: str
    password: str


@dataclass(frozen=True)
class CleanupItem:
    """Something to remove. `what`: "image", "container", "build files", "upload", "git cache", "deploy key" or "build
    cache". A "volume" is shown but stays, since it may hold data: `why` says how a person removes it."""

    what: str
    name: str
    size_bytes: int
    last_used_at: datetime | None
    why: str  # one sentence: why nobody needs it


@dataclass(frozen=True)
class Cleanup:
    """What would go, or went; `size_bytes` is what it frees, without what stays."""

    items: tuple[CleanupItem, ...]
    size_bytes: int
