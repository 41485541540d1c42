"""Contents of files, each kept once under its SHA-256, and taken in only if it is what its name says."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from godploy_server.contract import Conflict

_PART: Final = ".part"
_COPY_BYTES: Final = 1 << 18


class BlobDamaged(Exception):
    """A content is not what its name says, or is gone; it was removed."""


class BlobStore:
    """The blobs in one folder: `ab/abcd...`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where a content lies, or would lie; `sha256` in hexadecimal."""
        return self._folder / sha256[:2] / sha256

    def has(self, sha256: str, size_bytes: int) -> bool:
        """Whether a content is here, as long as it should be (a power cut may leave an empty one)."""
        try:
            return self.path(sha256).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def taking(self, sha256: str) -> Iterator[BlobWriter]:
        """Take in a content, written piece by piece; kept at the end of the block if it is the right one.

        Raises Conflict if it is another. Whatever goes wrong, nothing half stays.
        """
        place = self.path(sha256)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        beside = place.with_name(f"{sha256}.{os.urandom(4).hex()}{_PART}")
        try:
            with new_file(beside, 0o600) as file:
                writer = BlobWriter(file)
                yield writer
            if writer.sha256 != sha256:
                raise Conflict(
                    "A content of the upload is not what was announced",
                    f"its SHA-256 is {writer.sha256[:12]}... instead of {sha256[:12]}...: the file changed meanwhile",
                    "Send the folder again",
                )
            beside.rename(place)
        finally:
            beside.unlink(missing_ok=True)

    def copy(self, sha256: str, to: Path, mode: int) -> None:
        """Write a content to a new file. Raises BlobDamaged if it is gone or is not what it was."""
        digest = hashlib.sha256()
        try:
            with (
                self.path(sha256).open("rb", buffering=0) as source,
                new_file(to, mode) as target,
            ):
                while piece := source.read(_COPY_BYTES):
                    digest.update(piece)
                    target.write(piece)
        except FileNotFoundError:
            raise BlobDamaged from None
        if digest.hexdigest() != sha256:
            self.path(sha256).unlink(missing_ok=True)
            raise BlobDamaged

    def every(self) -> Iterator[Path]:
        """Give the files of all blobs, half ones of a process that was killed included."""
        for shelf in self._folder.iterdir():
            if shelf.is_dir():
                yield from shelf.iterdir()


def new_file(place: Path, mode: int) -> IO[bytes]:
    """Open a file that must not be there yet, not even as a link, for writing.

    Buffered: on a disk that gets full, a plain write may take a part only and say so by a number alone.
    """
    return os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb")


class BlobWriter:
    """What a content is written to while it comes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._digest.update(piece)
        self._file.write(piece)

    @property
    def sha256(self) -> str:
        """Give the SHA-256 of what was written so far, in hexadecimal."""
        return self._digest.hexdigest()
