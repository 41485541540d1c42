"""Which files of a folder are deployed: what `.gitignore` names is left out, and `.git`; where a Dockerfile builds,
`.dockerignore` leaves out more, and takes back with `!` (a build's output, say) what git ignores. Blocking."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_desktop.remote.source_folder.git_ignore import GitIgnore
from godploy_desktop.remote.source_folder.patterns import Patterns, read_ignore_file
from godploy_desktop.remote.source_folder.rules import Rules
from godploy_server.contract import BadInput

DOCKER_IGNORE: Final = ".dockerignore"


def folder_rules(folder: Path, root: str = "", dockerfile: str = "") -> Rules:
    """Give the rules of a folder. `dockerfile` is the one that builds, relative to `root`, "" for none: it and its
    ignore file always count. The rules are for a listing of `folder`, root included. Raises BadInput."""
    git = GitIgnore.of(folder, folder)
    if not dockerfile:
        return git
    ignore_file, lines = _docker_ignore(folder / root, dockerfile)
    always = {posixpath.normpath(posixpath.join(root, each)) for each in (dockerfile, ignore_file) if each}
    patterns = Patterns(lines)
    return DockerSource(git, False, patterns, patterns.nothing, _prefix(root), frozenset(always))


def context_rules(folder: Path, root: str, dockerfile: str) -> Rules:
    """As `folder_rules`, for a listing of the build's context (the root) alone."""
    top = folder / root
    patterns = Patterns(_docker_ignore(top, dockerfile)[1])
    always = frozenset({posixpath.normpath(dockerfile)})
    return DockerSource(GitIgnore.of(top, folder), False, patterns, patterns.nothing, "", always)


@dataclass(frozen=True)
class DockerSource:
    """The rules of both kinds of file, in one folder of the listing. `.dockerignore` speaks of what is below
    `prefix`; `is_ignored`: git ignores the folder."""

    git: Rules
    is_ignored: bool
    patterns: Patterns
    folder: tuple[bool, ...]
    prefix: str
    always: frozenset[str]

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether it counts."""
        if path in self.always:
            return True
        ignored = self.is_ignored or not self.git.takes(path, is_folder=is_folder)
        if not path.startswith(self.prefix):
            return not ignored
        return not self.patterns.match(path[len(self.prefix) :], self.folder, is_matched=ignored)[0]

    def looks_into(self, path: str) -> bool:
        """Whether something in it is taken back, or always counts."""
        if any(each.startswith(f"{path}/") for each in self.always):
            return True
        if not path.startswith(self.prefix):
            return self.prefix.startswith(f"{path}/")
        return self.patterns.may_match_within(path[len(self.prefix) :], negations=True)

    def within(self, path: str) -> Rules:
        """The rules in that folder."""
        is_ignored = self.is_ignored or not self.git.takes(path, is_folder=True)
        folder = self.folder
        if path.startswith(self.prefix):
            folder = self.patterns.match(path[len(self.prefix) :], self.folder, is_matched=is_ignored)[1]
        git = self.git if is_ignored else self.git.within(path)
        return DockerSource(git, is_ignored, self.patterns, folder, self.prefix, self.always)


def _docker_ignore(context: Path, dockerfile: str) -> tuple[str, list[str]]:
    """The name and the patterns of the file that counts: `NAME.dockerignore` beside the Dockerfile NAME, else the
    context's own."""
    for name in (f"{dockerfile}{DOCKER_IGNORE}", DOCKER_IGNORE):
        try:
            return name, read_ignore_file((context / name).read_text("utf-8", "surrogateescape"))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            raise BadInput(
                f"{name} cannot be read", error.strerror or str(error), "Let your account read it, or remove it"
            ) from error
    return "", []


def _prefix(root: str) -> str:
    cleaned = posixpath.normpath(root) if root else "."
    return "" if cleaned == "." else cleaned + "/"
