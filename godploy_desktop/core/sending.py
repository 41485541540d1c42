"""Showing on a task how much was sent: at most ten times a second, however many pieces there are."""

from __future__ import annotations

import asyncio
from typing import Final

from godploy_desktop.core.tasks import Progress

_EVERY_S: Final = 0.1


class Meter:
    """Counts bytes of one step of a task. All calls come from the loop's thread."""

    def __init__(self, progress: Progress, key: str, total_bytes: int = 0) -> None:
        self._progress = progress
        self._key = key
        self._shown_at = 0.0
        self.total_bytes = total_bytes
        self.done_bytes = 0
        self.note = ""  # what else is to be said, after the bytes

    def add(self, size_bytes: int) -> None:
        """So much more is done."""
        self.done_bytes += size_bytes
        self.show()

    def show(self, *, is_last: bool = False) -> None:
        """Show where it stands, if that was not done a moment ago."""
        now = asyncio.get_running_loop().time()
        if now - self._shown_at < _EVERY_S and not is_last:
            return
        self._shown_at = now
        done = size_words(self.done_bytes)
        if self.total_bytes:
            done = f"{done} of {size_words(self.total_bytes)}"
            self._progress.at(None if is_last else self.done_bytes / self.total_bytes)
        self._progress.detail(self._key, f"{done}, {self.note}" if self.note else done)


def size_words(size_bytes: int) -> str:
    """Give a size in decimal units: 17 bytes, 2.3 kB, 41.9 MB."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes} bytes"
