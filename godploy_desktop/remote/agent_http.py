"""HTTP/1.1 over a socket that leads to an agent: one request after another, or one stream. Parsing is h11's."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

import h11

READ_BYTES: Final = 256 * 1024
MAX_HEADER_BYTES: Final = 64 * 1024
LAST_WORD_S: Final = 5.0
"""How long a side that stopped reading is listened to: it may have said why."""


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
        content = b"" if request.body is None else json.dumps(request.body, separators=(",", ":")).encode()
        wire_headers = dict(headers)
        if request.body is not None:
            wire_headers["content-type"] = "application/json"
        if request.body is not None or request.method not in {"GET", "DELETE"}:
            wire_headers["content-length"] = str(len(content))
        wire = [self._head(request, wire_headers)]
        if content:
            wire.append(self._http.send(h11.Data(content)))
        wire.append(self._http.send(h11.EndOfMessage()))
        self._writer.write(b"".join(part for part in wire if part))
        await self._writer.drain()
        return await self._response()

    async def send_stream(
        self,
        request: Request,
        headers: Mapping[str, str],
        content: AsyncGenerator[bytes],
        size_bytes: int | None,
        timeout_s: float,
    ) -> h11.Response:
        """Send a request whose body is `content` (`size_bytes` None: not known before), as fast as it is taken, and
        wait for the head of the answer, after the last byte for `timeout_s`. An answer that comes earlier ends the
        sending. Raises what `content` raises, or as `send`, or TimeoutError; the connection is of no use then."""
        length = {"transfer-encoding": "chunked"} if size_bytes is None else {"content-length": str(size_bytes)}
        wire_headers = {**headers, "content-type": "application/octet-stream", **length}
        self._writer.write(self._head(request, wire_headers))
        sending = asyncio.create_task(self._pump(content))
        answering = asyncio.create_task(self._response())
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            broken = sending.exception()
            if broken is None or isinstance(broken, OSError):  # it may have answered before it closed
                await asyncio.wait({answering}, timeout=timeout_s if broken is None else LAST_WORD_S)
                if answering.done() and (broken is None or answering.exception() is None):
                    return answering.result()
            raise broken or TimeoutError
        finally:
            sending.cancel()
            answering.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)
            await content.aclose()

    async def _pump(self, content: AsyncGenerator[bytes]) -> None:
        async for piece in content:
            self._writer.write(self._http.send(h11.Data(piece)) or b"")
            await self._writer.drain()
        self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
        await self._writer.drain()

    def _head(self, request: Request, headers: Mapping[str, str]) -> bytes:
        if self._http.our_state is not h11.IDLE:
            self._http.start_next_cycle()
        wire_headers = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers.items()]
        wire_headers.append((b"host", b"godploy"))
        head = h11.Request(method=request.method, target=request.path.encode("ascii"), headers=wire_headers)
        return self._http.send(head) or b""

    async def _response(self) -> h11.Response:
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
