"""Which mounts, ports, health commands and strategies a service may have: pure checks, with the value's path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from godploy_server.agent.requiring import require
from godploy_server.contract.running import Mount, MountKind, PublishedPort, ServiceSettings, Strategy
from godploy_server.runtime.own_parts import OwnParts, is_refused_folder
from godploy_server.runtime.release_containers import LONGEST_STOP_GRACE_S

_VOLUME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_MOST_MOUNTS: Final = 64
_MOST_PORTS: Final = 64


def check_running(settings: ServiceSettings, own: OwnParts) -> None:
    """Raise BadInput for how a service cannot run on a server with these `own` parts."""
    require(len(settings.mounts) <= _MOST_MOUNTS, "settings/mounts", f"at most {_MOST_MOUNTS}")
    require(len(settings.published) <= _MOST_PORTS, "settings/published", f"at most {_MOST_PORTS}")
    for index, mount in enumerate(settings.mounts):
        _check_mount(mount, f"settings/mounts/{index}", own.folders)
    _require_unique((each.target.rstrip("/") for each in settings.mounts), "settings/mounts", "target")
    for index, published in enumerate(settings.published):
        _check_published(published, f"settings/published/{index}", own.ports)
    _require_unique(((each.host_port, each.protocol) for each in settings.published), "settings/published", "host_port")
    command = settings.health.command
    is_command = all("\0" not in each for each in command) and (not command or bool(command[0].strip()))
    require(is_command, "settings/health/command", "a command and its arguments, without NUL characters")
    grace_s = settings.rollout.stop_grace_s
    require(
        1 <= grace_s <= LONGEST_STOP_GRACE_S,
        "settings/rollout/stop_grace_s",
        f"from 1 to {LONGEST_STOP_GRACE_S} seconds",
    )
    _check_exclusive(settings)


def _check_mount(mount: Mount, path: str, own: tuple[PurePosixPath, ...]) -> None:
    if mount.kind is MountKind.VOLUME:
        expected = "the name of a volume (lower-case letters, digits, dots, dashes), or a folder by its absolute path"
        require(bool(_VOLUME.fullmatch(mount.source)), f"{path}/source", expected)
    else:
        folder = _absolute(mount.source, f"{path}/source", "the absolute path of a folder of the server, without ..")
        expected = "a folder that neither holds nor is part of Godploy's state or Docker's socket"
        require(not is_refused_folder(folder, own), f"{path}/source", expected)
    target = _absolute(mount.target, f"{path}/target", "an absolute path in the container, without ..")
    require(target != PurePosixPath("/"), f"{path}/target", "a folder or file below /")


def _absolute(text: str, path: str, expected: str) -> PurePosixPath:
    parsed = PurePosixPath(text)
    is_right = parsed.is_absolute() and ".." not in parsed.parts and text.isprintable() and len(text) <= 500
    require(is_right, path, expected)
    # Two slashes at the beginning are a root of their own to pathlib, and the usual one to the system.
    return PurePosixPath("/", *parsed.parts[1:])


def _check_published(published: PublishedPort, path: str, own: frozenset[int]) -> None:
    require(1 <= published.container_port <= 65535, f"{path}/container_port", "from 1 to 65535")
    require(1 <= published.host_port <= 65535, f"{path}/host_port", "from 1 to 65535")
    if published.protocol == "tcp":
        expected = f"another port than {published.host_port}: this server's proxy listens there"
        require(published.host_port not in own, f"{path}/host_port", expected)


def _check_exclusive(settings: ServiceSettings) -> None:
    """What only one container can hold wants one replica, which ends before the next release's begins."""
    reason = ""
    if settings.published:
        reason = f"port {settings.published[0].host_port} of the server can lead to one container only"
    written = next((each for each in settings.mounts if not each.is_read_only), None)
    if written is not None:
        reason = f"only one container at a time may write to {written.source} (or mount it read-only)"
    if reason:
        require(settings.replicas == 1, "settings/replicas", f"1: {reason}")
        is_recreated = settings.rollout.strategy is Strategy.RECREATE
        require(is_recreated, "settings/rollout/strategy", f"recreate: {reason}")


def _require_unique(values: Iterable[object], path: str, name: str) -> None:
    seen: set[object] = set()
    for index, each in enumerate(values):
        require(each not in seen, f"{path}/{index}/{name}", "different from the others")
        seen.add(each)
