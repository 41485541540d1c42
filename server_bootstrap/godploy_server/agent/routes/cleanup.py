"""What the server can do without."""

from __future__ import annotations

from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route


async def preview(agent: Agent, _: Request) -> Answer:
    """GET /v1/cleanup."""
    return Json(await agent.housekeeping.preview())


async def clean_up(agent: Agent, _: Request) -> Answer:
    """POST /v1/cleanup."""
    return Json(await agent.housekeeping.clean_up())


ROUTES: Final = (
    Route("GET", "/v1/cleanup", preview),
    Route("POST", "/v1/cleanup", clean_up),
)
