"""Which paths a build means when it names some: links are followed, inside the folder only. Blocking.

Source: tonistiigi/fsutil, followlinks.go.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MOST_LINKS: Final = 255


def follow_links(top: Path, paths: Iterable[str]) -> list[str]:
    """Give patterns for the paths themselves, every link on the way to them and what those lead to. An empty list
    means the whole folder."""
    found: dict[str, None] = {}
    for path in paths:
        _follow(top, path, found, _MOST_LINKS)
    return [] if "." in found else sorted(found)


def _follow(top: Path, path: str, found: dict[str, None], links_left: int) -> None:
    parts = _inside(path).split("/")
    current = "."
    for index, part in enumerate(parts):
        current = posixpath.normpath(f"{current}/{part}")
        rest = "/".join(parts[index + 1 :])
        targets = _targets(top, current)
        if targets is None and rest:
            continue
        if current in found or links_left == 0:
            return
        found[current] = None
        for target in targets or ():
            _follow(top, f"{target}/{rest}" if rest else target, found, links_left - 1)
        return


def _targets(top: Path, path: str) -> list[str] | None:
    """Where a path leads if it is a link, or a pattern of which some matches are; None: nowhere but to itself."""
    folder, name = posixpath.split(path)
    if not set("*?[") & set(name):
        target = _target(top, path)
        return None if target is None else [target]
    try:
        names = sorted(each.name for each in (top / folder).iterdir())
    except OSError:
        return []
    matching = [posixpath.join(folder, each) for each in names if fnmatch.fnmatchcase(each, name)]
    return [target for each in matching if (target := _target(top, each)) is not None]


def _target(top: Path, path: str) -> str | None:
    try:
        link = str((top / path).readlink())
    except OSError:  # not there, or no link
        return None
    return _inside(link if link.startswith("/") else posixpath.join(posixpath.dirname(path), link))


def _inside(path: str) -> str:
    """A path as it is below the top: one that climbs out stops there, as in a container."""
    return posixpath.normpath("/" + path).lstrip("/") or "."
