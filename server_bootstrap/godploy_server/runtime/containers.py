"""Requests that make containers from a release: pure functions, exact in their tests.

Source: Docker Engine API 1.41, ContainerCreate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from godploy_server.contract import HealthCheck, Mount, MountKind, PublishedPort, ServiceSettings, Strategy
from godploy_server.runtime.names import REPLICA_LABEL, ServiceName

HEALTH_EVERY_S: Final = 10
"""How often a health command is run in a container that is healthy."""

START_INTERVAL_API: Final = "1.44"
"""From this version of Docker's API on a health command may be run more often while the program starts."""

_HEALTH_EVERY_AT_START_S: Final = 1
_HEALTH_FAILURES: Final = 3
_HEALTH_COMMAND_S: Final = 10
LOG_ROTATION: Final[dict[str, Any]] = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_NS_PER_S: Final = 1_000_000_000


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

    The health check of the image is switched off: health is asked through the proxy, where visitors come from, or by
    the service's own command. Docker restarts the program when it ends and after a reboot, unless it was stopped on
    purpose.
    """
    limits = settings.limits
    body: dict[str, Any] = {
        "Image": image_id,
        "Env": environment_lines(settings.port, release, commit, environment),
        "Labels": {**name.labels(release), REPLICA_LABEL: str(replica)},
        "Healthcheck": healthcheck(settings.health),
        "StopTimeout": settings.rollout.stop_grace_s,
        "HostConfig": {
            "NetworkMode": name.network,
            "RestartPolicy": {"Name": "unless-stopped"},
            "LogConfig": LOG_ROTATION,
            "Memory": limits.memory_bytes,
            "MemorySwap": limits.memory_bytes,  # the same: no swap beside it
            "NanoCpus": int(limits.cpus * _NS_PER_S),
            "SecurityOpt": ["no-new-privileges:true"],
        },
        "NetworkingConfig": {"EndpointsConfig": {name.network: {"Aliases": [name.service]}}},
    }
    if settings.command:
        body["Cmd"] = list(settings.command)
    if settings.mounts:
        body["HostConfig"]["Mounts"] = [mounted(name, each) for each in settings.mounts]
    if settings.published:
        body["ExposedPorts"] = {_port_key(each): {} for each in settings.published}
        body["HostConfig"]["PortBindings"] = port_bindings(settings.published)
    return body


def healthcheck(health: HealthCheck) -> dict[str, Any]:
    """Give the health check that Docker runs inside the container: the service's command, else none.

    While the program starts failures do not count, and from engine 25 on it is asked every second.
    """
    if not health.command:
        return {"Test": ["NONE"]}
    return {
        "Test": ["CMD", *health.command],
        "Interval": HEALTH_EVERY_S * _NS_PER_S,
        "StartInterval": _HEALTH_EVERY_AT_START_S * _NS_PER_S,
        "StartPeriod": health.timeout_s * _NS_PER_S,
        "Timeout": _HEALTH_COMMAND_S * _NS_PER_S,
        "Retries": _HEALTH_FAILURES,
    }


def mounted(name: ServiceName, mount: Mount) -> dict[str, Any]:
    """Give one mount as Docker takes it. A folder of the server that does not exist is refused by Docker, not made."""
    is_volume = mount.kind is MountKind.VOLUME
    return {
        "Type": "volume" if is_volume else "bind",
        "Source": name.volume(mount.source) if is_volume else mount.source,
        "Target": mount.target,
        "ReadOnly": mount.is_read_only,
    }


def port_bindings(published: Sequence[PublishedPort]) -> dict[str, list[dict[str, str]]]:
    """Give the published ports as Docker takes them: on every address of the server, as the proxy's."""
    bindings: dict[str, list[dict[str, str]]] = {}
    for each in published:
        bindings.setdefault(_port_key(each), []).append({"HostPort": str(each.host_port)})
    return bindings


def _port_key(published: PublishedPort) -> str:
    return f"{published.container_port}/{published.protocol}"


def volume_sources(settings: ServiceSettings) -> list[str]:
    """Give what a service calls its volumes, each once."""
    return list(dict.fromkeys(each.source for each in settings.mounts if each.kind is MountKind.VOLUME))


def recreates(settings: ServiceSettings) -> bool:
    """Whether a release with these settings ends the one before it instead of running beside it."""
    return settings.rollout.strategy is Strategy.RECREATE


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
