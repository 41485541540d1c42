"""Where the browser comes back to after a sign-in: a tiny server on loopback, on a port of the system's choice.

Source: RFC 8252, section 7.3. It answers one path, shows one sentence, and keeps nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_LONGEST_HEAD: Final = 16 * 1024
_HEAD_WITHIN_S: Final = 10.0
_STYLE: Final = (
    "body{font:16px system-ui,sans-serif;margin:20vh auto;max-width:28em;text-align:center;color:#121722;"
    "background:#f6f7f9}@media(prefers-color-scheme:dark){body{color:#eceff5;background:#0b0d12}}"
)
_PAGE: Final = f"<!doctype html><meta charset=utf-8><title>Godploy</title><style>{_STYLE}</style><h1>%s</h1><p>%s</p>"


class Loopback:
    """Use as `async with Loopback() as loopback`: `address` is the redirect address, `next()` what came to it."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[Mapping[str, str]] = asyncio.Queue(maxsize=16)
        self._server: asyncio.AbstractServer | None = None
        self.address = ""

    async def __aenter__(self) -> Loopback:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LONGEST_HEAD)
        port = self._server.sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    async def next(self) -> Mapping[str, str]:
        """Wait for the next request that carries something, and give its query."""
        return await self._answers.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_HEAD_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
            words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            asked = urlsplit(words[1]) if len(words) == 3 and words[0] == "GET" else None
            query = dict(parse_qsl(asked.query)) if asked is not None and asked.path == "/" else {}
            if query:
                with contextlib.suppress(asyncio.QueueFull):
                    self._answers.put_nowait(query)
            writer.write(_page(query))
            await writer.drain()
        writer.close()


def _page(query: Mapping[str, str]) -> bytes:
    if "code" in query:
        status, body = "200 OK", _PAGE % ("Signed in", "You can close this page and go back to Godploy.")
    elif query:
        status, body = "200 OK", _PAGE % ("Not signed in", "Godploy says what to do next. You can close this page.")
    else:
        status, body = "404 Not Found", _PAGE % ("Nothing here", "This page only ends a sign-in.")
    content = body.encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(content)}\r\n"
        "cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + content
