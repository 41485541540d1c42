"""Reaching git hosts: the host keys that are accepted, and whether a service's source can be read now."""

from __future__ import annotations

from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import ScanGitHost, TrustHostKey, git_host
from godploy_server.state import services


async def every(agent: Agent, _: Request) -> Answer:
    """GET /v1/git/host-keys."""
    from godploy_server.deploy.git_hosts import trusted

    return Json(trusted.every(agent.engine))


async def trust(agent: Agent, request: Request) -> Answer:
    """POST /v1/git/host-keys. What a person confirmed is kept under the name of whoever asks."""
    from godploy_server.deploy.git_hosts import trusted

    wanted = request.value(TrustHostKey)
    return Json(trusted.trust(agent.engine, git_host(wanted.address), wanted.key, request.actor.name), 201)


async def forget(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/git/host-keys/{id}."""
    from godploy_server.deploy.git_hosts import trusted

    return Json(trusted.forget(agent.engine, request.id))


async def scan(agent: Agent, request: Request) -> Answer:
    """POST /v1/git/host-keys/scan."""
    from godploy_server.deploy.git_hosts import scanning

    return Json(await scanning.scan(agent.engine, git_host(request.value(ScanGitHost).address)))


async def check(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/source/check."""
    from godploy_server.deploy.sources.checking import check_source

    return Json(await check_source(agent.engine, services.find(agent.connection, request.id)))


ROUTES: Final = (
    Route("GET", "/v1/git/host-keys", every),
    Route("POST", "/v1/git/host-keys", trust),
    Route("DELETE", "/v1/git/host-keys/{id}", forget),
    Route("POST", "/v1/git/host-keys/scan", scan, ends_with_client=True),
    Route("POST", "/v1/services/{id}/source/check", check, ends_with_client=True),
)
