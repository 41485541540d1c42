"""What Docker says of itself and of the machine: asked once where several things depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from godploy_server.runtime.docker_client import DockerClient


@dataclass(frozen=True)
class AboutDocker:
    """From Docker's GET /info. `memory_bytes` is 0 where Docker does not say it."""

    version: str
    root_folder: Path
    memory_bytes: int
    cores: int
    cgroup_driver: str
    cgroup_version: str


async def about_docker(docker: DockerClient) -> AboutDocker:
    """Ask Docker; tens of milliseconds. Raises NotReady."""
    return about_of(await docker.request("GET", "/info"))


def about_of(said: Mapping[str, Any]) -> AboutDocker:
    """Read the answer to GET /info. Source: Docker Engine API, SystemInfo."""
    return AboutDocker(
        version=str(said.get("ServerVersion") or ""),
        root_folder=Path(said.get("DockerRootDir") or "/"),
        memory_bytes=int(said.get("MemTotal") or 0),
        cores=int(said.get("NCPU") or 1),
        cgroup_driver=str(said.get("CgroupDriver") or "cgroupfs"),
        cgroup_version=str(said.get("CgroupVersion") or "1"),
    )
