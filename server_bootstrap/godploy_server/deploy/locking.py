"""One at a time in a folder, between processes: by a lock that ends with whoever holds it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

_LOOK_AGAIN_S: Final = 0.2


@contextlib.asynccontextmanager
async def alone_in(folder: Path, *, waits: bool = True) -> AsyncGenerator[bool, None]:
    """Have a folder to oneself while the block runs, among all that ask so; cancelling ends the waiting.

    Gives whether one has it: False only where another has it and `waits` is off.
    """
    lock_file = lock_of(folder)
    lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_file.open("w", encoding="ascii") as lock:
        while not _is_taken(lock.fileno()):
            if not waits:
                yield False
                return
            await asyncio.sleep(_LOOK_AGAIN_S)
        yield True


def lock_of(folder: Path) -> Path:
    """Give the file that is locked while a folder is worked in."""
    return folder.with_name(f"{folder.name}.lock")


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
