"""Writing the members of an archive that nobody vouches for: what may be written, and how much of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from godploy_server.contract import BadInput
from godploy_server.deploy.disk import FREE_FOR_BUILD_BYTES, free_bytes
from godploy_server.deploy.sources.blobs import new_file
from godploy_server.deploy.sources.stoppable import Stop
from godploy_server.deploy.sources.tree import MOST_FILES, check_link, check_path, make_parents, refused, write_links

_PIECE_BYTES: Final = 1 << 18
_NOISE: Final = ("__MACOSX/",)
"""What macOS puts beside the files of a zip; no build wants it."""


class Readable(Protocol):
    """What an archive is read from, front to back."""

    def read(self, size: int, /) -> bytes:
        """Give from 1 to `size` bytes, b"" at the end."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold: `most_bytes` and `most_files` in all, and at most `ratio` times the archive's own
    size once it holds more than `ratio_from_bytes`."""

    most_bytes: int = 16 << 30
    most_files: int = MOST_FILES
    ratio: int = 200
    ratio_from_bytes: int = 256 << 20


USUAL: Final = Limits()


class Unpacker:
    """Writes members below a folder. Raises BadInput for one that may not be there, or for too much."""

    def __init__(self, folder: Path, packed_bytes: int, stop: Stop, limits: Limits = USUAL) -> None:
        self._folder = folder
        self._stop = stop
        self._limits = limits
        self._room = min(limits.most_bytes, max(0, free_bytes(folder) - FREE_FOR_BUILD_BYTES))
        self._most_for_ratio = max(limits.ratio_from_bytes, packed_bytes * limits.ratio)
        self._links: list[tuple[str, str]] = []
        self._members = 0
        self.file_count = 0
        self.size_bytes = 0

    def add_folder(self, name: str) -> None:
        """Make a folder."""
        path = self._path(name)
        if path:
            make_parents(self._folder, f"{path}/-", self._count)

    def add_file(self, name: str, size_bytes: int, is_executable: bool, read: Callable[[int], bytes]) -> None:
        """Write a file of the declared size from what `read` gives."""
        path = self._path(name)
        if not path:
            raise refused(name, "it has no name")
        self._require_room(self.size_bytes + size_bytes)
        place = self._free_place(path)
        left = size_bytes
        with new_file(place, 0o755 if is_executable else 0o644) as file:
            while piece := read(_PIECE_BYTES):
                self._stop.check()
                left -= len(piece)
                self.size_bytes += len(piece)
                if left < 0:
                    raise refused(path, "it is larger than the archive says")
                file.write(piece)
        if left:
            raise broken(f"{path} ends early")
        self.file_count += 1

    def add_link(self, name: str, target: str) -> None:
        """Remember a symbolic link; links are made last, so that nothing is written through one."""
        path = self._path(name)
        if not path:
            raise refused(name, "it has no name")
        self._links.append((path, check_link(path, target)))

    def add_copy(self, name: str, of: str) -> None:
        """Write a hard link, as a copy of a file that came before it."""
        path, original = self._path(name), check_path(plain(of))
        source = self._folder / original
        inside = source.resolve() == self._folder.resolve() / original
        if path == original or not inside or source.is_symlink() or not source.is_file():
            raise refused(path, f"it is a hard link to {of[:100]}, which is no file before it in the archive")
        with source.open("rb") as opened:
            facts = source.stat()
            self._members -= 1  # counted again as a file
            self.add_file(path, facts.st_size, bool(facts.st_mode & 0o100), opened.read)

    def finish(self) -> None:
        """Make the links. Raises BadInput for one that leads out."""
        write_links(self._folder, dict(self._links).items())

    def skips(self, name: str) -> bool:
        """Whether a member is of no use to a build."""
        return plain(name).startswith(_NOISE) or plain(name) == "__MACOSX"

    def _path(self, name: str) -> str:
        self._stop.check()
        self._count()
        path = plain(name)
        return check_path(path) if path else ""

    def _count(self) -> None:
        self._members += 1
        if self._members > self._limits.most_files:
            raise too_much(f"it has more than {self._limits.most_files} files and folders")

    def _free_place(self, path: str) -> Path:
        place = make_parents(self._folder, path, self._count)
        if place.is_symlink() or place.is_file():
            place.unlink()  # the later of two members with one name counts
        elif place.exists():
            raise refused(path, "it is both a file and a folder")
        return place

    def _require_room(self, size_bytes: int) -> None:
        if size_bytes > self._room:
            raise too_much(f"its files have more than {self._room >> 20} MiB, which is what there is room for")
        if size_bytes > self._most_for_ratio:
            raise too_much(f"its files are more than {self._limits.ratio} times as large as the archive itself")


def plain(name: str) -> str:
    """Give a member's name without what says nothing: leading ./, doubled and final slashes."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return ("/" if name.startswith("/") else "") + "/".join(parts)


def broken(why: str) -> BadInput:
    """Give the error for an archive that cannot be read."""
    return BadInput("The archive cannot be read", why, "Make it anew, and send it again")


def too_much(why: str) -> BadInput:
    """Give the error for an archive that would fill the server."""
    return BadInput("The archive holds too much", why, "Leave out what a build does not need, and send it again")
