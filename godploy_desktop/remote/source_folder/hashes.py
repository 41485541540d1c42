"""SHA-256 of files, remembered as long as nothing says that they may have changed. Blocking.

As git's index does it: what was written to in the moments before it was read is not remembered, since another write
within the clock's grain would show nowhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from godploy_desktop.remote.source_folder.listing import Entry
from godploy_desktop.remote.source_folder.reading import read_blocks

_GRAIN_NS: Final = 2_000_000_000  # of the coarsest clock of a file system (FAT)
_FORMAT: Final = 1


class HashCache:
    """The hashes of one folder's files, kept in a file of this computer's user."""

    def __init__(self, file: Path, top: Path) -> None:
        self._file = file
        self._top = top
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}
        self.read_files = 0
        self._load()

    def sha256_of(self, entry: Entry) -> str:
        """Give a file's SHA-256 in hexadecimal, reading it where that is needed. Raises SourceChanged, BadInput."""
        known = self._known.get(entry.path)
        if known is not None and known[0] == entry.identity:
            return known[1]
        began_ns = time.time_ns()
        digest = hashlib.sha256()
        for block in read_blocks(self._top, entry):
            digest.update(block)
        self.read_files += 1
        sha256 = digest.hexdigest()
        if began_ns - max(entry.identity[1], entry.identity[2]) > _GRAIN_NS:
            self._known[entry.path] = (entry.identity, sha256)
        else:
            self._known.pop(entry.path, None)
        return sha256

    def save(self, entries: Iterable[Entry]) -> None:
        """Keep what is known of these files and forget the others. A cache that cannot be written is no error."""
        kept = {entry.path: self._known[entry.path] for entry in entries if entry.path in self._known}
        content = json.dumps({"format": _FORMAT, "folder": str(self._top), "files": kept}, separators=(",", ":"))
        beside = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_text(content, encoding="utf-8")
            beside.replace(self._file)
        except OSError:
            beside.unlink(missing_ok=True)

    def _load(self) -> None:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            if content["format"] == _FORMAT and content["folder"] == str(self._top):
                self._known = {path: (tuple(identity), sha256) for path, (identity, sha256) in content["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._known = {}  # not there, or not ours: everything is read once more


def cache_file(caches: Path, top: Path) -> Path:
    """Give where the hashes of a folder are kept."""
    name = hashlib.sha256(os.fsencode(top)).hexdigest()[:32]
    return caches / "source-hashes" / f"{name}.json"
