"""Requests that make containers from a release: pure functions, exact in their tests.

Source: Docker Engine API 1.41, ContainerCreate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from godploy_server.contract import ServiceSettings
from godploy_server.runtime.names import REPLICA_LABEL, ServiceName

STOP_GRACE_S: Final = 10
"""How long a program may take between SIGTERM and SIGKILL. Its requests are drained before."""

LOG_ROTATION: Final[dict[str, Any]] = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_PERIOD_NS_PER_CPU: Final = 1_000_000_000


def container_body(
    name: ServiceName,
    release: int,
    replica: int,
    image_id: str,
    settings: ServiceSettings,
    environment: Mapping[str, str],
    commit: str = "",
) -> dict[str, Any]:
    """Give the body that creates one replica (counted from 1) of a release.

    The health check of the image is switched off: health is asked through the proxy, where visitors come from.
    Docker restarts the program when it ends and after a reboot, unless it was stopped on purpose.
    """
    limits = settings.limits
    body: dict[str, Any] = {
        "Image": image_id,
        "Env": environment_lines(settings.port, release, commit, environment),
        "Labels": {**name.labels(release), REPLICA_LABEL: str(replica)},
        "Healthcheck": {"Test": ["NONE"]},
        "StopTimeout": STOP_GRACE_S,
        "HostConfig": {
            "NetworkMode": name.network,
            "RestartPolicy": {"Name": "unless-stopped"},
            "LogConfig": LOG_ROTATION,
            "Memory": limits.memory_bytes,
            "MemorySwap": limits.memory_bytes,  # the same: no swap beside it
            "NanoCpus": int(limits.cpus * _PERIOD_NS_PER_CPU),
            "SecurityOpt": ["no-new-privileges:true"],
        },
        "NetworkingConfig": {"EndpointsConfig": {name.network: {"Aliases": [name.service]}}},
    }
    if settings.command:
        body["Cmd"] = list(settings.command)
    return body


def environment_lines(port: int | None, release: int, commit: str, environment: Mapping[str, str]) -> list[str]:
    """Give the environment as Docker takes it, sorted. A person's variables win over the ones given to everyone."""
    given = {"GODPLOY_RELEASE": str(release)}
    if commit:
        given["GODPLOY_COMMIT"] = commit
    if port is not None:
        given["PORT"] = str(port)
    return sorted(f"{name}={value}" for name, value in {**given, **environment}.items())


def upstream(name: ServiceName, release: int, replica: int, port: int) -> str:
    """Give the URL under which the proxy reaches one replica: a name, because addresses change on reboot."""
    return f"http://{name.container(release, replica)}:{port}"


def upstreams(name: ServiceName, release: int, settings: ServiceSettings) -> tuple[str, ...]:
    """Give the URLs of all replicas of a release; none for a worker."""
    if settings.port is None:
        return ()
    return tuple(upstream(name, release, replica, settings.port) for replica in replicas(settings))


def replicas(settings: ServiceSettings) -> range:
    """Give the numbers of a release's replicas, from 1."""
    return range(1, settings.replicas + 1)


def fingerprint(body: Mapping[str, Any]) -> str:
    """Give a short stable hash of a request's body, to see whether a container was made from the same one."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
