"""Which releases stay, and removing the others: by this service's own labels and image names only."""

from __future__ import annotations

from collections.abc import Iterable

from godploy_server.contract import Release
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.images import image_tags, remove_image
from godploy_server.runtime.names import BUILT_ELSEWHERE, ServiceName
from godploy_server.runtime.release_containers import containers_of, remove_containers
from godploy_server.state import releases, settings


def outdated(known: Iterable[Release], kept: int) -> list[int]:
    """Give the numbers of the releases to remove: all but the newest `kept` and the one that serves."""
    newest_first = sorted(known, key=lambda each: each.number, reverse=True)
    return sorted(each.number for each in newest_first[max(kept, 1) :] if not each.is_serving)


async def remove_old_releases(engine: Engine, name: ServiceName) -> list[int]:
    """Remove what `kept_releases` does not cover, containers first; gives the numbers of the removed releases.

    Containers and images that belong to no known release (left by a deployment that was killed) go with them; not
    what a desktop built and a deployment that waits will take: what of that nobody took, cleaning up removes by age.
    """
    kept = settings.read(engine.connection).kept_releases
    removed = outdated(releases.of_service(engine.connection, name.service_id), kept)
    for number in removed:
        releases.delete(engine.connection, name.service_id, number)
    known = {each.number for each in releases.of_service(engine.connection, name.service_id)}
    stale = [each for each in await containers_of(engine.docker, name) if each.release not in known]
    await remove_containers(engine.docker, stale)
    kept_tags = {name.image(number) for number in known}
    for tag in await image_tags(engine.docker, name.service_id):
        if tag not in kept_tags and not tag.startswith(name.image(BUILT_ELSEWHERE)):
            await remove_image(engine.docker, tag)
    return removed
