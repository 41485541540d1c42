"""Services, their variables and domains."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.checks import check_service_settings
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.removal import remove_one_service
from godploy_server.agent.router import Route
from godploy_server.agent.running_checks import check_running
from godploy_server.agent.template_checks import check_template
from godploy_server.contract import (
    AddDomain,
    BadInput,
    CertificateState,
    ChangeService,
    CreateService,
    Domain,
    ImageSource,
    ServiceId,
    ServiceKind,
    ServiceSettings,
    SetVariables,
    check_name,
)
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.own_parts import own_parts
from godploy_server.state import domains, projects, references, rotations, services, variables
from godploy_server.state.database import new_id, transaction
from godploy_server.state.services import ServiceRow


async def every(agent: Agent, request: Request) -> Answer:
    """GET /v1/services."""
    project_id = request.query.get("project")
    if project_id is not None:
        projects.find(agent.connection, project_id)
    return Json([agent.describe(row) for row in services.every(agent.connection, project_id)])


async def create(agent: Agent, request: Request) -> Answer:
    """POST /v1/services."""
    wanted = request.value(CreateService)
    check_name(wanted.name, "service")
    _check(agent, wanted.settings)
    if wanted.kind is ServiceKind.DATABASE and not isinstance(wanted.settings.source, ImageSource):
        raise BadInput(
            "The service cannot be created",
            "settings/source/kind: should be image, because a database is never built",
            "Give it an image, or choose another kind",
        )
    check_template(wanted.template)
    project = projects.find(agent.connection, wanted.project_id)
    service_id = ServiceId(new_id())
    try:
        key = _make_key(agent, service_id, f"godploy {project.name}/{wanted.name}")
        with transaction(agent.connection):
            services.create(
                agent.connection, project.id, wanted.name, wanted.kind, wanted.settings, key, service_id,
                wanted.template,
            )  # fmt: skip
            variables.change(agent.connection, agent.engine.secrets, service_id, wanted.variables)
    except BaseException:
        shutil.rmtree(agent.paths.keys(service_id), ignore_errors=True)
        raise
    agent.publish_service(service_id)
    return Json(agent.service(service_id), 201)


async def find(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}."""
    return Json(agent.service(request.id))


async def change(agent: Agent, request: Request) -> Answer:
    """PATCH /v1/services/{id}."""
    wanted = request.value(ChangeService)
    row = services.find(agent.connection, request.id)
    if wanted.settings is not None:
        _check(agent, wanted.settings)
    if wanted.name is not None:
        check_name(wanted.name, "service")
        if wanted.name != row.name and row.release is not None:
            raise BadInput(
                "The service cannot be renamed",
                "its containers carry its name, and it was deployed already",
                "Create a service with the new name beside it",
            )
    check_template(wanted.template)
    with transaction(agent.connection):
        dependents = references.dependents(agent.connection, row)
        services.change(agent.connection, row.id, wanted.settings, wanted.name, wanted.template)
        if _offers_otherwise(row, services.find(agent.connection, row.id)):
            for each in dependents:
                services.touch(agent.connection, each.id)
    agent.publish_service(row.id)
    for each in dependents:
        agent.publish_service(each.id)
    return Json(agent.service(row.id))


async def preview_removal(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/removal."""
    from godploy_server.deploy import lifecycle

    return Json(await lifecycle.removal_of_service(agent.engine, services.find(agent.connection, request.id).id))


async def delete(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/services/{id}."""
    return Json(await remove_one_service(agent, services.find(agent.connection, request.id).id))


async def start(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/start."""
    from godploy_server.deploy import lifecycle

    return await _operate(agent, request, lifecycle.start_service)


async def stop(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/stop."""
    from godploy_server.deploy import lifecycle

    return await _operate(agent, request, lifecycle.stop_service)


async def restart(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/restart."""
    from godploy_server.deploy import lifecycle

    return await _operate(agent, request, lifecycle.restart_service)


async def read_variables(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/variables."""
    return Json(variables.of_service(agent.connection, services.find(agent.connection, request.id).id))


async def set_variables(agent: Agent, request: Request) -> Answer:
    """PATCH /v1/services/{id}/variables."""
    wanted = request.value(SetVariables)
    service = services.find(agent.connection, request.id)
    service_id = service.id
    with transaction(agent.connection):
        variables.change(agent.connection, agent.engine.secrets, service_id, wanted.put, wanted.remove)
        if rotations.variable_of(agent.connection, service_id) in {*wanted.remove, *(each.name for each in wanted.put)}:
            rotations.forget(agent.connection, service_id)  # a person says which password counts
    agent.publish_service(service_id)
    for each in references.dependents(agent.connection, service):
        agent.publish_service(each.id)
    return Json(variables.of_service(agent.connection, service_id))


async def add_domain(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/domains. Routed at once; its certificate is seen to afterwards."""
    wanted = request.value(AddDomain)
    service_id = services.find(agent.connection, request.id).id
    domain = domains.create(agent.connection, service_id, wanted.host, wanted.path, wanted.tls)
    await _route(agent, service_id)
    if domain.tls:
        agent.run(agent.ingress.check(domain))
    return Json(domain, 201)


async def delete_domain(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/domains/{id}."""
    domain = domains.find(agent.connection, request.id)
    domains.delete(agent.connection, domain.id)
    await _route(agent, domain.service_id)
    return Json(domain)


async def check_domain(agent: Agent, request: Request) -> Answer:
    """POST /v1/domains/{id}/check. Answers at once with "pending"; what is found comes as an event."""
    domain: Domain = domains.find(agent.connection, request.id)
    if domain.tls:
        if domain.certificate is not CertificateState.VALID:
            domains.set_certificate(agent.connection, domain.id, CertificateState.PENDING, "It is being looked at")
        agent.publish_service(domain.service_id)
        agent.run(agent.ingress.check(domain))
    return Json(domains.find(agent.connection, domain.id))


def _offers_otherwise(before: ServiceRow, after: ServiceRow) -> bool:
    outputs = [each.template.outputs if each.template else () for each in (before, after)]
    return outputs[0] != outputs[1] or before.name != after.name


def _check(agent: Agent, settings: ServiceSettings) -> None:
    everywhere = agent.engine.instance.is_embedded  # this computer's own files belong to whoever runs the agent
    check_service_settings(settings, PurePosixPath("/") if everywhere else PurePosixPath(agent.paths.local_sources))
    check_running(settings, own_parts(agent.engine))


def _make_key(agent: Agent, service_id: ServiceId, comment: str) -> str:
    from godploy_server.deploy.keys import ensure_deploy_key

    return ensure_deploy_key(agent.paths, service_id, comment)


async def _operate(agent: Agent, request: Request, operation: Callable[[Engine, ServiceId], Awaitable[None]]) -> Answer:
    service_id = services.find(agent.connection, request.id).id
    try:
        await operation(agent.engine, service_id)
    finally:
        await agent.docker.look_again(service_id)
        agent.publish_service(service_id)
    return Json(agent.service(service_id))


async def _route(agent: Agent, service_id: ServiceId) -> None:
    from godploy_server.ingress.switch import apply_domains

    try:
        if services.find(agent.connection, service_id).release is not None:
            await apply_domains(agent.engine, service_id)
    finally:
        agent.publish_service(service_id)


ROUTES: Final = (
    Route("GET", "/v1/services", every, ("project",)),
    Route("POST", "/v1/services", create),
    Route("GET", "/v1/services/{id}", find),
    Route("PATCH", "/v1/services/{id}", change),
    Route("DELETE", "/v1/services/{id}", delete),
    Route("GET", "/v1/services/{id}/removal", preview_removal),
    Route("POST", "/v1/services/{id}/start", start),
    Route("POST", "/v1/services/{id}/stop", stop),
    Route("POST", "/v1/services/{id}/restart", restart),
    Route("GET", "/v1/services/{id}/variables", read_variables),
    Route("PATCH", "/v1/services/{id}/variables", set_variables),
    Route("POST", "/v1/services/{id}/domains", add_domain),
    Route("DELETE", "/v1/domains/{id}", delete_domain),
    Route("POST", "/v1/domains/{id}/check", check_domain),
)
