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
        done = f"{megabytes(self.done_bytes)} MB"
        if self.total_bytes:
            done = f"{megabytes(self.done_bytes)} of {megabytes(self.total_bytes)} MB"
            self._progress.at(None if is_last else self.done_bytes / self.total_bytes)
        self._progress.detail(self._key, f"{done}, {self.note}" if self.note else done)


def megabytes(size_bytes: int) -> str:
    """Give a size in decimal megabytes: 0.05, 12.3, 1204."""
    size = size_bytes / 1e6
    return f"{size:.2f}" if size < 1 else f"{size:.1f}" if size < 100 else f"{size:.0f}"
