"""Paths and links of files that others sent: which may be written below a folder. Nothing here follows a link."""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from godploy_server.contract import BadInput

LONGEST_PATH_BYTES: Final = 1024
LONGEST_PART_BYTES: Final = 255  # of one name, on every Linux file system
MOST_PARTS: Final = 100
MOST_FILES: Final = 200_000


def check_path(path: str) -> str:
    """Give back `path` if a file below a folder may be called so: relative, / as separator, no `.` or `..`.

    Raises BadInput naming it.
    """
    problem = _problem_of(path)
    if problem:
        raise refused(path, problem)
    return path


def _problem_of(path: str) -> str:
    if "\0" in path:
        return "it holds a NUL character"
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if path.startswith("/"):
        return "it is absolute"
    parts = encoded.split(b"/")
    if b".." in parts:
        return "it leads out of the folder"
    if b"" in parts or b"." in parts:
        return "it has an empty part"
    if len(parts) > MOST_PARTS:
        return f"it has more than {MOST_PARTS} parts"
    if len(encoded) > LONGEST_PATH_BYTES or max(map(len, parts)) > LONGEST_PART_BYTES:
        return f"it is longer than {LONGEST_PATH_BYTES} bytes, or one name in it than {LONGEST_PART_BYTES}"
    return ""


def check_link(path: str, target: str) -> str:
    """Give back the target of the symbolic link at `path` if it stays below the folder. Raises BadInput.

    What it says is looked at, not what is there: `write_links` looks again at what it comes to.
    """
    if not target or "\0" in target or len(target.encode(errors="replace")) > LONGEST_PATH_BYTES:
        raise refused(path, "its target is empty or too long")
    leads_to = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or leads_to == ".." or leads_to.startswith("../"):
        raise refused(path, f"it is a link that leads out of the folder, to {printable(target)}")
    return target


def make_parents(folder: Path, path: str, on_made: Callable[[], None] = lambda: None) -> Path:
    """Make the folders that a file is to lie in and give its place; `on_made` is called for each that is new.

    Raises BadInput if a file or link is in the way.
    """
    place = folder
    *parents, last = path.split("/")
    for part in parents:
        place /= part
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode=0o755)
            on_made()
        if place.is_symlink() or not place.is_dir():
            raise refused(path, "something in its path is not a folder")
    return place / last


def make_anew(folder: Path) -> None:
    """Make a folder that is empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755, parents=True)


def write_links(folder: Path, links: Iterable[tuple[str, str]]) -> None:
    """Make symbolic links (path, target) below `folder`, after all of its files. Raises BadInput for one that leads
    out, also by way of others, or that stands where something is already."""
    made = []
    for path, target in links:
        place = make_parents(folder, check_path(path))
        if os.path.lexists(place):
            raise refused(path, "something else has the same path")
        place.symlink_to(check_link(path, target))
        made.append((path, place))
    root = folder.resolve()
    for path, place in made:
        if not Path(os.path.realpath(place)).is_relative_to(root):
            raise refused(path, "it is a link that leads out of the folder")


def refused(path: str, why: str) -> BadInput:
    """Give the error for a file that cannot be taken."""
    return BadInput(
        f"The file “{printable(path)}” cannot be taken", why, "Leave it out, or correct it, and send the rest again"
    )


def printable(text: str) -> str:
    """Give a name as a message may show it."""
    return "".join(each if each.isprintable() else "?" for each in text[:200])
