"""A GET over plain TCP with a time-out and a size limit: for probes, Traefik's API and the check of a domain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import h11

from godploy_server.runtime.time_limit import within

_MAX_BODY_BYTES = 8 << 20


@dataclass(frozen=True)
class Answer:
    """What came back: `status` as in HTTP, `body` at most 8 MiB of it."""

    status: int
    body: bytes


async def http_get(
    address: str,
    port: int,
    path: str,
    *,
    host: str = "localhost",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 5.0,
) -> Answer:
    """Fetch `path`; follows no redirect. Raises OSError when nobody answers (TimeoutError in time, for example)."""
    try:
        return await within(_get(address, port, path, host, headers or {}), timeout_s)
    except asyncio.TimeoutError:
        raise TimeoutError(f"no answer within {timeout_s:g} s") from None


async def _get(address: str, port: int, path: str, host: str, headers: Mapping[str, str]) -> Answer:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        protocol = h11.Connection(h11.CLIENT)
        lines = [("host", host), ("connection", "close"), ("user-agent", "godploy"), *headers.items()]
        try:
            writer.write(protocol.send(h11.Request(method="GET", target=path, headers=lines)) or b"")
            writer.write(protocol.send(h11.EndOfMessage()) or b"")
            return await _answer(protocol, reader)
        except h11.ProtocolError as error:
            raise ConnectionError(f"not an HTTP answer: {error}") from None
    finally:
        writer.close()


async def _answer(protocol: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    status = 0
    body = bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY_BYTES:
                raise ConnectionError("the answer is too long")
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
            if not status:
                raise ConnectionError("the connection was closed without an answer")
            return Answer(status, bytes(body))
