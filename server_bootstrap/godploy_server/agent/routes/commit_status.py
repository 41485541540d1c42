"""How the server itself tells commit states: a token of a service, stored because a person chose so, never shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.agent.status_checks import check_status_writer
from godploy_server.contract import BadInput, GitSource, SetStatusWriter, status_name
from godploy_server.state import projects, services, status_writers


async def find(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/commit-status."""
    return Json(status_writers.find(agent.connection, services.find(agent.connection, request.id).id))


async def put(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/commit-status."""
    wanted = check_status_writer(request.value(SetStatusWriter))
    service = services.find(agent.connection, request.id)
    if not isinstance(service.settings.source, GitSource):
        raise BadInput(
            "The service has no commits whose state could be told",
            "it is not built from a git repository",
            "Give it a git repository as its source",
        )
    if not wanted.name:
        project = projects.find(agent.connection, service.project_id)
        wanted = replace(wanted, name=status_name(project.name, service.name))
    writer = status_writers.put(agent.connection, agent.engine.secrets, service.id, wanted)
    agent.commit_states.writer_changed(service.id)
    agent.publish_service(service.id)
    return Json(writer)


async def delete(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/services/{id}/commit-status."""
    writer = status_writers.find(agent.connection, services.find(agent.connection, request.id).id)
    status_writers.delete(agent.connection, writer.service_id)
    agent.commit_states.writer_changed(writer.service_id)
    agent.publish_service(writer.service_id)
    return Json(writer)


async def test(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/commit-status/test."""
    return Json(await agent.commit_states.test(services.find(agent.connection, request.id).id))


ROUTES: Final = (
    Route("GET", "/v1/services/{id}/commit-status", find),
    Route("POST", "/v1/services/{id}/commit-status", put),
    Route("DELETE", "/v1/services/{id}/commit-status", delete),
    Route("POST", "/v1/services/{id}/commit-status/test", test),
)
