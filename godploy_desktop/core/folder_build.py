"""Making the image of a folder from here, with the server's BuildKit: for Dockerfiles whose builds need no secrets."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from godploy_desktop.core.sending import size_words
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_desktop.remote.buildkit.build import BuildObserver, ImageBuild, build_image, remove_image
from godploy_desktop.remote.buildkit.session import Sent
from godploy_desktop.remote.connection import DOCKER_SOCKET
from godploy_desktop.remote.source_folder.folder_rules import context_rules
from godploy_desktop.remote.source_folder.reading import SourceChanged
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import (
    BUILD_GROUP,
    DeploymentFailed,
    DockerfileBuilder,
    Service,
    Variable,
    check_build_argument,
)

TRIES: Final = 3
LARGEST_LOG_BYTES: Final = 1 << 20
_SHOWN_EVERY_S: Final = 0.1


class BuildLog:
    """What a build said: handed over with the deployment, whose log begins with it. `heard` gets each piece at once.

    Of a very long one the beginning and the end stay.
    """

    def __init__(self, heard: Callable[[bytes], None] = lambda _piece: None) -> None:
        self._heard = heard
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._head_size = self._tail_size = self._dropped = 0

    def add(self, line: str) -> None:
        """Take a line, without its end."""
        raw = line.encode(errors="replace") + b"\n"
        line, size = raw.decode(), len(raw)
        self._heard(raw)
        if not self._tail and self._head_size + size <= LARGEST_LOG_BYTES // 2:
            self._head.append(line)
            self._head_size += size
            return
        self._tail.append(line)
        self._tail_size += size
        while self._tail_size > LARGEST_LOG_BYTES // 2 and len(self._tail) > 1:
            self._tail_size -= len(self._tail.popleft().encode())
            self._dropped += 1

    @property
    def text(self) -> str:
        """All of it, as it is handed over."""
        left_out = [f"... {self._dropped} lines are left out ...\n"] if self._dropped else []
        return "".join([*self._head, *left_out, *self._tail])

    @property
    def size_bytes(self) -> int:
        """How long `text` is in UTF-8: where the deployment's own log begins."""
        return len(self.text.encode())


@dataclass(frozen=True)
class Built:
    """An image that is on the server, and the name that it has until a deployment takes it."""

    image_id: str
    tag: str


def build_arguments(builder: object, variables: Sequence[Variable]) -> dict[str, str]:
    """Give the build arguments: the builder's own, and the plain variables that the build sees. Raises BadInput."""
    given = dict(builder.arguments) if isinstance(builder, DockerfileBuilder) else {}
    seen = {each.name: each.value or "" for each in variables if each.at_build and not each.is_secret}
    return {check_build_argument(name): value for name, value in {**seen, **given}.items()}


async def build_here(
    server: Server,
    service: Service,
    folder: Path,
    root: str,
    dockerfile: str,
    variables: Sequence[Variable],
    log: BuildLog,
    progress: Progress,
) -> Built:
    """Build the image on the server. Cancelling ends the build there.

    Raises DeploymentFailed when it fails or takes too long, SourceChanged when the folder never holds still.
    """
    progress.begin("image", "Build the image")
    builder, context = service.settings.builder, folder / root
    workers = Workers("folder")
    info = await server.agent.info()
    build = ImageBuild(
        context=context,
        dockerfile=context / dockerfile,
        tag=f"godploy/{service.id}:upload-{secrets.token_hex(6)}",
        shared_key=f"{service.id}:{context}",
        target=builder.target if isinstance(builder, DockerfileBuilder) else "",
        arguments=build_arguments(builder, variables),
        labels={
            "godploy.instance": "godploy-local" if info.is_embedded else "godploy",
            "godploy.project": service.project_id,
            "godploy.service": service.id,
        },
        cgroup_parent=BUILD_GROUP,
        rules=await workers.call(lambda: context_rules(folder, root, dockerfile)),
    )
    timeout_s = service.settings.rollout.build_timeout_s
    try:
        async with asyncio.timeout(timeout_s):
            return Built(await _build(server, build, log, progress), build.tag)
    except TimeoutError:
        raise DeploymentFailed(
            "The build took too long",
            f"it was ended after {timeout_s} s",
            "Look at the log for what is slow, or allow more time in the service's settings",
        ) from None
    finally:
        progress.say("")


async def forget(server: Server, built: Built) -> None:
    """Remove an image that no deployment will take."""
    await remove_image(lambda: _open_docker(server), built.tag)


async def _build(server: Server, build: ImageBuild, log: BuildLog, progress: Progress) -> str:
    for attempt in range(TRIES):
        try:
            return await build_image(lambda: _open_docker(server), build, _observer(log, progress))
        except SourceChanged as error:
            if attempt == TRIES - 1:
                raise
            log.add(f"{error.problem.what}: looking at the folder again")
    raise AssertionError("the last try raises")


async def _open_docker(server: Server) -> socket.socket:
    return await server.connection.open_unix(DOCKER_SOCKET, bulk=True)


def _observer(log: BuildLog, progress: Progress) -> BuildObserver:
    loop = asyncio.get_running_loop()
    shown_at = {"line": 0.0, "sent": 0.0}

    def is_time(what: str) -> bool:
        now = loop.time()
        if now - shown_at[what] < _SHOWN_EVERY_S:
            return False
        shown_at[what] = now
        return True

    def line(text: str) -> None:
        log.add(text)
        if text and is_time("line"):
            progress.say(text[:200])

    def count(so_far: Sent) -> None:
        if so_far.content_bytes >= so_far.wanted_bytes or is_time("sent"):
            sent, wanted = size_words(so_far.content_bytes), size_words(so_far.wanted_bytes)
            progress.detail("image", f"{sent} of {wanted} sent, {so_far.files} files")

    return BuildObserver(line, count)
