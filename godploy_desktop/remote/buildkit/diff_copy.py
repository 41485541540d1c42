"""Sending a folder so that only what the other side lacks is sent: the sending half of fsutil's DiffCopy.

First the whole listing goes over (names, modes, sizes, times), then each content that is asked for. What the other side
kept from an earlier build of the same folder and still matches the listing is not asked for.
Source: tonistiigi/fsutil, send.go and types/wire.proto, stat.proto.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from godploy_desktop.remote.buildkit.grpc_server import Call, GrpcError, GrpcStatus
from godploy_desktop.remote.buildkit.protobuf import bytes_field, known, number, number_field
from godploy_desktop.remote.source_folder.listing import Entry
from godploy_desktop.remote.source_folder.reading import InThread, read_blocks

_STAT: Final = 0
_REQUEST: Final = 1
_DATA: Final = 2
_FINISHED: Final = 3
_ERROR: Final = 4

# Go's bits for what a file is: os.FileMode
_GO_FOLDER: Final = 1 << 31
_GO_LINK: Final = 1 << 27
_GO_MODES: Final = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))


_STATS_AT_ONCE: Final = 200
_BLOCKS_AT_ONCE: Final = 4


async def send_folder(
    call: Call, top: Path, entries: list[Entry], in_thread: InThread, sent: Callable[[Entry | None, int], None]
) -> None:
    """Serve one DiffCopy. `sent` hears of each file that begins to be sent, and (None, n) of each n bytes.

    Raises SourceChanged or BadInput for a file that cannot be sent as it was listed, ConnectionError.
    """
    for begin in range(0, len(entries), _STATS_AT_ONCE):
        batch = entries[begin : begin + _STATS_AT_ONCE]
        await call.send(*(bytes_field(2, stat_message(entry)) for entry in batch))
    await call.send(b"")  # a packet without a stat: the listing is complete
    while (message := await call.receive()) is not None:
        packet = known(message)
        kind, index = number(packet.get(1)), number(packet.get(3))
        if kind == _REQUEST:
            if not 0 <= index < len(entries) or not entries[index].is_file:
                raise GrpcError(GrpcStatus.UNKNOWN, f"there is no file {index}")
            await _send_content(call, top, index, entries[index], in_thread, sent)
        elif kind == _FINISHED:
            await call.send(number_field(1, _FINISHED))
            return
        elif kind == _ERROR:
            raise GrpcError(GrpcStatus.UNKNOWN, "the receiver gave up")


async def _send_content(
    call: Call,
    top: Path,
    index: int,
    entry: Entry,
    in_thread: InThread,
    sent: Callable[[Entry | None, int], None],
) -> None:
    sent(entry, 0)
    head = number_field(1, _DATA) + number_field(3, index)
    blocks: Iterator[bytes] = read_blocks(top, entry)
    is_whole = False
    while not is_whole:
        some = await in_thread(lambda: list(islice(blocks, _BLOCKS_AT_ONCE)))
        is_whole = len(some) < _BLOCKS_AT_ONCE
        end = [head] if is_whole else []  # a packet without content is the file's end
        await call.send(*(head + bytes_field(4, block) for block in some), *end)
        sent(None, sum(map(len, some)))


def stat_message(entry: Entry) -> bytes:
    """Write what fsutil's Stat says of an entry. Owner and group are root's, as in every image."""
    mode = stat.S_IMODE(entry.mode) & 0o777
    mode |= sum(go for bit, go in _GO_MODES if entry.mode & bit)
    if entry.is_folder:
        mode |= _GO_FOLDER
    elif entry.link:
        mode |= _GO_LINK
    return b"".join(
        (
            bytes_field(1, entry.path),
            number_field(2, mode),
            number_field(5, entry.size_bytes),
            number_field(6, entry.mtime_ns),
            bytes_field(7, entry.link) if entry.link else b"",
        )
    )
