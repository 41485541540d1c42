"""START: the new release's containers, beside those that serve."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from godploy_server.contract import DeploymentFailed, ImageSource, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.ingress.switch import close_probe, open_probe
from godploy_server.ingress.traefik import attach_traefik, ensure_traefik
from godploy_server.runtime.containers import container_body, replicas, upstreams
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.images import find_image, tag_image
from godploy_server.runtime.names import INSTANCE_LABEL, PROJECT_LABEL
from godploy_server.runtime.networks import ensure_network
from godploy_server.runtime.release_containers import (
    containers_of,
    create_container,
    remove_containers,
    start_container,
    stop_containers,
)
from godploy_server.state import projects, settings

_UNDO_GRACE_S: Final = 1


async def run(attempt: Attempt) -> str:
    """Start every replica; those that exist (stopped, or left by an interrupted run) are used again."""
    engine, name = attempt.engine, attempt.name
    number, snapshot = attempt.the_release()
    await _ensure_network(attempt)
    if snapshot.settings.port is not None:
        await ensure_traefik(engine)
        await attach_traefik(engine, name.network)
        # Before the containers exist: the proxy learns its probe routes while they start.
        open_probe(engine, name.service_id, upstreams(name, number, snapshot.settings))
    existing = {each.replica for each in await containers_of(engine.docker, name, number)}
    missing = [each for each in replicas(snapshot.settings) if each not in existing]
    if missing:
        await _ensure_image(attempt)
    for replica in missing:
        body = container_body(
            name, number, replica, attempt.image_id, snapshot.settings, snapshot.environment, attempt.deployment.commit
        )
        await create_container(engine.docker, name.container(number, replica), body)
    try:
        await asyncio.gather(
            *(start_container(engine.docker, name.container(number, each)) for each in replicas(snapshot.settings))
        )
    except DockerRefused as refusal:
        raise DeploymentFailed(
            f"The program of release {number} could not be started",
            refusal.problem.why,
            "Check the service's command and the image's entry point",
        ) from None
    again = " again" if existing else ""
    names = ", ".join(name.container(number, each) for each in replicas(snapshot.settings))
    attempt.log.say(f"Started {names}{again}")
    return names


async def undo(attempt: Attempt) -> None:
    """Remove the new containers; on a rollback stop them, as they were before."""
    close_probe(attempt.engine, attempt.service.id)
    if attempt.release is None or attempt.replaces_itself:
        return
    containers = await containers_of(attempt.engine.docker, attempt.name, attempt.release)
    if attempt.is_rollback:
        await stop_containers(attempt.engine.docker, containers, _UNDO_GRACE_S)
    else:
        await remove_containers(attempt.engine.docker, containers)


START: Final = DeploymentStep(Step.START, run, undo)


async def _ensure_network(attempt: Attempt) -> None:
    engine, name = attempt.engine, attempt.name
    project = projects.find(engine.connection, name.project_id)
    labels = {INSTANCE_LABEL: name.prefix, PROJECT_LABEL: name.project_id}
    pool = settings.read(engine.connection).network_pool
    subnet = str(await ensure_network(engine.docker, name.network, pool, labels, project.subnet))
    if subnet != project.subnet:
        projects.set_subnet(engine.connection, project.id, subnet)


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
