"""Finding, tagging and removing the images of releases."""

from __future__ import annotations

from typing import Any

from godploy_server.contract import ServiceId
from godploy_server.runtime.docker_client import DockerClient, DockerRefused


async def find_image(docker: DockerClient, image: str) -> dict[str, Any] | None:
    """Give Docker's inspection of an image, None if it is not here."""
    try:
        found: dict[str, Any] = await docker.request("GET", f"/images/{image}/json")
    except DockerRefused as refusal:
        if refusal.http_status in (400, 404):
            return None
        raise
    return found


def pinned(image: str, inspection: dict[str, Any]) -> str:
    """Give `name@sha256:...` for a pulled image, from what Docker says of it; `image` itself if it came from here."""
    if "@" in image:
        return image
    slash = image.rfind("/")
    colon = image.find(":", slash + 1)
    repository = image if colon < 0 else image[:colon]
    for candidate in inspection.get("RepoDigests") or []:
        name, _, digest = candidate.partition("@")
        if _familiar(name) == _familiar(repository):
            return f"{repository}@{digest}"
    return image


def _familiar(repository: str) -> str:
    """Give the short name of one of Docker Hub's repositories, which Docker shows without registry and `library/`."""
    return repository.removeprefix("docker.io/").removeprefix("index.docker.io/").removeprefix("library/")


async def tag_image(docker: DockerClient, image_id: str, tag: str) -> None:
    """Give an image a further name, so that it stays as long as its release does."""
    repository, _, version = tag.rpartition(":")
    await docker.request("POST", f"/images/{image_id}/tag", {"repo": repository, "tag": version})


async def remove_image(docker: DockerClient, tag: str) -> None:
    """Take a tag away, and the image with its last one. A missing one, or one that is in use, is fine."""
    try:
        await docker.request("DELETE", f"/images/{tag}")
    except DockerRefused as refusal:
        if refusal.http_status not in (404, 409):
            raise


async def image_tags(docker: DockerClient, service_id: ServiceId) -> list[str]:
    """Give the tags of all images that are kept for a service."""
    repository = f"godploy/{service_id}"
    listed = await docker.request("GET", "/images/json", {"filters": {"reference": [repository]}})
    return sorted(tag for each in listed for tag in each.get("RepoTags") or () if tag.startswith(f"{repository}:"))
