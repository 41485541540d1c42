"""POST /build with a session: an image on the server from a folder here. Cancelling the task ends it there at once.

Source: Docker Engine API 1.41 and later, "Build an image" with version=2 and remote=client-session.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import h11

from godploy_desktop.remote.agent_http import HttpConnection, Request, StreamBroken
from godploy_desktop.remote.buildkit.plain_progress import PlainProgress
from godploy_desktop.remote.buildkit.protobuf import Malformed
from godploy_desktop.remote.buildkit.session import Offer, Sent, Session
from godploy_desktop.remote.buildkit.trace import read_status
from godploy_desktop.remote.source_folder.rules import Everything, Rules
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import DeploymentFailed, GodployError, NotReady, Unreachable

CALL_TIMEOUT_S: Final = 30.0
OLDEST_API: Final = (1, 39)
NEWEST_API: Final = (1, 51)
"""What this file was written for; a newer Docker still speaks it."""

OpenDocker = Callable[[], Awaitable[socket.socket]]
"""Gives a new non-blocking socket to the server's Docker."""


@dataclass(frozen=True)
class ImageBuild:
    """What to build. `dockerfile` is a path, anywhere; `shared_key` is the same for each build of the same folder,
    so that only what changed is sent. `rules` say what of the context counts, beside its `.dockerignore`."""

    context: Path
    dockerfile: Path
    tag: str
    shared_key: str
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    cgroup_parent: str = ""
    rules: Rules = field(default_factory=Everything)


@dataclass
class BuildObserver:
    """Who hears how it goes, in the event loop: each line of the log, and what was sent so far."""

    line: Callable[[str], None] = lambda _line: None
    sent: Callable[[Sent], None] = lambda _sent: None


async def build_image(open_docker: OpenDocker, build: ImageBuild, observer: BuildObserver | None = None) -> str:
    """Build and tag the image; gives its id (sha256:...).

    Raises DeploymentFailed when the build fails, SourceChanged or BadInput for a file that cannot be sent, NotReady
    when this Docker cannot do it, Unreachable when the connection ends.
    """
    observer = observer or BuildObserver()
    workers = Workers("build")
    offer = Offer(
        {"context": (build.context, build.rules), "dockerfile": (build.dockerfile.parent, Everything())}, build.secrets
    )
    skipped: set[str] = set()

    def note(path: str, what: str) -> None:
        if path not in skipped:
            skipped.add(path)
            loop.call_soon_threadsafe(observer.line, f"left out: {path} is {what}")

    loop = asyncio.get_running_loop()
    key = hashlib.sha256(build.shared_key.encode("utf-8", "surrogateescape")).hexdigest()
    session = Session(offer, key, workers, observer.sent, note)
    try:
        api_version = await _api_version(open_docker)
        server = await session.open(await open_docker(), api_version)
    except OSError as error:
        raise _lost(error) from error
    serving = asyncio.create_task(server.serve(), name="build session")
    try:
        return await _run(open_docker, api_version, build, session, observer)
    except GodployError as error:
        if session.failure is not None and isinstance(error, DeploymentFailed):
            raise session.failure from error
        if serving.done() and isinstance(error, DeploymentFailed):
            raise _lost(ConnectionResetError("the session's connection was cut")) from error
        raise
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def remove_image(open_docker: OpenDocker, tag: str) -> None:
    """Take a tag away again, and the image with its last one. Never raises: what stays is cleaned by its labels."""
    with contextlib.suppress(OSError, GodployError, h11.ProtocolError, StreamBroken, TimeoutError):
        async with asyncio.timeout(CALL_TIMEOUT_S):
            connection = await HttpConnection.over(await open_docker())
            try:
                version = await _api_version(open_docker)
                await connection.send(Request("DELETE", f"/v{version}/images/{quote(tag, safe='/:')}"), {})
                await connection.body()
            finally:
                connection.abort()


def build_query(build: ImageBuild, session_id: str) -> str:
    """Give the query of POST /build. Secrets are not in it: BuildKit asks the session for them."""
    values = {
        "version": "2",
        "remote": "client-session",
        "session": session_id,
        "buildid": session_id,
        "dockerfile": build.dockerfile.name,
        "t": build.tag,
        "target": build.target,
        "buildargs": json.dumps(dict(build.arguments)) if build.arguments else "",
        "labels": json.dumps(dict(build.labels)) if build.labels else "",
        "cgroupparent": build.cgroup_parent,
        "rm": "1",
        "forcerm": "1",
    }
    return urlencode({name: value for name, value in values.items() if value})


async def _run(
    open_docker: OpenDocker, api_version: str, build: ImageBuild, session: Session, observer: BuildObserver
) -> str:
    connection = await HttpConnection.over(await open_docker())
    outcome = _Outcome(observer)
    try:
        request = Request("POST", f"/v{api_version}/build?{build_query(build, session.id)}")
        response = await connection.send(request, {"content-type": "application/x-tar"})
        if response.status_code != 200:
            raise _refused(await connection.body())
        rest = b""
        async for piece in connection.chunks():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                outcome.take(line)
        outcome.take(rest)
    except (OSError, h11.ProtocolError, StreamBroken) as error:
        raise _lost(error) from error
    finally:
        connection.abort()
    return outcome.image_id()


class _Outcome:
    """Reads the stream of a build's messages."""

    def __init__(self, observer: BuildObserver) -> None:
        self._observer = observer
        self._progress = PlainProgress()
        self._image_id = ""
        self._error = ""

    def take(self, line: bytes) -> None:
        """Read one message."""
        if not line.strip():
            return
        try:
            message = json.loads(line)
            if message.get("id") == "moby.buildkit.trace":
                lines = self._progress.feed(read_status(base64.b64decode(message["aux"])))
            elif message.get("id") == "moby.image.id":
                self._image_id = message["aux"]["ID"]
                lines = []
            else:
                lines = self._plain(message)
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, Malformed) as error:
            raise NotReady(
                "The server's Docker tells of the build in a way that is not understood",
                f"{type(error).__name__}: {str(error)[:200]}",
                "Choose another builder, so that the server builds, and report this",
            ) from error
        for each in lines:
            self._observer.line(each)

    def _plain(self, message: dict[str, Any]) -> list[str]:
        if (error := message.get("error") or (message.get("errorDetail") or {}).get("message")) is not None:
            self._error = str(error)
        return []  # "Successfully tagged ..." says nothing that the trace did not

    def image_id(self) -> str:
        """Give the image's id, after the last lines. Raises DeploymentFailed when there is none."""
        for each in self._progress.finish():
            self._observer.line(each)
        if self._image_id and not self._error:
            return self._image_id
        why = self._error or self._progress.error or "the build ended without an image and without a reason"
        self._observer.line(f"ERROR: {why}")
        raise DeploymentFailed(
            "The image could not be built", why[:500], "Look at the log, correct the source and deploy again"
        )


async def _api_version(open_docker: OpenDocker) -> str:
    """Ask Docker for the newest API that it and this file speak."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            connection = await HttpConnection.over(await open_docker())
            try:
                await connection.send(Request("GET", "/version"), {})
                said = json.loads(await connection.body())
            finally:
                connection.abort()
        major, minor = (int(part) for part in str(said["ApiVersion"]).split("."))
    except (OSError, TimeoutError, h11.ProtocolError, StreamBroken) as error:
        raise _lost(error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NotReady(
            "The server's Docker cannot be used", "it does not tell its version", "Look at Docker"
        ) from error
    if (major, minor) < OLDEST_API:
        raise NotReady(
            "The server's Docker is too old to build from a folder",
            f"its API is {major}.{minor}, and {OLDEST_API[0]}.{OLDEST_API[1]} is the least",
            "Update Docker there, or choose another builder, so that the server builds",
        )
    return ".".join(map(str, min((major, minor), NEWEST_API)))


def _refused(answer: bytes) -> GodployError:
    try:
        why = str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        why = answer.decode("utf-8", "replace")
    return DeploymentFailed(
        "The server's Docker refuses the build", why[:500] or "it gives no reason", "Correct what it names"
    )


def _lost(error: BaseException) -> Unreachable:
    return Unreachable(
        "The connection to the server's Docker ended",
        str(error)[:300] or type(error).__name__,
        "Deploy again when the server can be reached; nothing on it changed",
    )
