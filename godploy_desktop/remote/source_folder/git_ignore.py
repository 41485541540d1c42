"""What git would leave out of a folder: `.gitignore` files, nested ones too, and `.git` itself.

Source: git documentation, "gitignore". The matching of one file's lines is pathspec's. Files that git tracks although
a line names them are left out here: only git's index knows of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

from godploy_desktop.remote.source_folder.rules import Rules
from godploy_server.contract import BadInput

IGNORE_FILE: Final = ".gitignore"
_GIT: Final = ".git"


@dataclass(frozen=True)
class _Lines:
    """One file's lines, and the folder that they speak of: as a prefix of paths ("" or ending in /)."""

    spec: GitIgnoreSpec
    beginning: str  # what is cut from a path before it is matched
    above: str = ""  # what is put before it: for a file above the listing's top

    def says(self, path: str, *, is_folder: bool) -> bool | None:
        """True: ignored, False: taken back, None: nothing."""
        relative = self.above + path[len(self.beginning) :]
        return self.spec.check_file(f"{relative}/" if is_folder else relative).include


@dataclass(frozen=True)
class GitIgnore:
    """The rules in one folder. The files of the folders above come first, so that the nearest decides."""

    top: Path
    files: tuple[_Lines, ...]

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
            top, tuple(_Lines(spec, "", _below(folder, top)) for folder, file in files if (spec := _lines(file)))
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
        spec = _lines(self.top / path / IGNORE_FILE)
        return self if spec is None else GitIgnore(self.top, (*self.files, _Lines(spec, path + "/")))


def _below(folder: Path, top: Path) -> str:
    relative = top.relative_to(folder).as_posix()
    return "" if relative == "." else relative + "/"


def _lines(path: Path) -> GitIgnoreSpec | None:
    try:
        content = path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read", error.strerror or str(error), "Let your account read it, or remove it"
        ) from error
    try:
        return GitIgnoreSpec.from_lines(content.splitlines())
    except ValueError as error:  # pathspec refuses what git passes over, such as a lone exclamation mark
        raise BadInput(f"{path} cannot be used", str(error)[:200], "Correct the line") from error
