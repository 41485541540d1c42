"""A build session: the server's BuildKit asks this computer, over one connection, for files and secrets.

Source: moby/buildkit, session/filesync, session/secrets and session/auth; Docker's API, POST /session. Of registries'
credentials it is told that there are none: an image that needs a login is pulled by the agent, which has it.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from godploy_desktop.remote.buildkit.diff_copy import send_folder
from godploy_desktop.remote.buildkit.grpc_server import Call, GrpcError, GrpcServer, GrpcStatus
from godploy_desktop.remote.buildkit.protobuf import bytes_field, known, text
from godploy_desktop.remote.source_folder.follow import follow_links
from godploy_desktop.remote.source_folder.listing import Entry, list_folder
from godploy_desktop.remote.source_folder.rules import All, Excluding, Including, Rules
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import GodployError, NotReady

_HEALTH: Final = "/grpc.health.v1.Health/Check"
_CREDENTIALS: Final = "/moby.filesync.v1.Auth/Credentials"
_SECRET: Final = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
_FILES: Final = "/moby.filesync.v1.FileSync/DiffCopy"
_SERVING: Final = b"\x08\x01"
_MAX_HEAD_BYTES: Final = 64 * 1024


@dataclass
class Sent:
    """What a session sent so far."""

    files: int = 0
    content_bytes: int = 0
    wanted_bytes: int = 0  # of the files that were asked for so far


@dataclass(frozen=True)
class Offer:
    """What a session gives to a build: folders by the name that BuildKit asks for ("context", "dockerfile"), with the
    rules of this side for each, and the values of secrets by their ids."""

    folders: Mapping[str, tuple[Path, Rules]]
    secrets: Mapping[str, bytes] = field(default_factory=dict)


class Session:
    """One session. `failure` is why a folder could not be sent, where that ended the build."""

    def __init__(
        self,
        offer: Offer,
        shared_key: str,
        workers: Workers,
        changed: Callable[[Sent], None] = lambda _sent: None,
        skipped: Callable[[str, str], None] = lambda _path, _what: None,
    ) -> None:
        self.id = secrets.token_hex(12)
        self.sent = Sent()
        self.failure: GodployError | None = None
        self._offer = offer
        self._shared_key = shared_key
        self._workers = workers
        self._changed = changed
        self._skipped = skipped

    async def open(self, sock: socket.socket, api_version: str) -> GrpcServer:
        """Open it over a socket to Docker, which belongs to the result; serve that until the build is over.

        Raises NotReady if this Docker has no BuildKit sessions.
        """
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            writer.write(self._request(api_version))
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            writer.transport.abort()
            raise _refused(f"the connection ended: {error}") from error
        except BaseException:
            writer.transport.abort()
            raise
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if " 101 " not in f"{status} ":
            writer.transport.abort()
            raise _refused(f"it answered: {status[:200]}")
        handlers = {
            _HEALTH: self._check,
            _CREDENTIALS: self._credentials,
            _SECRET: self._secret,
            _FILES: self._files,
        }
        return GrpcServer(reader, writer, handlers)

    def _request(self, api_version: str) -> bytes:
        lines = [
            f"POST /v{api_version}/session HTTP/1.1",
            "Host: docker",
            "Connection: Upgrade",
            "Upgrade: h2c",
            "Content-Length: 0",
            f"X-Docker-Expose-Session-Uuid: {self.id}",
            "X-Docker-Expose-Session-Name: godploy",
            f"X-Docker-Expose-Session-Sharedkey: {self._shared_key}",
            *(f"X-Docker-Expose-Session-Grpc-Method: {method}" for method in (_HEALTH, _CREDENTIALS, _SECRET, _FILES)),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def _check(self, call: Call) -> None:
        await call.receive()
        await call.send(_SERVING)

    async def _credentials(self, call: Call) -> None:
        await call.receive()
        await call.send(b"")  # no user, no password: anonymous

    async def _secret(self, call: Call) -> None:
        wanted = text(known(await call.receive() or b"").get(1))
        if wanted not in self._offer.secrets:
            raise GrpcError(GrpcStatus.NOT_FOUND, f"secret {wanted}: not found")
        await call.send(bytes_field(1, self._offer.secrets[wanted]))

    async def _files(self, call: Call) -> None:
        name = (call.metadata.get("dir-name") or [""])[0]
        if name not in self._offer.folders:
            raise GrpcError(GrpcStatus.NOT_FOUND, f"no folder {name} is offered")
        top, rules = self._offer.folders[name]
        excludes = call.metadata.get("exclude-patterns", [])
        includes = call.metadata.get("include-patterns", [])
        followed = call.metadata.get("followpaths", [])
        try:
            entries = await self._workers.call(lambda: self._list(top, rules, excludes, includes, followed))
            await send_folder(call, top, entries, self._workers.call, self._count)
        except GodployError as error:
            self.failure = self.failure or error
            raise GrpcError(GrpcStatus.UNKNOWN, error.problem.what) from error

    def _list(
        self, top: Path, rules: Rules, excludes: list[str], includes: list[str], followed: list[str]
    ) -> list[Entry]:
        if followed:
            paths = follow_links(top, followed)
            includes = [*includes, *paths] if paths else []
        every = [rules]
        if excludes:
            every.append(Excluding.of(excludes))
        if includes:
            every.append(Including.of(includes))
        return list_folder(top, All(tuple(every)), self._skipped)

    def _count(self, entry: Entry | None, count: int) -> None:
        if entry is not None:
            self.sent.files += 1
            self.sent.wanted_bytes += entry.size_bytes
        self.sent.content_bytes += count
        self._changed(self.sent)


def _refused(why: str) -> NotReady:
    return NotReady(
        "The server's Docker opens no build session",
        why,
        "Update Docker there (20.10 or later), or choose another builder, so that the server builds",
    )
