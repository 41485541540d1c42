"""Starting the containers of a release that exists: what deployments, undoing and a person's start have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from godploy_server.contract import DeploymentFailed, MountKind, ServiceSettings
from godploy_server.deploy.probing import is_asked, probe_release
from godploy_server.deploy.published_ports import refused_port
from godploy_server.ingress.switch import close_probe, open_probe
from godploy_server.runtime.containers import container_body, replicas, upstreams, volume_sources
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import INSTANCE_LABEL, PROJECT_LABEL, ServiceName
from godploy_server.runtime.networks import ensure_network
from godploy_server.runtime.own_parts import is_refused_folder, own_parts
from godploy_server.runtime.release_containers import (
    ReleaseContainer,
    containers_of,
    create_container,
    start_container,
    stop_containers,
)
from godploy_server.runtime.volumes import ensure_volumes
from godploy_server.state import projects, releases, settings


async def start_release(engine: Engine, name: ServiceName, release: int) -> list[str]:
    """Start every container of a release, those that are missing made anew; gives the names of those that did not run.

    Raises DeploymentFailed, Conflict, PortTaken.
    """
    row = releases.find(engine.connection, name.service_id, release)
    snapshot = releases.snapshot_of(engine.connection, engine.secrets, name.service_id, release)
    await ensure_project_network(engine, name)
    existing = {each.replica: each for each in await containers_of(engine.docker, name, release)}
    missing = [each for each in replicas(snapshot.settings) if each not in existing]
    if missing:
        await ensure_mounts(engine, name, snapshot.settings)
    for replica in missing:
        body = container_body(name, release, replica, row.image_id, snapshot.settings, snapshot.environment, row.commit)
        await create_container(engine.docker, name.container(release, replica), body)
    await start_containers(engine, name, release, snapshot.settings)
    running = {replica for replica, each in existing.items() if each.is_running}
    return [name.container(release, each) for each in replicas(snapshot.settings) if each not in running]


async def ensure_project_network(engine: Engine, name: ServiceName) -> None:
    """Make the project's network if it is missing, with the subnet that it had if that is free."""
    project = projects.find(engine.connection, name.project_id)
    labels = {INSTANCE_LABEL: name.prefix, PROJECT_LABEL: name.project_id}
    pool = settings.read(engine.connection).network_pool
    subnet = str(await ensure_network(engine.docker, name.network, pool, labels, project.subnet))
    if subnet != project.subnet:
        projects.set_subnet(engine.connection, project.id, subnet)


async def ensure_mounts(engine: Engine, name: ServiceName, wanted: ServiceSettings) -> None:
    """Make the volumes that are missing, and look at the folders of the server as they are now, links followed.

    Raises Conflict for a foreign volume, DeploymentFailed for a folder that is missing or Godploy's own.
    """
    if not engine.instance.is_embedded:  # Docker of this computer may run in a machine of its own, with other folders
        _check_folders(engine, wanted)
    await ensure_volumes(engine.docker, name, volume_sources(wanted))


def _check_folders(engine: Engine, wanted: ServiceSettings) -> None:
    own = own_parts(engine).folders
    for mount in wanted.mounts:
        if mount.kind is not MountKind.FOLDER:
            continue
        folder = Path(mount.source)
        if not folder.exists():
            raise DeploymentFailed(
                f"The folder {folder} does not exist on the server",
                f"the service mounts it at {mount.target}",
                f"Make it (`mkdir -p {folder}`), or change the service's mounts",
            )
        if is_refused_folder(PurePosixPath(folder.resolve()), own):
            raise DeploymentFailed(
                f"{folder} cannot be mounted",
                "it leads to Godploy's own state or to Docker's socket",
                "Change the service's mounts",
            )


async def start_containers(engine: Engine, name: ServiceName, release: int, wanted: ServiceSettings) -> None:
    """Start every container of a release, all at once. Raises DeploymentFailed, PortTaken."""
    try:
        await asyncio.gather(
            *(start_container(engine.docker, name.container(release, each)) for each in replicas(wanted))
        )
    except DockerRefused as refusal:
        taken = refused_port(refusal.problem.why, wanted)
        if taken is not None:
            raise taken from None
        raise DeploymentFailed(
            f"The program of release {release} could not be started",
            refusal.problem.why,
            "Check the service's command, its mounts and the image's entry point",
        ) from None


async def stop_others(engine: Engine, name: ServiceName, release: int) -> list[ReleaseContainer]:
    """Stop what runs of a service besides a release, each in the time that its settings give; gives what ran."""
    running = [each for each in await containers_of(engine.docker, name) if each.is_running]
    others = [each for each in running if each.release != release]
    await stop_containers(engine.docker, others)
    return others


async def await_healthy(engine: Engine, name: ServiceName, release: int, say: Callable[[str], None]) -> None:
    """Wait until every container of a release is healthy; one that cannot be asked need not be.

    Raises DeploymentFailed.
    """
    chosen = releases.settings_of(engine.connection, name.service_id, release)
    if not is_asked(chosen):
        return
    targets = upstreams(name, release, chosen)
    if targets:
        open_probe(engine, name.service_id, targets)
    try:
        await probe_release(engine, name, release, chosen, say)
    finally:
        close_probe(engine, name.service_id)
