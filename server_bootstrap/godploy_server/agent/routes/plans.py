"""How a source would be built: a service's newest one, a folder of which the names are known, any repository. A process
of its own looks where something is fetched: the agent stays small and prompt."""

from __future__ import annotations

import json
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.own_process import ask_process
from godploy_server.agent.router import Route
from godploy_server.contract import BuildPlan, DetectBuilder, LookAtRepository, RepositoryLook
from godploy_server.contract.wire import from_json, to_json
from godploy_server.state import services

_LONGEST_S: Final = 900.0
_LONGEST_LOOK_S: Final = 90.0


async def plan(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/plan."""
    service_id = services.find(agent.connection, request.id).id
    told = await ask_process(agent, ["plan", service_id], "plan", "Looking at the source", _LONGEST_S)
    return Json(from_json(BuildPlan, told))


async def detect(_agent: Agent, request: Request) -> Answer:
    """POST /v1/builder/detect."""
    from godploy_server.deploy.builders.detecting import detect as detected  # 2 MB that an agent seldom needs

    return Json(detected(request.value(DetectBuilder)))


async def look(agent: Agent, request: Request) -> Answer:
    """POST /v1/repositories/look."""
    from godploy_server.deploy.looking import ASKED_VARIABLE

    asked = json.dumps(to_json(request.value(LookAtRepository)))
    told = await ask_process(
        agent, ["look"], "look", "Looking at the repository", _LONGEST_LOOK_S, {ASKED_VARIABLE: asked}
    )
    return Json(from_json(RepositoryLook, told))


ROUTES: Final = (
    Route("POST", "/v1/services/{id}/plan", plan),
    Route("POST", "/v1/builder/detect", detect),
    Route("POST", "/v1/repositories/look", look, ends_with_client=True),
)
