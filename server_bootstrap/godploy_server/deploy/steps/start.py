"""START: the new release's containers, beside those that serve, or in their place where only one may run."""

from __future__ import annotations

import contextlib
from typing import Final

from godploy_server.contract import DeploymentFailed, ImageSource, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.published_ports import require_free_ports
from godploy_server.deploy.recreating import bring_back, make_way
from godploy_server.deploy.starting import ensure_mounts, ensure_project_network, start_containers
from godploy_server.ingress.switch import close_probe, open_probe
from godploy_server.ingress.traefik import attach_traefik, ensure_traefik
from godploy_server.runtime.containers import container_body, replicas, upstreams
from godploy_server.runtime.images import find_image, tag_image
from godploy_server.runtime.release_containers import (
    containers_of,
    create_container,
    remove_containers,
    stop_containers,
)

_UNDO_GRACE_S: Final = 1


async def run(attempt: Attempt) -> str:
    """Start every replica; those that exist (stopped, or left by an interrupted run) are used again.

    Where only one release may run, everything that can fail before is done before the old one ends.
    """
    engine, name = attempt.engine, attempt.name
    number, snapshot = attempt.the_release()
    await ensure_project_network(engine, name)
    if snapshot.settings.port is not None:
        await ensure_traefik(engine)
        await attach_traefik(engine, name.network)
        # Before the containers exist: the proxy learns its probe routes while they start.
        open_probe(engine, name.service_id, upstreams(name, number, snapshot.settings))
    existing = {each.replica for each in await containers_of(engine.docker, name, number)}
    missing = [each for each in replicas(snapshot.settings) if each not in existing]
    if missing:
        await _ensure_image(attempt)
    await ensure_mounts(engine, name, snapshot.settings)
    await require_free_ports(engine, name, snapshot.settings)
    for replica in missing:
        body = container_body(
            name, number, replica, attempt.image_id, snapshot.settings, snapshot.environment, attempt.deployment.commit
        )
        await create_container(engine.docker, name.container(number, replica), body)
    if attempt.is_recreated:
        await make_way(attempt)
    await start_containers(engine, name, number, snapshot.settings)
    again = " again" if existing else ""
    names = ", ".join(name.container(number, each) for each in replicas(snapshot.settings))
    attempt.log.say(f"Started {names}{again}")
    return names


async def undo(attempt: Attempt) -> None:
    """Remove the new containers (on a rollback stop them, as they were before), and start again what ended for them."""
    close_probe(attempt.engine, attempt.service.id)
    if attempt.release is None or attempt.replaces_itself:
        return
    docker = attempt.engine.docker
    containers = await containers_of(docker, attempt.name, attempt.release)
    if attempt.is_recreated:  # in its own time: it may be writing to what the old one goes on with
        await stop_containers(docker, [each for each in containers if each.is_running])
    if attempt.is_rollback:
        await stop_containers(docker, containers, _UNDO_GRACE_S)
    else:
        await remove_containers(docker, containers)
    if attempt.is_recreated:
        await bring_back(attempt)


START: Final = DeploymentStep(Step.START, run, undo)


async def _ensure_image(attempt: Attempt) -> None:
    docker = attempt.engine.docker
    number, snapshot = attempt.the_release()
    if await find_image(docker, attempt.image_id) is not None:
        return
    if isinstance(snapshot.settings.source, ImageSource):
        async with contextlib.aclosing(docker.pull(attempt.image)) as progress:
            async for line in progress:
                attempt.log.say(line)
        if await find_image(docker, attempt.image_id) is not None:
            await tag_image(docker, attempt.image_id, attempt.name.image(number))
            return
    raise DeploymentFailed(
        f"The image of release {number} is gone",
        "something on the server removed it",
        "Deploy its commit again" if attempt.deployment.commit or not attempt.is_rollback else "Deploy again",
    )
