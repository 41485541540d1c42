"""HTTP/1.1 over a socket that leads to an agent: one request after another, or one stream. Parsing is h11's."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

import h11

READ_BYTES: Final = 256 * 1024
MAX_HEADER_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class Request:
    """One call: method, path with query, JSON body or None."""

    method: str
    path: str
    body: object | None = None


class StreamBroken(Exception):
    """The other side went away in the middle of an answer."""


class HttpConnection:
    """One connection. Use it for one request at a time; `abort` ends it at once from any state."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)

    @classmethod
    async def over(cls, sock: socket.socket) -> HttpConnection:
        """Speak HTTP over a connected socket, which belongs to the result from now on."""
        try:
            sock.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=sock, limit=READ_BYTES)
        except BaseException:
            sock.close()
            raise
        return cls(reader, writer)

    @property
    def is_reusable(self) -> bool:
        """Whether another request can be sent on it."""
        idle = self._http.our_state is h11.IDLE and self._http.their_state is h11.IDLE
        return idle and not self._reader.at_eof() and not self._writer.is_closing()

    async def send(self, request: Request, headers: Mapping[str, str]) -> h11.Response:
        """Send a request and wait for the head of its answer. Raises OSError, h11.ProtocolError or StreamBroken."""
        if self._http.our_state is not h11.IDLE:
            self._http.start_next_cycle()
        content = b"" if request.body is None else json.dumps(request.body, separators=(",", ":")).encode()
        wire_headers = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers.items()]
        wire_headers.append((b"host", b"godploy"))
        if request.body is not None:
            wire_headers.append((b"content-type", b"application/json"))
        if request.body is not None or request.method not in {"GET", "DELETE"}:
            wire_headers.append((b"content-length", str(len(content)).encode("ascii")))
        head = h11.Request(method=request.method, target=request.path.encode("ascii"), headers=wire_headers)
        wire = [self._http.send(head)]
        if content:
            wire.append(self._http.send(h11.Data(content)))
        wire.append(self._http.send(h11.EndOfMessage()))
        self._writer.write(b"".join(part for part in wire if part))
        await self._writer.drain()
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise StreamBroken("the connection ended before an answer came")

    async def body(self) -> bytes:
        """Read the whole body of the answer, after which the connection can be used again if the server keeps it."""
        parts = [chunk async for chunk in self.chunks()]
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return b"".join(parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes."""
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise StreamBroken("the connection ended in the middle of an answer")

    async def _next_event(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(READ_BYTES))
            elif isinstance(event, h11.Event):
                return event
            else:
                raise StreamBroken("the connection is paused by the other side")

    def abort(self) -> None:
        """Close it at once; a read under way ends."""
        self._writer.transport.abort()
