"""From a service and its fetched files to the work of a builder: the same for a deployment and for a plan."""

from __future__ import annotations

from pathlib import Path

from godploy_server.contract import ImageSource
from godploy_server.deploy.build_group import BuildGroup
from godploy_server.deploy.builders.auto import chosen
from godploy_server.deploy.builders.builder import BuildLog, BuildVariables, Result, Way, Work, inside, top_of
from godploy_server.deploy.registry_logins import build_environment
from godploy_server.runtime.engine import Engine
from godploy_server.state import settings, variables
from godploy_server.state.services import ServiceRow

_DEFAULT_PORT = 8080


def open_work(
    engine: Engine,
    service: ServiceRow,
    source_folder: Path,
    log: BuildLog,
    result: Result | None = None,
    cap: BuildGroup | None = None,
) -> tuple[Way, Work, str]:
    """Give the way to build, the work for it, and why it is the one.

    Raises BadInput for a root that is not in the source, DeploymentFailed where no builder fits, NotReady and Conflict
    for variables that have no value.
    """
    source = service.settings.source
    assert not isinstance(source, ImageSource)
    folder = inside(source_folder, source.root or ".", "The folder")
    way, builder, reason = chosen(service.settings.builder, top_of(folder), source.root)
    environment = variables.environment(engine.connection, engine.secrets, service.id, at="build")
    work = Work(
        folder=folder,
        scratch=source_folder.parent,
        service_id=service.id,
        port=service.settings.port or _DEFAULT_PORT,
        builder=builder,
        settings=settings.read(engine.connection),
        variables=BuildVariables.sorted_out(environment, variables.of_service(engine.connection, service.id)),
        log=log,
        docker_socket=engine.docker.socket_path,
        tools_folder=engine.paths.state_dir / "tools",
        registry_environment=build_environment(engine),
        result=result,
        cap=cap,
    )
    return way, work, reason
