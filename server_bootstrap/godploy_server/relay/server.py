"""The relay's HTTP/1.1 server: its health page, and the hooks. One request a connection, short times, few at once.

A slow or endless sender costs a few kilobytes for a few seconds.
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from godploy_server.relay.head import Head, Refused, parse_head
from godploy_server.relay.pace import within
from godploy_server.relay.receiving import HOOKS_PATH, Receiving

HEALTH_PATH: Final = "/_godploy/health"
MAX_CONNECTIONS: Final = 100
REQUEST_TIMEOUT_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 5.0
LINGER_S: Final = 2.0
"""So long a sender that was answered before its end may go on, unheard: closing at once could lose it the answer."""
_REFUSED_AT_ONCE: Final = 100
"""So many more than MAX_CONNECTIONS are told to come again; beyond that they are closed."""

_REASONS: Final = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Answer:
    """What goes back: JSON or nothing."""

    status: int
    body: bytes = b""
    is_head: bool = False
    allow: str = "GET, HEAD"
    retry_after_s: float = 0.0


class RelayServer:
    """Answers the health page with the instance id, hooks as `Receiving` says, and everything else with a refusal.

    `instance` gives the id ("" while it is not known). The version is told to this machine alone: to a peer whose
    address is the one it connected to.
    """

    def __init__(self, instance: Callable[[], str], version: str, receiving: Receiving) -> None:
        self._instance = instance
        self._version = version
        self._receiving = receiving
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one accepted connection and close it."""
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                await self._exchange(reader, writer)
            elif self._open <= MAX_CONNECTIONS + _REFUSED_AT_ONCE:
                await self._tell(writer, Answer(503, retry_after_s=5))
                await _hear_out(reader, writer)
        except (OSError, asyncio.TimeoutError):
            pass  # gone, or too slow to be told
        finally:
            self._open -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_heard = False
        try:
            with within(reader, REQUEST_TIMEOUT_S):
                head = parse_head(await _read_head(reader))
            is_heard = not head.has_body
            answer = await self._answer(head, reader)
            is_heard = True
        except asyncio.TimeoutError:
            answer = Answer(408)
        except Refused as refusal:
            said = _json({"refused": refusal.reason}) if refusal.reason else b""
            allow = "POST" if refusal.status == 405 else ""
            answer = Answer(refusal.status, said, allow=allow, retry_after_s=refusal.retry_after_s)
        if answer.status == 0:
            return
        await self._tell(writer, answer)
        if not is_heard:
            await _hear_out(reader, writer)

    async def _tell(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        is_own = _is_of_this_machine(writer.get_extra_info("peername")[0])
        cut_off = asyncio.get_running_loop().call_later(WRITE_TIMEOUT_S, writer.transport.abort)
        try:
            writer.write(written(answer, self._version if is_own else ""))
            await writer.drain()
        finally:
            cut_off.cancel()

    async def _answer(self, head: Head, reader: asyncio.StreamReader) -> Answer:
        if head.path.startswith(HOOKS_PATH):
            received = await self._receiving.receive(head, reader)
            return Answer(received.status, _json({"received": received.said}))
        if head.path != HEALTH_PATH:
            raise Refused(404)
        if head.has_body:
            raise Refused(413)
        if head.method not in ("GET", "HEAD"):
            return Answer(405)
        instance = self._instance()
        body = _json({"relay": "ok", "instance": instance}) if instance else b""
        return Answer(200 if body else 503, body, head.method == "HEAD")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _is_of_this_machine(address: str) -> bool:
    """Whether the machine itself has the address. Docker's masquerading may replace the one a connection came from by
    another of the machine's, so that comparing both ends is not enough."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


async def _hear_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let whoever still sends read the answer and end it: closing before would have the system throw it away."""
    writer.write_eof()
    with within(reader, LINGER_S):
        while await reader.read(64 * 1024):
            pass


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Refused(431) from None
    except asyncio.IncompleteReadError:
        raise Refused(0) from None  # closed before it asked: nobody to answer


def written(answer: Answer, version: str) -> bytes:
    """Give the whole answer as it goes out."""
    lines = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
        "content-type: application/json",
        f"content-length: {len(answer.body)}",
        "cache-control: no-store",
        "connection: close",
    ]
    if version:
        lines.append(f"godploy-relay-version: {version}")
    if answer.retry_after_s:
        lines.append(f"retry-after: {math.ceil(answer.retry_after_s)}")
    if answer.status == 405:
        lines.append(f"allow: {answer.allow}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if answer.is_head else answer.body)
