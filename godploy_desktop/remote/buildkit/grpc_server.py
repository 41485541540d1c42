"""A gRPC server over one HTTP/2 connection: as much of both as BuildKit asks of whoever opened a session.

Source: grpc/grpc, doc/PROTOCOL-HTTP2.md; RFC 9113. HTTP/2 itself is the h2 library's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

READ_BYTES: Final = 256 * 1024
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
_PREFIX: Final = struct.Struct(">BL")

_log = logging.getLogger(__name__)


class GrpcStatus:
    """The codes that are used. Source: grpc/grpc, doc/statuscodes.md."""

    UNKNOWN: Final = 2
    NOT_FOUND: Final = 5
    UNIMPLEMENTED: Final = 12


class GrpcError(Exception):
    """Ends a call with a status other than OK. `message` reaches the other side."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Call:
    """One call under way. `metadata` is what the caller sent along, each name with all its values."""

    def __init__(self, server: GrpcServer, stream_id: int, headers: list[tuple[str, str]]) -> None:
        self._server = server
        self._stream_id = stream_id
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._partial = bytearray()
        self._has_begun = False
        self.metadata: dict[str, list[str]] = {}
        for name, value in headers:
            self.metadata.setdefault(name, []).append(value)

    @property
    def path(self) -> str:
        """Which method: /package.Service/Method."""
        return self.metadata.get(":path", [""])[0]

    async def receive(self) -> bytes | None:
        """Give the caller's next message, None after its last."""
        return await self._received.get()

    async def send(self, *messages: bytes) -> None:
        """Send messages; waits while the other side has no room. Raises ConnectionError."""
        self._begin()
        content = b"".join(part for each in messages for part in (_PREFIX.pack(0, len(each)), each))
        await self._server.send_data(self._stream_id, content)

    def finish(self, status: int = 0, message: str = "") -> None:
        """End the call."""
        self._begin()
        trailers = [("grpc-status", str(status))]
        if message:
            trailers.append(("grpc-message", _percent_encoded(message)))
        self._server.send_headers(self._stream_id, trailers, ends=True)

    def feed(self, piece: bytes) -> None:
        """Take bytes that came for this call. Raises GrpcError for what is no message."""
        self._partial += piece
        while len(self._partial) >= _PREFIX.size:
            compressed, size = _PREFIX.unpack_from(self._partial)
            if compressed or size > MAX_MESSAGE_BYTES:
                raise GrpcError(GrpcStatus.UNIMPLEMENTED, "compressed and very large messages are not understood")
            end = _PREFIX.size + size
            if len(self._partial) < end:
                return
            self._received.put_nowait(bytes(self._partial[_PREFIX.size : end]))
            del self._partial[:end]

    def end(self) -> None:
        """No message follows."""
        self._received.put_nowait(None)

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._server.send_headers(self._stream_id, [(":status", "200"), ("content-type", "application/grpc")])


Handler = Callable[[Call], Awaitable[None]]


class GrpcServer:
    """Answers the calls that come over a connection, each in a task of its own, until the connection ends."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Mapping[str, Handler]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._http = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_inbound_headers=False)
        )
        self._calls: dict[int, tuple[Call, asyncio.Task[None]]] = {}
        self._has_room = asyncio.Event()

    async def serve(self) -> None:
        """Answer until the other side closes or this is cancelled; no call outlives it."""
        try:
            self._http.initiate_connection()
            self._flush()
            while piece := await self._reader.read(READ_BYTES):
                for event in self._http.receive_data(piece):
                    self._take(event)
                self._flush()
                await self._writer.drain()
        except (OSError, h2.exceptions.ProtocolError) as error:
            _log.info("The build session ended: %s", error)
        finally:
            tasks = [task for _, task in self._calls.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._writer.transport.abort()

    def send_headers(self, stream_id: int, headers: list[tuple[str, str]], *, ends: bool = False) -> None:
        """Send headers or trailers; nothing where the stream is gone."""
        with contextlib.suppress(h2.exceptions.ProtocolError):
            self._http.send_headers(stream_id, headers, end_stream=ends)
            self._flush()

    async def send_data(self, stream_id: int, content: bytes) -> None:
        """Send bytes as the other side gives room. Raises ConnectionError when the stream or all is gone."""
        at = 0
        try:
            while at < len(content):
                room = min(self._http.local_flow_control_window(stream_id), self._http.max_outbound_frame_size)
                if room <= 0:
                    self._has_room.clear()
                    await self._has_room.wait()
                    continue
                self._http.send_data(stream_id, content[at : at + room])
                at += room
                self._flush()
                await self._writer.drain()
        except h2.exceptions.ProtocolError as error:
            raise ConnectionResetError("the call was ended by the other side") from error

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = [(str(name), str(value)) for name, value in event.headers or ()]
            call = Call(self, event.stream_id, headers)
            task = asyncio.create_task(self._answer(event.stream_id, call), name=f"build session {call.path}")
            self._calls[event.stream_id] = (call, task)
        elif isinstance(event, h2.events.DataReceived):
            self._http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            self._feed(event.stream_id, event.data or b"")
        elif isinstance(event, h2.events.StreamEnded):
            if (known := self._calls.get(event.stream_id)) is not None:
                known[0].end()
        elif isinstance(event, h2.events.StreamReset):
            if (known := self._calls.get(event.stream_id)) is not None:
                known[1].cancel()
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            self._has_room.set()

    def _feed(self, stream_id: int, piece: bytes) -> None:
        known = self._calls.get(stream_id)
        if known is None:
            return
        call, task = known
        try:
            call.feed(piece)
        except GrpcError as error:
            call.finish(error.status, error.message)
            task.cancel()

    async def _answer(self, stream_id: int, call: Call) -> None:
        try:
            handler = self._handlers.get(call.path)
            if handler is None:
                raise GrpcError(GrpcStatus.UNIMPLEMENTED, f"{call.path} is not offered")
            await handler(call)
            call.finish()
        except GrpcError as error:
            call.finish(error.status, error.message)
        except OSError:
            pass  # nobody hears any more
        except Exception:
            _log.exception("%s failed", call.path)
            call.finish(GrpcStatus.UNKNOWN, "an internal error")
        finally:
            self._calls.pop(stream_id, None)

    def _flush(self) -> None:
        if pending := self._http.data_to_send():
            self._writer.write(pending)


def _percent_encoded(message: str) -> str:
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}" for byte in message.encode()[:1000]
    )
