"""A small strict HTTP/1.1 server for one page. Whoever is out there may send anything; little of it is read.

One request a connection, a small head, no body, few connections at once, short times: a slow or endless sender costs
a few kilobytes for a few seconds. Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

HEALTH_PATH: Final = "/_godploy/health"
MAX_HEAD_BYTES: Final = 8 * 1024
MAX_CONNECTIONS: Final = 100
REQUEST_TIMEOUT_S: Final = 5.0
WRITE_TIMEOUT_S: Final = 5.0

_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,2000}) HTTP/1\.[01]")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HealthServer:
    """Answers `GET /_godploy/health` with the instance id; everything else with an empty refusal.

    `instance` gives the id ("" while it is not known). The version is told to this machine alone: to a peer whose
    address is the one it connected to.
    """

    def __init__(self, instance: Callable[[], str], version: str) -> None:
        self._instance = instance
        self._version = version
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
            head = await asyncio.wait_for(_read_head(reader), REQUEST_TIMEOUT_S)
            method = check_head(head)
            body = self._page()
            status = 200 if body else 503
        except asyncio.TimeoutError:
            method, body, status = "GET", b"", 408
        except _Refused as refusal:
            method, body, status = "GET", b"", refusal.status
        if status == 0:
            return
        is_own = _is_of_this_machine(writer.get_extra_info("peername")[0])
        writer.write(answer(status, body, method == "HEAD", self._version if is_own else ""))
        await asyncio.wait_for(writer.drain(), WRITE_TIMEOUT_S)

    def _page(self) -> bytes:
        instance = self._instance()
        return json.dumps({"relay": "ok", "instance": instance}, separators=(",", ":")).encode() if instance else b""


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
        raise _Refused(431) from None
    except asyncio.IncompleteReadError:
        raise _Refused(0) from None  # closed before it asked: nobody to answer


def check_head(head: bytes) -> str:
    """Give the method (GET or HEAD) of a request for the health page. Raises with the status to refuse it with."""
    line, *fields = head[: -len(b"\r\n\r\n")].split(b"\r\n")
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        raise _Refused(400)
    hosts = 0
    for field in fields:
        match = _FIELD.fullmatch(field)
        if match is None:
            raise _Refused(400)
        name, value = match[1].lower(), match[2].strip()
        hosts += name == b"host"
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            raise _Refused(413)
    if hosts > 1:
        raise _Refused(400)
    if request[2].partition(b"?")[0] != HEALTH_PATH.encode():
        raise _Refused(404)
    if request[1] not in (b"GET", b"HEAD"):
        raise _Refused(405)
    return request[1].decode()


def answer(status: int, body: bytes, is_head: bool, version: str) -> bytes:
    """Give the whole answer as it goes out."""
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "connection: close",
    ]
    if version:
        lines.append(f"godploy-relay-version: {version}")
    if status == 405:
        lines.append("allow: GET, HEAD")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if is_head else body)
