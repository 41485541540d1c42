"""The raw body of a delivery: as it comes, in memory while it is small, in a file without a name when it is not.

Source: RFC 9112, sections 6 (length) and 7.1 (chunks). Of chunks, extensions are skipped and trailers dropped.
"""

from __future__ import annotations

import asyncio
import mmap
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from godploy_server.relay.head import FIELD, Refused
from godploy_server.relay.pace import Pace
from godploy_server.relay.scan import Text

MAX_BODY_BYTES: Final = 25 * 1024 * 1024  # GitHub's own limit
IN_MEMORY_BYTES: Final = 128 * 1024

_PIECE_BYTES: Final = 64 * 1024
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]{0,200})?\r\n")
_MOST_TRAILERS: Final = 20
_TOO_LARGE: Final = f"it is larger than {MAX_BODY_BYTES // 1024 // 1024} MB"
_BROKEN: Final = "its chunks are not as HTTP has them"


@dataclass(frozen=True)
class Taking:
    """How a body is taken: every piece goes to `feed`; `allow_large` is asked once it becomes large, and may refuse;
    `folder` is where large ones lie."""

    feed: Callable[[bytes], None]
    allow_large: Callable[[], Awaitable[None]]
    folder: Path


@asynccontextmanager
async def taken(reader: asyncio.StreamReader, length: int | None, how: Taking) -> AsyncIterator[Text]:
    """Take a body of `length` bytes, or in chunks (None); it lasts as long as the context.

    Raises Refused: too large, too slow, cut off, or no room on the disk.
    """
    small: list[bytes] = []
    size = 0
    file: IO[bytes] | None = None
    with ExitStack() as kept:
        async for piece in pieces(reader, length):
            how.feed(piece)
            size += len(piece)
            if file is None and size > IN_MEMORY_BYTES:
                await how.allow_large()
                file = kept.enter_context(_file_without_a_name(how.folder))
                _write(file, *small)
                small.clear()
            if file is None:
                small.append(piece)
            else:
                _write(file, piece)
        if file is None:
            yield b"".join(small)
            return
        _write(file)
        yield kept.enter_context(closing(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)))


async def pieces(reader: asyncio.StreamReader, length: int | None) -> AsyncIterator[bytes]:
    """Give a body's bytes as they come. Raises Refused."""
    if length is not None and length > MAX_BODY_BYTES:
        raise Refused(413, _TOO_LARGE)
    pace = Pace(reader)
    try:
        if length is not None:
            async for piece in _exactly(reader, length, pace):
                yield piece
        else:
            async for piece in _chunks(reader, pace):
                yield piece
    except asyncio.TimeoutError:
        raise Refused(408, "its sender is too slow") from None
    except asyncio.LimitOverrunError:
        raise Refused(400, _BROKEN) from None
    except (OSError, asyncio.IncompleteReadError):
        raise Refused(0, f"it was cut off after {pace.received} bytes") from None
    finally:
        pace.close()


async def _exactly(reader: asyncio.StreamReader, length: int, pace: Pace) -> AsyncIterator[bytes]:
    left = length
    while left:
        piece = await reader.read(min(left, _PIECE_BYTES))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        pace.received += len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader, pace: Pace) -> AsyncIterator[bytes]:
    while True:
        line = _CHUNK.fullmatch(await reader.readuntil(b"\r\n"))
        if line is None:
            raise Refused(400, _BROKEN)
        size = int(line[1], 16)
        if pace.received + size > MAX_BODY_BYTES:
            raise Refused(413, _TOO_LARGE)
        if size == 0:
            break
        async for piece in _exactly(reader, size, pace):
            yield piece
        if await reader.readexactly(2) != b"\r\n":
            raise Refused(400, _BROKEN)
    for _ in range(_MOST_TRAILERS):
        trailer = await reader.readuntil(b"\r\n")
        if trailer == b"\r\n":
            return
        if not FIELD.fullmatch(trailer[:-2]):
            break
    raise Refused(400, _BROKEN)


def _file_without_a_name(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError:
        raise _no_room() from None


def _write(file: IO[bytes], *parts: bytes) -> None:
    """Write the parts and let them reach the file."""
    try:
        for part in parts:
            file.write(part)
        file.flush()
    except OSError:
        raise _no_room() from None


def _no_room() -> Refused:
    return Refused(503, "the server's disk takes no more", retry_after_s=60)
