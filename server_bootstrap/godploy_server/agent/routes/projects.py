"""Projects."""

from __future__ import annotations

from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.removal import remove_one_service
from godploy_server.agent.router import Route
from godploy_server.contract import Conflict, CreateProject, ProjectChanged, ProjectRemoved, check_name
from godploy_server.state import projects, services


async def every(agent: Agent, _: Request) -> Answer:
    """GET /v1/projects."""
    return Json(projects.every(agent.connection))


async def create(agent: Agent, request: Request) -> Answer:
    """POST /v1/projects. The network comes first: a project without one is of no use."""
    from godploy_server.deploy import lifecycle

    name = check_name(request.value(CreateProject).name, "project")
    if any(each.name == name for each in projects.every(agent.connection)):
        raise Conflict(
            f"There is a project called “{name}” already",
            "the names of projects are unique on a server",
            "Choose another name",
        )
    subnet = await lifecycle.create_project_network(agent.engine, name)
    project = projects.create(agent.connection, name, subnet)
    agent.hub.publish(ProjectChanged(project))
    agent.ingress.wake()
    return Json(project, 201)


async def find(agent: Agent, request: Request) -> Answer:
    """GET /v1/projects/{id}."""
    return Json(projects.find(agent.connection, request.id))


async def preview_removal(agent: Agent, request: Request) -> Answer:
    """GET /v1/projects/{id}/removal."""
    from godploy_server.deploy import lifecycle

    project = projects.find(agent.connection, request.id)
    return Json(await lifecycle.removal_of_project(agent.engine, project.id))


async def delete(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/projects/{id}: its services one after another, then its network, then its row."""
    from godploy_server.deploy import lifecycle

    project = projects.find(agent.connection, request.id)
    preview = await lifecycle.removal_of_project(agent.engine, project.id)
    for service in services.every(agent.connection, project.id):
        await remove_one_service(agent, service.id)
    await lifecycle.delete_project_network(agent.engine, project)
    projects.delete(agent.connection, project.id)
    agent.hub.publish(ProjectRemoved(project.id))
    return Json(preview)


ROUTES: Final = (
    Route("GET", "/v1/projects", every),
    Route("POST", "/v1/projects", create),
    Route("GET", "/v1/projects/{id}", find),
    Route("DELETE", "/v1/projects/{id}", delete),
    Route("GET", "/v1/projects/{id}/removal", preview_removal),
)
