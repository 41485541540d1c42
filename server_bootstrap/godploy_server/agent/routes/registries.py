"""Logins at image registries. A login is tried before it is kept; its password is never given back."""

from __future__ import annotations

from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import SetRegistry
from godploy_server.state import registries


async def every(agent: Agent, _: Request) -> Answer:
    """GET /v1/registries."""
    return Json(registries.every(agent.connection))


async def put(agent: Agent, request: Request) -> Answer:
    """POST /v1/registries."""
    from godploy_server.deploy.registry_logins import set_registry

    return Json(await set_registry(agent.engine, request.value(SetRegistry)), 201)


async def delete(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/registries/{id}."""
    registry = registries.find(agent.connection, request.id)
    registries.delete(agent.connection, registry.id)
    return Json(registry)


async def check(agent: Agent, request: Request) -> Answer:
    """POST /v1/registries/{id}/check."""
    from godploy_server.deploy.registry_logins import check_login

    return Json(await check_login(agent.engine, registries.find(agent.connection, request.id)))


ROUTES: Final = (
    Route("GET", "/v1/registries", every),
    Route("POST", "/v1/registries", put),
    Route("DELETE", "/v1/registries/{id}", delete),
    Route("POST", "/v1/registries/{id}/check", check),
)
