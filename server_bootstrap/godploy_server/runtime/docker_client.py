"""The Docker Engine API over its unix socket: asyncio and h11, nothing else.

One connection a request: on a unix socket that costs less than keeping a pool honest. Source of paths and bodies:
Docker Engine API reference, versions 1.41 (Debian 12) to 1.44 (the oldest that engine 29 accepts).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import h11

from godploy_server.contract import GodployError, NotReady
from godploy_server.runtime.time_limit import within

DEFAULT_SOCKET: Final = Path("/var/run/docker.sock")
_NEWEST_SPOKEN: Final = (1, 44)
_CONNECT_TIMEOUT_S: Final = 5.0
_READ_SIZE: Final = 65536

Query = Mapping[str, object]
LogStream = Literal["stdout", "stderr"]


class DockerRefused(GodployError):
    """Docker answered with an error. `http_status` is Docker's own (404 no such object, 409 conflict, ...)."""

    code, status, exit_code = "docker-refused", 502, 11

    def __init__(self, what: str, why: str, next_step: str, http_status: int) -> None:
        super().__init__(what, why, next_step)
        self.http_status = http_status


@dataclass(frozen=True)
class EngineVersion:
    """What a Docker daemon says of itself, and the API version spoken with it ("1.44")."""

    engine: str
    api: str


def docker_socket(environment: Mapping[str, str] = os.environ) -> Path:
    """Give back the unix socket that DOCKER_HOST names, or the default one."""
    host = environment.get("DOCKER_HOST", "")
    return Path(host[len("unix://") :]) if host.startswith("unix://") else DEFAULT_SOCKET


def choose_api_version(newest: str, oldest: str) -> str:
    """Give back the API version to speak with a daemon that accepts `oldest` to `newest`."""
    spoken = min(_as_numbers(newest), _NEWEST_SPOKEN)
    return ".".join(map(str, max(spoken, _as_numbers(oldest or "1.24"))))


def _as_numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


class DockerClient:
    """Speaks with one Docker daemon. Holds no connection; safe to share between tasks of one loop."""

    def __init__(self, socket_path: Path = DEFAULT_SOCKET) -> None:
        self.socket_path = socket_path
        self._version: EngineVersion | None = None

    async def version(self) -> EngineVersion:
        """Ask the daemon for its version, and remember which API version to speak. Raises NotReady."""
        said = await self._request_unversioned("GET", "/version", None, None, 10.0)
        api = choose_api_version(said["ApiVersion"], said.get("MinAPIVersion", ""))
        self._version = EngineVersion(said["Version"], api)
        return self._version

    async def request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        timeout_s: float = 60.0,
    ) -> Any:
        """Send one request and give back its parsed JSON answer (None when empty, text when it is not JSON).

        `path` has no version ("/containers/json"); query values that are mappings or lists become JSON, as Docker's
        `filters` want. Raises NotReady when Docker does not answer in time, DockerRefused for any 4xx or 5xx.
        """
        prefix = await self._prefix()
        try:
            return await self._request_unversioned(method, prefix + path, query, body, timeout_s)
        except NotReady:
            self._version = None  # the daemon that comes back may be another one
            raise

    async def stream(
        self, method: str, path: str, query: Query | None = None, body: object = None, registry_auth: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """Send one request and yield its body as it arrives. Close the iterator (`aclosing`) to end it early.

        `registry_auth` is the value of X-Registry-Auth (see runtime/registry.py).
        """
        prefix = await self._prefix()
        exchange = await _Exchange.begin(self.socket_path, method, prefix + path, query, body, registry_auth)
        try:
            await exchange.check()
            async for chunk in exchange.chunks():
                yield chunk
        finally:
            exchange.close()

    async def lines(
        self, method: str, path: str, query: Query | None = None, body: object = None, registry_auth: str = ""
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Like `stream`, for endpoints that send one JSON object a line (events, stats, pulls)."""
        rest = b""
        async with contextlib.aclosing(self.stream(method, path, query, body, registry_auth)) as chunks:
            async for chunk in chunks:
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield _line(line)
        if rest.strip():
            yield _line(rest)

    async def log_frames(
        self,
        container: str,
        *,
        tail: int | Literal["all"] = "all",
        follow: bool = False,
        timestamps: bool = False,
        since: float = 0,
    ) -> AsyncGenerator[tuple[LogStream, bytes], None]:
        """Yield what a container (without TTY) wrote, frame by frame as Docker stored it: mostly one line each.

        `since` is a unix time in seconds. With `timestamps` each frame begins with an RFC 3339 time and a space.
        """
        query = {
            "stdout": "1",
            "stderr": "1",
            "tail": str(tail),
            "follow": str(int(follow)),
            "timestamps": str(int(timestamps)),
            "since": f"{since:.9f}",
        }
        chunks = self.stream("GET", f"/containers/{container}/logs", query)
        async with contextlib.aclosing(chunks) as body:
            async for frame in demultiplex(body):
                yield frame

    async def pull(self, image: str, registry_auth: str = "") -> AsyncGenerator[str, None]:
        """Pull `image`, yielding progress lines; raises DockerRefused when the registry refuses."""
        pulling = self.lines("POST", "/images/create", {"fromImage": with_tag(image)}, None, registry_auth)
        async with contextlib.aclosing(pulling) as told:
            async for line in told:
                if "error" in line:
                    raise DockerRefused(
                        f"The image {image} could not be pulled",
                        str(line["error"])[:300],
                        "Check the image's name, and that this server reaches its registry",
                        502,
                    )
                if not line.get("progressDetail") and line.get("status"):
                    yield " ".join(filter(None, (line.get("id", ""), line["status"])))

    async def speaks(self, api: str) -> bool:
        """Whether the daemon speaks this API version ("1.44") or a newer one with us. Raises NotReady."""
        version = self._version or await self.version()
        return _as_numbers(version.api) >= _as_numbers(api)

    async def _prefix(self) -> str:
        version = self._version or await self.version()
        return f"/v{version.api}"

    async def _request_unversioned(
        self, method: str, path: str, query: Query | None, body: object, timeout_s: float
    ) -> Any:
        async def whole() -> Any:
            exchange = await _Exchange.begin(self.socket_path, method, path, query, body)
            try:
                await exchange.check()
                return _parsed(b"".join([chunk async for chunk in exchange.chunks()]))
            finally:
                exchange.close()

        try:
            return await within(whole(), timeout_s)
        except (asyncio.TimeoutError, TimeoutError):
            raise NotReady(
                "Docker does not answer",
                f"{method} {path} took longer than {timeout_s:g} s",
                "Look at `systemctl status docker` on the server",
            ) from None


class _Exchange:
    """One request and its answer on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doing: str) -> None:
        self._reader = reader
        self._writer = writer
        self._doing = doing
        self._protocol = h11.Connection(h11.CLIENT)
        self._status = 0

    @classmethod
    async def begin(
        cls, socket_path: Path, method: str, path: str, query: Query | None, body: object, registry_auth: str = ""
    ) -> _Exchange:
        content = b"" if body is None else json.dumps(body).encode()
        target = quote(path, safe="/:@%") + (f"?{urlencode(_query_text(query))}" if query else "")
        try:
            reader, writer = await within(asyncio.open_unix_connection(str(socket_path)), _CONNECT_TIMEOUT_S)
        except (OSError, asyncio.TimeoutError) as error:
            raise _does_not_answer(error) from None
        self = cls(reader, writer, f"{method} {path}")
        headers = [("host", "docker"), ("content-length", str(len(content))), ("connection", "close")]
        if content:
            headers.append(("content-type", "application/json"))
        if registry_auth:
            headers.append(("x-registry-auth", registry_auth))
        writer.write(self._protocol.send(h11.Request(method=method, target=target, headers=headers)) or b"")
        if content:
            writer.write(self._protocol.send(h11.Data(data=content)) or b"")
        writer.write(self._protocol.send(h11.EndOfMessage()) or b"")
        try:
            await writer.drain()
        except OSError as error:
            self.close()
            raise _does_not_answer(error) from None
        return self

    async def check(self) -> None:
        """Read the answer's head; raises DockerRefused with Docker's own words when it is an error."""
        event = await self._next_event()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next_event()
        if not isinstance(event, h11.Response):
            raise NotReady("Docker does not answer", "it closed the connection", "Try again in a moment")
        if event.status_code >= 400:
            said = _parsed(b"".join([chunk async for chunk in self.chunks()]))
            why = said.get("message", "") if isinstance(said, dict) else str(said or "")
            raise DockerRefused(
                f"Docker refused {self._doing}",
                why.strip()[:500] or f"it answered {event.status_code}",
                "Look at Docker's log on the server",
                event.status_code,
            )

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return

    async def _next_event(self) -> Any:
        while True:
            try:
                event = self._protocol.next_event()
            except h11.RemoteProtocolError as error:
                raise NotReady("Docker's answer broke off", str(error), "Try again in a moment") from None
            if event is not h11.NEED_DATA:
                return event
            try:
                self._protocol.receive_data(await self._reader.read(_READ_SIZE))
            except OSError as error:
                raise _does_not_answer(error) from None

    def close(self) -> None:
        self._writer.close()


async def demultiplex(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[LogStream, bytes]]:
    """Split Docker's multiplexed stream (8 byte heads: stream, 3 zeros, big-endian length) into its frames."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        position = 0
        while len(buffer) - position >= 8:
            length = int.from_bytes(buffer[position + 4 : position + 8], "big")
            if len(buffer) - position - 8 < length:
                break
            stream: LogStream = "stderr" if buffer[position] == 2 else "stdout"
            yield stream, bytes(buffer[position + 8 : position + 8 + length])
            position += 8 + length
        del buffer[:position]


def with_tag(image: str) -> str:
    """Give back `image` with `:latest` where it has neither tag nor digest (Docker would pull every tag)."""
    name = image.rsplit("/", 1)[-1]
    return image if ":" in name or "@" in name else f"{image}:latest"


def _query_text(query: Query) -> dict[str, str]:
    return {
        name: json.dumps(value) if isinstance(value, (Mapping, list, tuple)) else str(value)
        for name, value in query.items()
    }


def _line(text: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(text)
    except ValueError:
        raise NotReady("Docker's answer broke off", "its last line is not whole", "Try again in a moment") from None
    return value


def _parsed(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def _does_not_answer(error: OSError | asyncio.TimeoutError) -> NotReady:
    reasons: dict[type[Exception], str] = {
        FileNotFoundError: "its socket does not exist; Docker is not installed or not started",
        ConnectionRefusedError: "nothing listens on its socket; Docker is stopped",
        PermissionError: "this user may not open its socket",
    }
    why = reasons.get(type(error), str(error) or type(error).__name__)
    return NotReady("Docker does not answer", why, "Start Docker (`systemctl start docker`) and try again")
