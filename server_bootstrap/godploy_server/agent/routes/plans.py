"""How a service's newest source would be built. A process of its own looks: the agent stays small and prompt."""

from __future__ import annotations

from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.own_process import ask_process
from godploy_server.agent.router import Route
from godploy_server.contract import BuildPlan
from godploy_server.contract.wire import from_json
from godploy_server.state import services

_LONGEST_S: Final = 900.0


async def plan(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/plan."""
    service_id = services.find(agent.connection, request.id).id
    told = await ask_process(agent, ["plan", service_id], "plan", "Looking at the source", _LONGEST_S)
    return Json(from_json(BuildPlan, told))


ROUTES: Final = (Route("POST", "/v1/services/{id}/plan", plan),)
