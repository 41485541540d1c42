"""Reading files that may change or vanish meanwhile: never a mixture of two states without being told."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from godploy_desktop.remote.source_folder.listing import Entry, identity_of
from godploy_server.contract import BadInput, Conflict

BLOCK_BYTES: Final = 256 * 1024


class InThread(Protocol):
    """Runs a blocking call in a thread: the file system is never read in the event loop."""

    def __call__(self, work: Callable[[], list[bytes]]) -> Awaitable[list[bytes]]:
        """Give back what `work` gives."""
        ...


class SourceChanged(Conflict):
    """A file changed while it was read: worth another try, with a new listing."""

    code = "source-changed"


def read_blocks(top: Path, entry: Entry) -> Iterator[bytes]:
    """Give a listed file's content, never empty blocks. Raises SourceChanged when it is not (or stays not) what was
    listed, BadInput when it cannot be read."""
    try:
        file = os.open(top / entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _changed(entry, "it vanished") from None
    except OSError as error:
        raise BadInput(
            f"The file {entry.path} cannot be read",
            error.strerror or str(error),
            "Let your account read it, or leave it out with .gitignore or .dockerignore",
        ) from error
    try:
        if identity_of(os.fstat(file)) != entry.identity:
            raise _changed(entry, "it is not what it was a moment before")
        left = entry.size_bytes
        while block := os.read(file, BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                break
            yield block
        if left != 0 or identity_of(os.fstat(file)) != entry.identity:
            raise _changed(entry, "it was written to meanwhile")
    except OSError as error:
        raise BadInput(
            f"The file {entry.path} cannot be read to its end", error.strerror or str(error), "Check the disk"
        ) from error
    finally:
        os.close(file)


def _changed(entry: Entry, why: str) -> SourceChanged:
    return SourceChanged(
        f"{entry.path} changed while it was read", why, "Wait until nothing writes to the folder, then deploy again"
    )
