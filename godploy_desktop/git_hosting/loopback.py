"""Where the browser comes back to after a sign-in: a tiny server on loopback, on a port of the system's choice.

Source: RFC 8252, section 7.3. It answers one path, shows one sentence, and keeps nothing. A page that has to be posted
from somewhere is shown at a path that nobody can guess.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from godploy_server.contract import Cancelled

_LONGEST_HEAD: Final = 16 * 1024
_HEAD_WITHIN_S: Final = 10.0
_STYLE: Final = (
    "body{font:16px system-ui,sans-serif;margin:20vh auto;max-width:28em;text-align:center;color:#121722;"
    "background:#f6f7f9}@media(prefers-color-scheme:dark){body{color:#eceff5;background:#0b0d12}}"
)
_PAGE: Final = f"<!doctype html><meta charset=utf-8><title>Godploy</title><style>{_STYLE}</style><h1>%s</h1><p>%s</p>"
_SIGNED_IN: Final = ("Signed in", "You can close this page and go back to Godploy.")


class Loopback:
    """Use as `async with Loopback() as loopback`: `address` is the redirect address, `answer_to` what came to it.

    `port` is tried first, for hosts that compare it; `done` is what the browser shows at the end, in two sentences.
    """

    def __init__(self, port: int = 0, done: tuple[str, str] = _SIGNED_IN) -> None:
        self._answers: asyncio.Queue[Mapping[str, str]] = asyncio.Queue(maxsize=16)
        self._server: asyncio.AbstractServer | None = None
        self._done = done
        self._pages: dict[str, bytes] = {}
        self.address = ""
        self.port = port

    async def __aenter__(self) -> Loopback:
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_LONGEST_HEAD)
        except OSError:  # somebody else has the port now
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LONGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    def show(self, title: str, text: str, content: str) -> str:
        """Serve a page with that HTML below its text, and give its address."""
        path = f"/{secrets.token_urlsafe(24)}"
        self._pages[path] = _answer("200 OK", title, text, content)
        return self.address[:-1] + path

    async def answer_to(self, state: str, within_s: float) -> Mapping[str, str]:
        """Wait for the answer that carries `state`, and give its query. Any other page or program may send something
        here; that is not the answer. Raises Cancelled."""
        strangers = 0
        try:
            async with asyncio.timeout(within_s):
                while True:
                    answer = await self._answers.get()
                    if hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
                        return answer
                    strangers += 1
        except TimeoutError:
            why = f"the browser did not come back within {max(1, round(within_s / 60))} minutes"
            if strangers:
                why = "what came back belongs to another sign-in, or was made up"
            raise Cancelled("Nobody agreed at the host", why, "Begin again") from None

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
            page = self._pages.get(asked.path) if asked is not None else None
            writer.write(page or _end(query, self._done))
            await writer.drain()
        writer.close()


def _end(query: Mapping[str, str], done: tuple[str, str]) -> bytes:
    if "code" in query:
        return _answer("200 OK", *done)
    if query:
        return _answer("200 OK", "Nothing was agreed on", "Godploy says what to do next. You can close this page.")
    return _answer("404 Not Found", "Nothing here", "This page only ends a sign-in.")


def _answer(status: str, title: str, text: str, below: str = "") -> bytes:
    content = (_PAGE % (title, text) + below).encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(content)}\r\n"
        "cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + content
