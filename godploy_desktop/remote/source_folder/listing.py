"""The files of a folder as they are now. Blocking: use it in a thread."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from godploy_desktop.remote.source_folder.rules import Everything, Rules
from godploy_server.contract import BadInput, Cancelled


@dataclass(frozen=True)
class Entry:
    """A file, folder or symbolic link. `path` is relative to the top, with /. `identity` changes whenever the content
    may have: size, times, inode."""

    path: str
    mode: int  # as stat has it, kind included
    size_bytes: int
    mtime_ns: int
    identity: tuple[int, int, int, int]
    link: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self.mode & stat.S_IXUSR)


def identity_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """Give what tells whether a file is still the one that was listed."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def list_folder(
    top: Path,
    rules: Rules | None = None,
    skipped: Callable[[str, str], None] = lambda _path, _what: None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> list[Entry]:
    """Give what counts of a folder, in the order of byte-wise sorted paths with every folder before what is in it.

    A folder that does not count is given when something in it does. `skipped` hears of sockets, pipes and devices,
    with what they are; links are never followed. What vanishes meanwhile is left out. Raises BadInput for a name
    that is no text and a folder that cannot be read, Cancelled once `is_wanted` says no.
    """
    return list(_list(top, "", rules or Everything(), skipped, is_wanted))


def _list(
    top: Path, folder: str, rules: Rules, skipped: Callable[[str, str], None], is_wanted: Callable[[], bool]
) -> Iterator[Entry]:
    if not is_wanted():
        raise Cancelled("Looking at the folder was cancelled", "it was asked to stop", "Start it again when you want")
    for found in _sorted(top / folder if folder else top):
        path = f"{folder}/{found.name}" if folder else found.name
        is_folder = found.is_dir(follow_symlinks=False)
        is_taken = rules.takes(path, is_folder=is_folder)
        if not is_taken and not (is_folder and rules.looks_into(path)):
            continue
        _check_name(path)
        try:
            entry = _entry(found, path)
        except FileNotFoundError:
            continue
        if entry is None:
            skipped(path, _kind(found.stat(follow_symlinks=False).st_mode))
            continue
        if not is_folder:
            yield entry
            continue
        inner = _list(top, path, rules.within(path), skipped, is_wanted)
        first = next(inner, None)
        if is_taken or first is not None:
            yield entry
        if first is not None:
            yield first
            yield from inner


def _sorted(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda each: os.fsencode(each.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(
            f"The folder {folder} cannot be read",
            error.strerror or str(error),
            "Let your account read it, or leave it out with .gitignore or .dockerignore",
        ) from error


def _entry(found: os.DirEntry[str], path: str) -> Entry | None:
    about = found.stat(follow_symlinks=False)
    if stat.S_ISLNK(about.st_mode):
        link = str(Path(found.path).readlink())
        _check_name(link)
        return Entry(path, about.st_mode, 0, about.st_mtime_ns, identity_of(about), link)
    if stat.S_ISREG(about.st_mode):
        return Entry(path, about.st_mode, about.st_size, about.st_mtime_ns, identity_of(about))
    if stat.S_ISDIR(about.st_mode):
        return Entry(path, about.st_mode, 0, about.st_mtime_ns, identity_of(about))
    return None


def _kind(mode: int) -> str:
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a named pipe" if stat.S_ISFIFO(mode) else "a device"


def _check_name(path: str) -> None:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "replace")
        raise BadInput(
            f"The name “{shown}” cannot be sent",
            "it is not text in UTF-8",
            "Rename the file, or leave it out with .gitignore or .dockerignore",
        ) from None
