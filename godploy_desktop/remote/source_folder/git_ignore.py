"""What git would leave out of a folder: `.gitignore` files, nested ones too, and `.git` itself.

Source: git documentation, "gitignore". What one line means is pathspec's to say; it looks at whole paths, though, and
git at each folder on the way, which decides where lines take back. So the lines are asked one by one here, the last
first. Files that git tracks although a line names them are left out: only git's index knows of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from godploy_desktop.remote.source_folder.rules import Rules
from godploy_server.contract import BadInput

IGNORE_FILE: Final = ".gitignore"
_GIT: Final = ".git"


@dataclass(frozen=True)
class _Line:
    """One pattern. `is_inside`: it names all that is in a folder (`folder/**`), and not the folder itself."""

    regex: re.Pattern[str]
    is_negation: bool
    is_inside: bool

    def matches(self, path: str) -> bool:
        """Whether it names this very path, a folder's with a slash at its end."""
        if self.is_inside:
            found = self.regex.match(path)
            return found is not None and found.end() < len(path)
        return self.regex.fullmatch(path) is not None


@dataclass(frozen=True)
class _File:
    """One file's lines, and the folder that they speak of: as a prefix of paths ("" or ending in /)."""

    lines: tuple[_Line, ...]
    beginning: str  # what is cut from a path before it is matched
    above: str = ""  # what is put before it: for a file above the listing's top

    def says(self, path: str, *, is_folder: bool) -> bool | None:
        """True: ignored, False: taken back, None: nothing."""
        relative = self.above + path[len(self.beginning) :] + ("/" if is_folder else "")
        found = next((each for each in reversed(self.lines) if each.matches(relative)), None)
        return None if found is None else not found.is_negation


@dataclass(frozen=True)
class GitIgnore:
    """The rules in one folder. The files of the folders above come first, so that the nearest decides."""

    top: Path
    files: tuple[_File, ...]

    @classmethod
    def of(cls, top: Path, highest: Path) -> GitIgnore:
        """The rules at the top of a folder; those of the folders above it count too, up to the repository that it
        lies in, or to `highest` (itself, or one above it) where it lies in none.

        Raises BadInput for a `.gitignore` that cannot be read.
        """
        top = top.resolve()
        repository = next((each for each in (top, *top.parents) if (each / _GIT).exists()), highest.resolve())
        folders = [each for each in (top, *top.parents) if each.is_relative_to(repository)]
        files = [(repository, repository / _GIT / "info" / "exclude")]
        files += [(each, each / IGNORE_FILE) for each in reversed(folders)]
        return cls(
            top, tuple(_File(lines, "", _below(folder, top)) for folder, file in files if (lines := _lines_of(file)))
        )

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether git would not ignore it."""
        if path == _GIT or path.endswith("/" + _GIT):
            return False
        for each in reversed(self.files):
            if (says := each.says(path, is_folder=is_folder)) is not None:
                return not says
        return True

    def looks_into(self, path: str) -> bool:
        """Never: git takes nothing back that lies in an ignored folder."""
        del path
        return False

    def within(self, path: str) -> Rules:
        """With that folder's own file, if it has one."""
        lines = _lines_of(self.top / path / IGNORE_FILE)
        return GitIgnore(self.top, (*self.files, _File(lines, path + "/"))) if lines else self


def _below(folder: Path, top: Path) -> str:
    relative = top.relative_to(folder).as_posix()
    return "" if relative == "." else relative + "/"


def _lines_of(path: Path) -> tuple[_Line, ...]:
    try:
        content = path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read", error.strerror or str(error), "Let your account read it, or remove it"
        ) from error
    found = (_line(each.removesuffix("\r")) for each in content.removeprefix("\ufeff").split("\n"))
    return tuple(line for line in found if line is not None)


def _line(text: str) -> _Line | None:
    try:
        pattern = GitIgnoreSpecPattern(text)
    except ValueError:  # git passes over what it cannot use, such as a lone exclamation mark
        return None
    if pattern.regex is None or pattern.include is None:
        return None
    return _Line(pattern.regex, not pattern.include, text.rstrip(" ").endswith("/**"))
