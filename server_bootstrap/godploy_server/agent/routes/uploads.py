"""What is sent for a service: the files of a folder, an archive. Bodies are taken as streams, in little memory."""

from __future__ import annotations

from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import ArchiveSource, BadInput, Conflict, FolderSource
from godploy_server.state import services, uploads
from godploy_server.state.services import ServiceRow


async def of_service(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/uploads."""
    from godploy_server.deploy.sources import receiving

    service = services.find(agent.connection, request.id)
    rows = uploads.of_service(agent.connection, service.id)
    return Json([await receiving.describe(agent.engine, row) for row in rows])


async def prepare(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/uploads."""
    from godploy_server.deploy.sources import receiving

    service = _service(agent, request, FolderSource)
    return Json(await receiving.take_list(agent.engine, service.id, request.content().pieces), 201)


async def put_contents(agent: Agent, request: Request) -> Answer:
    """PUT /v1/services/{id}/uploads/{id}/contents."""
    from godploy_server.deploy.sources import receiving

    service_id, upload_id = request.ids
    row = uploads.find(agent.connection, service_id, upload_id)
    content = request.content()
    return Json(await receiving.take_contents(agent.engine, row, content.pieces, content.length))


async def put_archive(agent: Agent, request: Request) -> Answer:
    """PUT /v1/services/{id}/archive."""
    from godploy_server.deploy.sources import receiving

    service = _service(agent, request, ArchiveSource)
    name = request.query.get("name", "")
    if not 1 <= len(name) <= 200 or "/" in name:
        raise BadInput("The request cannot be used", "?name= should be the name of the archive", "Correct the value")
    content = request.content()
    return Json(await receiving.take_archive(agent.engine, service.id, name, content.pieces, content.length), 201)


def _service(agent: Agent, request: Request, kind: type[FolderSource | ArchiveSource]) -> ServiceRow:
    service = services.find(agent.connection, request.id)
    if not isinstance(service.settings.source, kind):
        expected = "a folder" if kind is FolderSource else "an archive"
        raise Conflict(
            f"Nothing can be sent for “{service.name}”",
            f"its source is {service.settings.source.kind}, not {expected}",
            f"Change its source to {expected} first",
        )
    return service


ROUTES: Final = (
    Route("GET", "/v1/services/{id}/uploads", of_service),
    Route("POST", "/v1/services/{id}/uploads", prepare, takes_stream=True),
    Route("PUT", "/v1/services/{id}/uploads/{id}/contents", put_contents, takes_stream=True),
    Route("PUT", "/v1/services/{id}/archive", put_archive, ("name",), takes_stream=True),
)
