"""The server's own hooks: those of apps at git hosts. Their secrets go to the relay alone and are never given back."""

from __future__ import annotations

import re
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.hook_inbox import remove_hook, write_hook
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import BadInput, SetSharedHook
from godploy_server.state import hooks, shared_hooks

_ID: Final = re.compile(r"[0-9a-f]{40}")
_PAGE: Final = re.compile(r"https?://[!-~]{1,500}")
_LONGEST_NAME: Final = 100
_LONGEST_SECRET: Final = 500


async def every(agent: Agent, _: Request) -> Answer:
    """GET /v1/hooks."""
    return Json(shared_hooks.every(agent.connection))


async def put(agent: Agent, request: Request) -> Answer:
    """POST /v1/hooks. In place of an earlier one of the same app."""
    wanted = request.value(SetSharedHook)
    _check(wanted)
    before = shared_hooks.of_page(agent.connection, wanted.page)
    is_taken = before != wanted.id and (
        shared_hooks.by_id(agent.connection, wanted.id) is not None
        or any(row.id == wanted.id for row in hooks.every(agent.connection))
    )
    if is_taken:
        raise BadInput("The request cannot be used", "id: is that of another hook", "Make another id")
    hook = shared_hooks.put(agent.connection, agent.engine.secrets, wanted)
    if before and before != hook.id:
        remove_hook(agent.paths, before)
    write_hook(agent.paths, hook.id, hook.host, wanted.secret, is_shared=True)
    return Json(hook, 201)


async def delete(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/hooks/{id}. The services that deploy through it (they are named in the answer) do so no more."""
    hook = shared_hooks.find(agent.connection, request.id)
    shared_hooks.delete(agent.connection, hook.id)
    remove_hook(agent.paths, hook.id)
    return Json(hook)


def _check(wanted: SetSharedHook) -> None:
    checks = {
        "id: should be 40 hexadecimal digits": _ID.fullmatch(wanted.id),
        "page: should be a web address": _PAGE.fullmatch(wanted.page),
        "name: should be a short printable text": 0 < len(wanted.name) <= _LONGEST_NAME and wanted.name.isprintable(),
        "secret: should be a text of at least 16 characters": 16 <= len(wanted.secret) <= _LONGEST_SECRET,
    }
    for why, is_good in checks.items():
        if not is_good:
            raise BadInput("The request cannot be used", why, "Correct the value")


ROUTES: Final = (
    Route("GET", "/v1/hooks", every),
    Route("POST", "/v1/hooks", put),
    Route("DELETE", "/v1/hooks/{id}", delete),
)
