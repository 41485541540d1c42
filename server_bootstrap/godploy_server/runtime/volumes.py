"""The volumes of services: made with labels, found by them, removed with their service alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from godploy_server.contract import Conflict
from godploy_server.runtime.docker_client import DockerClient, DockerRefused
from godploy_server.runtime.names import INSTANCE_LABEL, SERVICE_LABEL, VOLUME_LABEL, ServiceName


async def ensure_volumes(docker: DockerClient, name: ServiceName, sources: Sequence[str]) -> None:
    """Make the volumes that are missing. Raises Conflict when one of that name belongs to something else.

    Names alone do not tell services apart: a-b/c and a/b-c would share theirs.
    """
    for source in sources:
        labels = {**name.labels(), VOLUME_LABEL: source}
        volume = name.volume(source)
        # Docker gives back the one that exists already, with the labels that it has.
        made = await docker.request("POST", "/volumes/create", body={"Name": volume, "Labels": labels})
        found = made.get("Labels") or {}
        if any(found.get(each) != labels[each] for each in (INSTANCE_LABEL, SERVICE_LABEL)):
            raise Conflict(
                f"A volume called {volume} exists already",
                "it belongs to something else, and foreign volumes are never touched",
                "Choose another name for the volume, or remove that one",
            )


async def volumes_of(docker: DockerClient, name: ServiceName) -> list[str]:
    """Give the names of a service's volumes, also of those that no release mounts any more."""
    listed = await docker.request("GET", "/volumes", {"filters": name.filters()})
    return sorted(each["Name"] for each in listed.get("Volumes") or ())


async def remove_volumes(docker: DockerClient, volumes: Sequence[str]) -> None:
    """Remove volumes with what is in them; a missing one is fine. Raises DockerRefused for one that is in use."""
    await asyncio.gather(*(_remove(docker, each) for each in volumes))


async def _remove(docker: DockerClient, volume: str) -> None:
    try:
        await docker.request("DELETE", f"/volumes/{volume}")
    except DockerRefused as refusal:
        if refusal.http_status != 404:
            raise
