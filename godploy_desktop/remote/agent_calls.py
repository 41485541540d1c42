"""Exchanging with one agent over kept connections: calls, sendings and streams, and what their failures mean."""

from __future__ import annotations

import asyncio
import json
import typing
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, TypeVar

import h11

from godploy_desktop.remote.agent_http import HttpConnection, Request, StreamBroken
from godploy_desktop.remote.agent_lines import split_lines
from godploy_desktop.remote.connection import OpenSocket
from godploy_server import contract
from godploy_server.contract import (
    ACTOR_HEADER,
    CONTRACT_HEADER,
    CONTRACT_VERSION,
    GodployError,
    Problem,
    Unreachable,
    error_of,
    from_json,
    to_json,
)

T = TypeVar("T")

CALL_TIMEOUT_S: Final = 30.0
SENDING_TIMEOUT_S: Final = 300.0
"""For an answer to something that was sent and is looked at as a whole."""
IDLE_CONNECTIONS: Final = 4


class AgentCalls:
    """What `AgentClient` makes its verbs of; see there for the arguments."""

    def __init__(self, open_socket: OpenSocket, actor: str, open_bulk: OpenSocket | None = None) -> None:
        self._open_socket = open_socket
        self._open_bulk = open_bulk or open_socket
        self._headers = {
            CONTRACT_HEADER: str(CONTRACT_VERSION),
            ACTOR_HEADER: "".join(char for char in actor if char.isprintable())[:200],
        }
        self._idle: list[HttpConnection] = []

    def close_idle(self) -> None:
        """Drop the kept connections; the next call opens a new one."""
        while self._idle:
            self._idle.pop().abort()

    async def _call(
        self, kind: type[T], method: str, path: str, body: object = None, timeout_s: float = CALL_TIMEOUT_S
    ) -> T:
        request = Request(method, path, None if body is None else to_json(body))
        return typing.cast(T, decoded(kind, await self._exchange(request, timeout_s)))

    async def _exchange(self, request: Request, timeout_s: float) -> object:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange_on_kept(request)
        except TimeoutError:
            raise _silent(request, timeout_s) from None
        except (OSError, h11.ProtocolError, StreamBroken, json.JSONDecodeError) as error:
            raise _unreachable(error) from error

    async def _exchange_on_kept(self, request: Request) -> object:
        kept = self._kept()
        if kept is not None:
            try:
                return await self._exchange_on(kept, request)
            except (OSError, h11.ProtocolError, StreamBroken):
                if request.method != "GET":  # it may have been done: never twice
                    raise
        return await self._exchange_on(await HttpConnection.over(await self._open_socket()), request)

    async def _send(
        self, method: str, path: str, content: AsyncGenerator[bytes], size_bytes: int | None
    ) -> contract.Upload:
        connection: HttpConnection | None = None
        request = Request(method, path)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                connection = await HttpConnection.over(await self._open_bulk())
            response = await connection.send_stream(request, self._headers, content, size_bytes, SENDING_TIMEOUT_S)
            answer = await connection.body()
            if response.status_code >= 400:
                raise _error(response.status_code, answer)
            return typing.cast(contract.Upload, decoded(contract.Upload, json.loads(answer)))
        except TimeoutError:
            raise _silent(request, SENDING_TIMEOUT_S) from None
        except (OSError, h11.ProtocolError, StreamBroken, json.JSONDecodeError) as error:
            raise _unreachable(error) from error
        finally:
            await content.aclose()
            if connection is not None:
                connection.abort()

    def _kept(self) -> HttpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable:
                return connection
            connection.abort()
        return None

    async def _exchange_on(self, connection: HttpConnection, request: Request) -> object:
        try:
            response = await connection.send(request, self._headers)
            content = await connection.body()
        except BaseException:
            connection.abort()
            raise
        if connection.is_reusable and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.abort()
        if response.status_code >= 400:
            raise _error(response.status_code, content)
        return json.loads(content) if content else None

    async def _stream(self, path: str) -> AsyncGenerator[bytes]:
        connection: HttpConnection | None = None
        request = Request("GET", path)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                connection = await HttpConnection.over(await self._open_socket())
                response = await connection.send(request, self._headers)
            if response.status_code >= 400:
                raise _error(response.status_code, await connection.body())
            async for chunk in connection.chunks():
                yield chunk
        except TimeoutError:
            raise _silent(request, CALL_TIMEOUT_S) from None
        except (OSError, h11.ProtocolError, StreamBroken) as error:
            raise _unreachable(error) from error
        finally:
            if connection is not None:
                connection.abort()

    async def _lines(self, path: str) -> AsyncGenerator[list[bytes]]:
        async with aclosing(self._stream(path)) as chunks:
            async for lines in split_lines(chunks):
                yield lines


def decoded(kind: Any, data: object) -> Any:
    """Give the value that an answer holds. Raises VersionMismatch for one of another shape."""
    try:
        return from_json(kind, data)
    except contract.BadInput as error:
        raise contract.VersionMismatch(
            "The agent's answer cannot be read",
            error.problem.why,
            "Update the application and the server's agent to the same version",
        ) from error


def _error(status: int, content: bytes) -> GodployError:
    try:
        problem = from_json(Problem, json.loads(content)["problem"])
    except (ValueError, TypeError, KeyError, GodployError):
        return GodployError(
            "The agent refused the call", f"it answered with HTTP status {status}", "Look at the agent's log"
        )
    return error_of(problem)


def _silent(request: Request, timeout_s: float) -> Unreachable:
    return Unreachable(
        "The server's agent does not answer",
        f"no answer to {request.method} {request.path} within {timeout_s:.0f} s",
        "Look at the server's page: the agent may be busy or stopped",
    )


def _unreachable(error: BaseException) -> Unreachable:
    why = str(error).strip()[:300] or type(error).__name__
    return Unreachable(
        "The server's agent cannot be reached",
        why,
        "Wait until the connection is back, or look at the server's page for what is wrong",
    )


def stream_over(path: str) -> Unreachable:
    """Give the error for a stream without an end that ended."""
    return _unreachable(StreamBroken(f"it ended the stream {path}"))
