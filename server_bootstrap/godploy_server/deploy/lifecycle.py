"""What a person does to a service or project besides deploying: start, stop, restart, remove, route."""

from __future__ import annotations

import asyncio
from typing import Final

from godploy_server.contract import (
    BadInput,
    Conflict,
    DeploymentState,
    GodployError,
    Project,
    ProjectId,
    RemovalPreview,
    ServiceId,
)
from godploy_server.deploy.builders.buildpacks import remove_cache_volumes
from godploy_server.deploy.keys import remove_service_files
from godploy_server.deploy.published_ports import require_free_ports
from godploy_server.deploy.starting import await_healthy, start_release, stop_others
from godploy_server.ingress.switch import (
    apply_domains,
    forget_service,
    served_upstreams,
    serving_release,
    switch_to,
)
from godploy_server.ingress.traefik import attach_traefik
from godploy_server.runtime.containers import recreates
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.images import image_tags, remove_image
from godploy_server.runtime.names import INSTANCE_LABEL, PROJECT_LABEL, ServiceName, network_name
from godploy_server.runtime.networks import ensure_network, remove_network
from godploy_server.runtime.release_containers import (
    containers_of,
    remove_containers,
    restart_container,
    stop_containers,
)
from godploy_server.runtime.volumes import remove_volumes, volumes_of
from godploy_server.state import deployments, domains, references, releases, services, settings

_RESERVED_PROJECTS: Final = frozenset({"edge"})


async def create_project_network(engine: Engine, project_name: str) -> str:
    """Make the network of a project whose row is not written yet; gives its subnet. Raises Conflict, BadInput."""
    if project_name in _RESERVED_PROJECTS:
        raise BadInput(
            f"A project cannot be called “{project_name}”",
            "the proxy's own network has that name",
            "Choose another name",
        )
    name = network_name(engine.instance.prefix, project_name)
    # The label gets the name: the row, and its id, come after the network. Nothing looks for its value.
    labels = {INSTANCE_LABEL: engine.instance.prefix, PROJECT_LABEL: project_name}
    subnet = await ensure_network(engine.docker, name, settings.read(engine.connection).network_pool, labels)
    await attach_traefik(engine, name)
    return str(subnet)


async def delete_project_network(engine: Engine, project: Project) -> None:
    """Remove a project's network, detaching the proxy from it."""
    await remove_network(engine.docker, network_name(engine.instance.prefix, project.name), engine.instance.prefix)


async def start_service(engine: Engine, service_id: ServiceId) -> None:
    """Start the release that served last, and route to it once it answers. Raises Conflict, DeploymentFailed."""
    name, release = _ready(engine, service_id)
    chosen = releases.settings_of(engine.connection, service_id, release)
    await require_free_ports(engine, name, chosen)
    if recreates(chosen):
        await stop_others(engine, name, release)
    await start_release(engine, name, release)
    services.set_stopped(engine.connection, service_id, False)
    await await_healthy(engine, name, release, _say_nothing)
    if served_upstreams(engine, service_id):
        await apply_domains(engine, service_id)


async def stop_service(engine: Engine, service_id: ServiceId) -> None:
    """Stop a service's containers; they stay, and its domains answer 503. Raises Conflict while it is deployed."""
    name, release = _ready(engine, service_id)
    snapshot = releases.snapshot_of(engine.connection, engine.secrets, service_id, release)
    services.set_stopped(engine.connection, service_id, True)
    if snapshot.settings.port is not None:
        await switch_to(engine, service_id, ())
    await stop_containers(engine.docker, [each for each in await containers_of(engine.docker, name) if each.is_running])


async def restart_service(engine: Engine, service_id: ServiceId) -> None:
    """End and start the programs of the release that serves, one replica after another. Raises Conflict."""
    name, release = _ready(engine, service_id)
    if services.find(engine.connection, service_id).is_stopped:
        await start_service(engine, service_id)
        return
    for each in await containers_of(engine.docker, name, release):
        await restart_container(engine.docker, each.id)
        await await_healthy(engine, name, release, _say_nothing)


async def remove_service(engine: Engine, service_id: ServiceId) -> RemovalPreview:
    """Remove everything of a service but its rows: routes, containers, images, volumes, key and source; gives
    what went.

    Raises Conflict while it is deployed.
    """
    _require_idle(engine, service_id)
    gone = await removal_of_service(engine, service_id)
    name = engine.name_of(service_id)
    forget_service(engine, service_id)
    await remove_containers(engine.docker, await containers_of(engine.docker, name))
    await remove_volumes(engine.docker, await volumes_of(engine.docker, name))
    await remove_cache_volumes(engine.docker, service_id)
    for tag in await image_tags(engine.docker, service_id):
        await remove_image(engine.docker, tag)
    for each in deployments.of_service(engine.connection, service_id, limit=100_000):
        engine.paths.log(each.id).unlink(missing_ok=True)
        engine.paths.job_output(each.id).unlink(missing_ok=True)
    remove_service_files(engine.paths, service_id)
    return gone


async def removal_of_service(engine: Engine, service_id: ServiceId) -> RemovalPreview:
    """Give what the removal of a service would take with it."""
    name = engine.name_of(service_id)
    return RemovalPreview(
        containers=tuple(each.name for each in await containers_of(engine.docker, name)),
        images=tuple(await image_tags(engine.docker, service_id)),
        volumes=tuple(await volumes_of(engine.docker, name)),
        services=(name.service,),
        domains=tuple(f"{each.host}{each.path}" for each in domains.of_service(engine.connection, service_id)),
        dependents=tuple(
            each.name for each in references.dependents(engine.connection, services.find(engine.connection, service_id))
        ),
    )


async def removal_of_project(engine: Engine, project_id: ProjectId) -> RemovalPreview:
    """Give what the removal of a project with all its services would take with it."""
    parts = await asyncio.gather(
        *(removal_of_service(engine, each.id) for each in services.every(engine.connection, project_id))
    )
    return RemovalPreview(
        containers=tuple(item for each in parts for item in each.containers),
        images=tuple(item for each in parts for item in each.images),
        volumes=tuple(item for each in parts for item in each.volumes),
        services=tuple(item for each in parts for item in each.services),
        domains=tuple(item for each in parts for item in each.domains),
    )


async def restore_routes(engine: Engine) -> list[GodployError]:
    """Write the dynamic file of every service anew (after an upgrade or a lost folder); gives what failed."""
    problems = []
    for service in services.every(engine.connection):
        if _is_deploying(engine, service.id):
            continue
        try:
            await apply_domains(engine, service.id)
        except GodployError as error:
            problems.append(error)
    return problems


def _say_nothing(_: str) -> None:
    """What a container wrote is in the service's log: starting one has no log of its own."""


def _ready(engine: Engine, service_id: ServiceId) -> tuple[ServiceName, int]:
    _require_idle(engine, service_id)
    release = serving_release(engine, service_id)
    if release is None:
        raise Conflict("There is nothing to start or stop", "this service was never deployed", "Deploy it first")
    return engine.name_of(service_id), release


def _require_idle(engine: Engine, service_id: ServiceId) -> None:
    if _is_deploying(engine, service_id):
        raise Conflict(
            "A deployment of this service is under way",
            "starting, stopping or removing it now would work against it",
            "Wait for the deployment to end, or cancel it first",
        )


def _is_deploying(engine: Engine, service_id: ServiceId) -> bool:
    running = deployments.in_state(engine.connection, DeploymentState.RUNNING)
    return any(each.service_id == service_id for each in running)
