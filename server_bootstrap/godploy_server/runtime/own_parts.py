"""What of a server is Godploy's own, so that no service may mount or publish it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from godploy_server.runtime.engine import Engine

_DOCKER_SOCKETS: Final = (Path("/var/run/docker.sock"), Path("/run/docker.sock"))


@dataclass(frozen=True)
class OwnParts:
    """Folders of Godploy and sockets of Docker, and the TCP ports that the proxy and the relay hold."""

    folders: tuple[PurePosixPath, ...] = ()
    ports: frozenset[int] = frozenset()


def own_parts(engine: Engine) -> OwnParts:
    """Give what is this server side's own; each folder as it is named and as it is without links."""
    instance = engine.instance
    named = (engine.paths.state_dir, engine.paths.run_dir, engine.docker.socket_path, *_DOCKER_SOCKETS)
    folders = {PurePosixPath(form) for each in named for form in (each.absolute(), each.resolve())}
    ports = (instance.http_port, instance.https_port, instance.api_port, instance.probe_port, instance.relay_port)
    return OwnParts(tuple(sorted(folders)), frozenset(ports))


def is_refused_folder(folder: PurePosixPath, own: Iterable[PurePosixPath]) -> bool:
    """Whether a folder of the server may not be mounted: it is, is in, or holds one that is Godploy's own."""
    return any(folder == each or each in folder.parents or folder in each.parents for each in own)
