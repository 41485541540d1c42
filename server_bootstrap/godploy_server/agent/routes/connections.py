"""What services made from templates offer to others, and changing their passwords."""

from __future__ import annotations

from typing import Final

from godploy_server.access import audit
from godploy_server.access.actor import printable
from godploy_server.agent.agent import Agent
from godploy_server.agent.host_facts import public_address
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import Connection, GodployError, Output, RotatePassword
from godploy_server.state import services
from godploy_server.state.references import References
from godploy_server.state.services import ServiceRow


async def connections(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/connections. Showing passwords is audited as changes are."""
    service = services.find(agent.connection, request.id)
    reveals = request.flag("reveal", False)
    if reveals:
        audit.record(agent.connection, request.actor, request.method, f"{request.path}?reveal=1")
    keys = agent.engine.secrets if reveals else None
    references = References(agent.connection, keys, public_address())
    outputs = service.template.outputs if service.template else ()
    return Json([_connection(references, service, each) for each in outputs])


async def rotate(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/rotate."""
    wanted = request.value(RotatePassword)
    service = services.find(agent.connection, request.id)
    asked_by = printable(wanted.asked_by) or request.actor.name
    return Json(await agent.rotations.rotate(service, wanted, asked_by))


def _connection(references: References, service: ServiceRow, output: Output) -> Connection:
    try:
        return Connection(output.name, references.output(service, output), output.is_public)
    except GodployError as error:
        return Connection(output.name, "", output.is_public, error.problem)


ROUTES: Final = (
    Route("GET", "/v1/services/{id}/connections", connections, ("reveal",)),
    Route("POST", "/v1/services/{id}/rotate", rotate),
)
