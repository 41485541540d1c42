"""What is sent of a folder: the list of its files with their hashes, and the contents as frames. Blocking parts."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from godploy_desktop.remote.source_folder.hashes import HashCache
from godploy_desktop.remote.source_folder.listing import Entry
from godploy_desktop.remote.source_folder.reading import BLOCK_BYTES, InThread, SourceChanged, read_blocks
from godploy_server.contract import Cancelled, UploadFile

_TOGETHER_BYTES: Final = 1024 * 1024  # small contents are read and sent together up to this


@dataclass(frozen=True)
class Manifest:
    """The files that count, and where each content is: SHA-256 (hexadecimal) to one file that has it."""

    top: Path
    files: tuple[UploadFile, ...]
    contents: dict[str, Entry]

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(each.size_bytes for each in self.files)


def make_manifest(
    top: Path,
    entries: Sequence[Entry],
    hashes: HashCache,
    read: Callable[[int], None] = lambda _bytes: None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Manifest:
    """Hash what is listed; `read` hears of the size of each file that is done. Folders have no line of their own.

    Raises SourceChanged or BadInput for a file that cannot be read as it was listed, Cancelled once `is_wanted` says
    no.
    """
    files: list[UploadFile] = []
    contents: dict[str, Entry] = {}
    for entry in entries:
        if not is_wanted():
            raise Cancelled(
                "Looking at the files was cancelled", "it was asked to stop", "Start it again when you want"
            )
        if entry.is_file:
            sha256 = hashes.sha256_of(entry)
            contents.setdefault(sha256, entry)
            files.append(UploadFile(entry.path, entry.size_bytes, sha256, entry.is_executable))
            read(entry.size_bytes)
        elif entry.link:
            files.append(UploadFile(entry.path, 0, link=entry.link))
    hashes.save(entries)
    return Manifest(top, tuple(files), contents)


async def frames(manifest: Manifest, missing: Sequence[str], in_thread: InThread) -> AsyncGenerator[bytes]:
    """Give the frames of the contents that are missing, in pieces of about a megabyte.

    Raises SourceChanged or BadInput for a file that is not what was hashed; what was given before is whole frames,
    unless the file was larger than a piece.
    """
    pieces = _pieces(manifest, missing)
    while some := await in_thread(lambda: list(islice(pieces, 1))):
        yield some[0]


def _pieces(manifest: Manifest, missing: Sequence[str]) -> Iterator[bytes]:
    together = bytearray()
    for sha256 in missing:
        entry = manifest.contents[sha256]
        head = bytes.fromhex(sha256) + entry.size_bytes.to_bytes(8, "big")
        if entry.size_bytes > _TOGETHER_BYTES - BLOCK_BYTES:
            yield bytes(together) + head
            together.clear()
            yield from _checked(manifest.top, entry, sha256)
            continue
        together += head + b"".join(_checked(manifest.top, entry, sha256))
        if len(together) >= _TOGETHER_BYTES:
            yield bytes(together)
            together.clear()
    if together:
        yield bytes(together)


def _checked(top: Path, entry: Entry, sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for block in read_blocks(top, entry):
        digest.update(block)
        yield block
    if digest.hexdigest() != sha256:
        raise SourceChanged(
            f"{entry.path} is not what it was when it was looked at",
            "its content changed and its times did not",
            "Deploy again",
        )
