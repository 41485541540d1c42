"""Asking the relay for its version, over the address where it listens."""

from __future__ import annotations

import asyncio
from typing import Final

from godploy_server.runtime.time_limit import within

VERSION_HEADER: Final = b"godploy-relay-version:"
_TIMEOUT_S: Final = 3.0


async def relay_version(address: str) -> str:
    """Give the version of the relay at `host:port`; "" if none answers there. It tells only its own machine."""
    host, _, port = address.rpartition(":")
    if not host:
        return ""
    try:
        return await within(_ask(host, int(port)), _TIMEOUT_S)
    except (OSError, ValueError, asyncio.TimeoutError):
        return ""


async def _ask(host: str, port: int) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"GET /_godploy/health HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n")
        head = await reader.read(4096)
    finally:
        writer.close()
    for line in head.split(b"\r\n"):
        if line.lower().startswith(VERSION_HEADER):
            return line[len(VERSION_HEADER) :].strip().decode("ascii", "replace")
    return ""
