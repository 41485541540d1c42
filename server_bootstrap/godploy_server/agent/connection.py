"""One HTTP/1.1 connection: requests in, answers out, one at a time. h11 parses; size and time are capped.

Source: RFC 9112; h11 documentation, "Connection".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

from godploy_server.access.actor import Actor
from godploy_server.agent.messages import Answer, BodyBroken, BodyStream, Json, Request, Stream
from godploy_server.agent.router import Router
from godploy_server.contract.api import ACTOR_HEADER, CONTRACT_HEADER
from godploy_server.contract.problem import BadInput, GodployError
from godploy_server.runtime.time_limit import within
from godploy_server.state.exhaustion import explained

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
_READ_SIZE: Final = 65536
_IDLE_S: Final = 600.0
_REQUEST_S: Final = 30.0
_WRITE_S: Final = 60.0
_LINGER_S: Final = 10.0
"""How long what nobody wants any more is still read, so that the client gets to see why it was refused."""

_log = logging.getLogger(__name__)

Answering = Callable[[Request], Awaitable[Answer]]
Identify = Callable[[str], Actor]
"""Who asks, given the name that the request carries."""


class _TooLarge(Exception):
    """The body passes MAX_BODY_BYTES."""


class HttpConnection:
    """Serves one accepted connection until either side closes it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        identify: Identify,
        answering: Answering,
        router: Router,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._identify = identify
        self._answering = answering
        self._router = router
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.is_busy = False

    async def serve(self) -> None:
        """Answer requests until the connection ends."""
        try:
            while await self._one_exchange():
                self._protocol.start_next_cycle()
        except (OSError, asyncio.TimeoutError, h11.LocalProtocolError):
            pass  # the client went away, stopped reading, or asked for what has no answer (HEAD): nobody to tell
        finally:
            self._writer.close()

    async def _one_exchange(self) -> bool:
        """Answer one request; whether the connection can carry another."""
        if not await self._wait_for_bytes():
            return False
        self.is_busy = True
        try:
            request = await within(self._read_request(), _REQUEST_S)
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint, str(error))
            return False
        except _TooLarge:
            await self._refuse(413, f"its body is larger than {MAX_BODY_BYTES} bytes")
            return False
        if request is None:
            return False
        answer = await self._answer_while_wanted(request)
        is_whole = self._protocol.their_state is h11.DONE
        if isinstance(answer, Json):
            await self._send_json(answer, closing=not is_whole)
        else:
            await self._send_stream(answer)
        if not is_whole:
            await self._linger()
        self.is_busy = False
        return self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE

    async def _wait_for_bytes(self) -> bool:
        if self._protocol.trailing_data[0]:
            return True
        received = await within(self._reader.read(_READ_SIZE), _IDLE_S)
        self._protocol.receive_data(received)
        return bool(received)

    async def _read_request(self) -> Request | None:
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None
        if {name for name, _ in head.headers} >= {b"content-length", b"transfer-encoding"}:
            raise h11.RemoteProtocolError("it gives two lengths", error_status_hint=400)
        headers = {name.decode("ascii"): value.decode("utf-8", "replace") for name, value in head.headers}
        target = urlsplit(head.target.decode("ascii"))
        request = Request(
            method=head.method.decode("ascii"),
            path=unquote(target.path),
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            actor=self._identify(headers.get(ACTOR_HEADER, "")),
            contract_version=headers.get(CONTRACT_HEADER, ""),
        )
        if self._router.takes_stream(request):
            length = headers.get("content-length")
            return replace(request, stream=BodyStream(self._pieces(), None if length is None else int(length)))
        return await self._with_body(request)

    async def _with_body(self, request: Request) -> Request | None:
        await self._go_on()
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > MAX_BODY_BYTES:
                raise _TooLarge
        return replace(request, body=bytes(body)) if isinstance(event, h11.EndOfMessage) else None

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes. Raises BodyBroken if it ends early or stands still."""
        await self._go_on()
        try:
            while isinstance(event := await within(self._next_event(), _REQUEST_S), h11.Data):
                yield bytes(event.data)
        except (OSError, asyncio.TimeoutError, h11.RemoteProtocolError) as error:
            raise BodyBroken(str(error)) from None
        if not isinstance(event, h11.EndOfMessage):
            raise BodyBroken

    async def _go_on(self) -> None:
        if self._protocol.they_are_waiting_for_100_continue:
            await self._write(h11.InformationalResponse(status_code=100, headers=[]))

    async def _linger(self) -> None:
        """Read on for a while without keeping anything: a client that still sends would else lose the answer.

        Source: RFC 9112, section 9.6.
        """

        async def rest() -> None:
            while await self._reader.read(_READ_SIZE):
                pass

        with suppress(asyncio.TimeoutError):
            await within(rest(), _LINGER_S)

    async def _next_event(self) -> object:
        while True:
            event = self._protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._protocol.receive_data(await self._reader.read(_READ_SIZE))

    async def _answer_while_wanted(self, request: Request) -> Answer:
        """Answer; where that is of no use to a client that went away, end the work then with ConnectionResetError."""
        if not self._router.ends_with_client(request):
            return await self._answer(request)
        answer = asyncio.ensure_future(self._answer(request))
        gone = asyncio.ensure_future(self._wait_until_gone())
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise ConnectionResetError
            return answer.result()
        finally:
            answer.cancel()
            gone.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._answering(request)
        except GodployError as error:
            return Json({"problem": error.problem}, error.status)
        except BodyBroken:
            raise  # nobody is there to be told
        except Exception as error:
            _log.exception("%s %s failed", request.method, request.path)
            wrapped = explained(f"{request.method} {request.path}", error)
            return Json({"problem": wrapped.problem}, wrapped.status)

    async def _refuse(self, status: int, why: str) -> None:
        problem = BadInput("The request cannot be used", why, "Send HTTP/1.1").problem
        with suppress(h11.LocalProtocolError):
            await self._send_json(Json({"problem": problem}, status), closing=True)

    async def _send_json(self, answer: Json, closing: bool = False) -> None:
        body = answer.encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        if closing:
            headers.append(("connection", "close"))
        await self._write(
            h11.Response(status_code=answer.status, headers=headers), h11.Data(data=body), h11.EndOfMessage()
        )

    async def _send_stream(self, answer: Stream) -> None:
        headers = [("content-type", answer.content_type), ("transfer-encoding", "chunked")]
        await self._write(h11.Response(status_code=200, headers=headers))
        pump = asyncio.ensure_future(self._pump(answer.chunks))
        gone = asyncio.ensure_future(self._wait_until_gone())
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pump.cancel()
            gone.cancel()
            await asyncio.gather(pump, gone, return_exceptions=True)
            await answer.chunks.aclose()
        if pump.cancelled():
            raise ConnectionResetError
        error = pump.exception()
        if error is None:
            await self._write(h11.EndOfMessage())
            return
        if not isinstance(error, (OSError, asyncio.TimeoutError)):
            _log.error("a stream broke off", exc_info=error)
        raise ConnectionResetError  # without the last chunk: the client sees that the stream is not whole

    async def _pump(self, chunks: AsyncGenerator[bytes, None]) -> None:
        async for chunk in chunks:
            await self._write(h11.Data(data=chunk))

    async def _wait_until_gone(self) -> None:
        pipelined = 0
        while received := await self._reader.read(_READ_SIZE):
            pipelined += len(received)
            if pipelined > MAX_HEAD_BYTES:
                return
            self._protocol.receive_data(received)

    async def _write(self, *events: h11.Event) -> None:
        for event in events:
            self._writer.write(self._protocol.send(event) or b"")
        await within(self._writer.drain(), _WRITE_S)
