"""Commit states that a server tells itself, as its agent would answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from godploy_server.contract import (
    CommitState,
    HookHost,
    NotAllowed,
    NotFound,
    ServiceChanged,
    StatusWriter,
    StatusWriterChanged,
    ToldState,
)
from tests.gui.recorded.snapshots import API, API_RUNNING, NOW

WRITER = StatusWriter(
    service_id=API.id,
    host=HookHost.GITEA,
    api="https://git.example.com/api/v1",
    repository="storefront/api",
    name="godploy/storefront/api",
    allows_http=False,
    told=ToldState(NOW - timedelta(minutes=4), API_RUNNING.commit, CommitState.SUCCESS),
)
REFUSED = NotAllowed(
    "git.example.com does not accept the token",
    "it answered 401: token is required",
    "Store another token: an access token with the scope write:repository",
)
NO_LEAVE = NotAllowed(
    "git.example.com does not allow changing this",
    "it answered 403: token does not have at least one of required scope(s): [write:repository]",
    "Sign in with the scopes that are named there, or ask an administrator of the repository",
)
REFUSED_WRITER = replace(WRITER, problem=REFUSED.problem, waiting=1)


class RecordedWriters:
    """Part of a recorded agent: keeps one service's token, and tells of it as events do."""

    kept_writer: StatusWriter | None = None
    _called: Any

    async def status_writer(self, service_id) -> StatusWriter:
        if self.kept_writer is None:
            raise NotFound("The server does not tell commit states", "no token is stored", "Store one")
        return self.kept_writer

    async def set_status_writer(self, service_id, wanted) -> StatusWriter:
        await self._called("set_status_writer", service_id, wanted)
        self.kept_writer = StatusWriter(
            service_id, wanted.host, wanted.api, wanted.repository, wanted.name or WRITER.name, wanted.allows_http
        )
        return self.kept_writer

    async def delete_status_writer(self, service_id) -> StatusWriter:
        await self._called("delete_status_writer", service_id)
        gone, self.kept_writer = await self.status_writer(service_id), None
        return gone

    async def test_status_writer(self, service_id) -> StatusWriter:
        await self._called("test_status_writer", service_id)
        self.kept_writer = replace(await self.status_writer(service_id), told=WRITER.told, problem=None)
        return self.kept_writer


def tell_writer(server, writer: StatusWriter | None) -> None:
    """Let the server hold this, and its model hear of it."""
    server.agent.kept_writer = writer
    service = server.model.services[API.id]
    server.model.apply(ServiceChanged(replace(service, tells_commits=writer is not None)))
    if writer is not None:
        server.model.apply(StatusWriterChanged(writer))
