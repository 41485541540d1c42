"""How a service runs: what a release starts, how it is judged healthy and how it replaces another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from godploy_server.contract.building import (
    ArchiveSource,
    AutoBuilder,
    BuildpacksBuilder,
    DockerfileBuilder,
    FolderSource,
    GitSource,
    ImageSource,
    NixpacksBuilder,
    StaticBuilder,
)


@dataclass(frozen=True)
class HealthCheck:
    """When a container counts as healthy: GET `path` through the proxy gives 200 to 399, `successes` times running.

    Where `command` is given it is run inside the container instead, and must end with 0.
    """

    path: str = "/"
    timeout_s: int = 60  # the whole time that a new release gets to become healthy
    successes: int = 2
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one container may use. 0 means no limit."""

    memory_bytes: int = 0
    cpus: float = 0.0


class Strategy(str, Enum):
    """How a release replaces another."""

    ROLLING = "rolling"  # the new one beside the old one, then the switch: nobody notices
    RECREATE = "recreate"  # the old one ends before the new one starts: for volumes that only one may use


@dataclass(frozen=True)
class Rollout:
    """How a release replaces another. Times in seconds; drain must outlast the longest request."""

    drain_s: int = 10
    settle_s: int = 3
    build_timeout_s: int = 3600
    strategy: Strategy = Strategy.ROLLING
    stop_grace_s: int = 10  # between SIGTERM and SIGKILL


class MountKind(str, Enum):
    """What is mounted."""

    VOLUME = "volume"  # kept by Docker under a name of the service
    FOLDER = "folder"  # a folder or file of the server, by its absolute path


@dataclass(frozen=True)
class Mount:
    """Something that a container sees at `target` (absolute). `source` is the volume's name or the server's path."""

    source: str
    target: str
    kind: MountKind = MountKind.VOLUME
    is_read_only: bool = False


@dataclass(frozen=True)
class PublishedPort:
    """A port of the server that leads to one of the container, past the proxy, for whoever reaches the server."""

    container_port: int
    host_port: int
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True)
class ServiceSettings:
    """Everything of a service that a person sets, without its variables and domains.

    Mounts and published ports want one replica and the strategy *recreate*, unless every mount is read-only.
    """

    source: GitSource | FolderSource | ArchiveSource | ImageSource
    builder: AutoBuilder | DockerfileBuilder | NixpacksBuilder | BuildpacksBuilder | StaticBuilder = field(
        default_factory=AutoBuilder
    )
    port: int | None = 8080  # where the program serves HTTP; None if it serves none (worker, database)
    replicas: int = 1
    command: tuple[str, ...] = ()
    health: HealthCheck = field(default_factory=HealthCheck)
    limits: Limits = field(default_factory=Limits)
    rollout: Rollout = field(default_factory=Rollout)
    mounts: tuple[Mount, ...] = ()
    published: tuple[PublishedPort, ...] = ()
