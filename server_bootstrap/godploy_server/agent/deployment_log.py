"""Reading a deployment's log file from any offset, and following it while it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final

from godploy_server.runtime.time_limit import within

_CHUNK_BYTES: Final = 64 * 1024
_LOOK_AGAIN_S: Final = 1.0
"""How long a growth may go unseen when its notice was lost."""


class LogGrowth:
    """Wakes those who follow a log when a notice says that it grew."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def wake(self, deployment_id: str) -> None:
        """Let everybody who follows this log look again."""
        for each in self._waiting.get(deployment_id, ()):
            each.set()

    async def follow(
        self, deployment_id: str, path: Path, offset: int, is_final: Callable[[], bool]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes from `offset` until `is_final` and everything was read."""
        grew = asyncio.Event()
        self._waiting.setdefault(deployment_id, set()).add(grew)
        try:
            while True:
                grew.clear()
                was_final = is_final()  # asked before reading: what was written before the end is never missed
                while chunk := read_from(path, offset):
                    offset += len(chunk)
                    yield chunk
                if was_final:
                    return
                try:
                    await within(grew.wait(), _LOOK_AGAIN_S)
                except asyncio.TimeoutError:
                    continue
        finally:
            waiting = self._waiting[deployment_id]
            waiting.discard(grew)
            if not waiting:
                del self._waiting[deployment_id]


def read_from(path: Path, offset: int) -> bytes:
    """Give up to 64 KB of the file from `offset`; nothing when it is shorter or absent."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_CHUNK_BYTES)
    except FileNotFoundError:
        return b""


def size_of(path: Path) -> int:
    """Give the file's size in bytes, 0 when it is absent."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
