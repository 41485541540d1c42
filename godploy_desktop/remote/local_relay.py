"""Joins two local sockets, byte by byte, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

BLOCK_BYTES: Final = 256 * 1024


async def join_sockets(one: socket.socket, other: socket.socket) -> None:
    """Move bytes both ways until both ends are over; each end of one is passed on to the other. Closes both."""
    loop = asyncio.get_running_loop()
    with one, other:
        one.setblocking(False)
        other.setblocking(False)
        moving = [loop.create_task(_move(one, other)), loop.create_task(_move(other, one))]
        try:
            await asyncio.gather(*moving)
        finally:
            for each in moving:
                each.cancel()
            await asyncio.wait(moving)


async def _move(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while block := await loop.sock_recv(source, BLOCK_BYTES):
            await loop.sock_sendall(target, block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
