"""The relay's HTTP/1.1 server: its health page, and the hooks. One request a connection, short times, few at once.

A slow or endless sender costs a few kilobytes for a few seconds.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from godploy_server.relay.head import Head, Refused, parse_head
from godploy_server.relay.receiving import HOOKS_PATH, Receiving

HEALTH_PATH: Final = "/_godploy/health"
MAX_CONNECTIONS: Final = 100
REQUEST_TIMEOUT_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 5.0

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
        except (OSError, asyncio.TimeoutError):
            pass  # gone, or too slow to be told
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), WRITE_TIMEOUT_S)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = parse_head(await asyncio.wait_for(_read_head(reader), REQUEST_TIMEOUT_S))
            answer = await self._answer(head, reader)
        except asyncio.TimeoutError:
            answer = Answer(408)
        except Refused as refusal:
            said = _json({"refused": refusal.reason}) if refusal.reason else b""
            answer = Answer(refusal.status, said, allow="POST" if refusal.status == 405 else "")
        if answer.status == 0:
            return
        is_own = _is_of_this_machine(writer.get_extra_info("peername")[0])
        writer.write(written(answer, self._version if is_own else ""))
        await asyncio.wait_for(writer.drain(), WRITE_TIMEOUT_S)

    async def _answer(self, head: Head, reader: asyncio.StreamReader) -> Answer:
        if head.path.startswith(HOOKS_PATH):
            received = await self._receiving.receive(head, reader)
            return Answer(received.status, _json({"received": received.said}))
        if head.path != HEALTH_PATH:
            raise Refused(404)
        if head.length:
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
    if answer.status == 405:
        lines.append(f"allow: {answer.allow}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if answer.is_head else answer.body)
