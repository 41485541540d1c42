"""Deploying on push: a service's webhook, and the deliveries that came by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.hook_inbox import remove_hook, write_hook
from godploy_server.agent.messages import Answer, Json, Request
from godploy_server.agent.router import Route
from godploy_server.contract import BadInput, Conflict, GitSource, SetHook
from godploy_server.state import deliveries, hooks, services, shared_hooks

_MOST_PATTERNS: Final = 50
_LONGEST_PATTERN: Final = 200


async def find(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/hook."""
    return Json(hooks.find(agent.connection, services.find(agent.connection, request.id).id).hook)


async def put(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/hook. Makes it where there is none."""
    wanted = request.value(SetHook)
    service = services.find(agent.connection, request.id)
    if not isinstance(service.settings.source, GitSource):
        raise BadInput(
            "The service cannot deploy on push",
            "it is not built from a git repository",
            "Give it a git repository as its source",
        )
    for name in ("tag_patterns", "watch_paths"):
        _check_patterns(name, getattr(wanted, name) or ())
    if wanted.shared:
        wanted = replace(wanted, host=shared_hooks.find(agent.connection, wanted.shared).host)
    before = set(hooks.ids_of(agent.connection, service.id))
    row = hooks.put(agent.connection, agent.engine.secrets, service.id, wanted)
    if row.hook.shared:
        before.add(row.id)  # it is reached by the shared hook alone, or a push would come twice
    else:
        secret = hooks.secret(agent.connection, agent.engine.secrets, service.id).secret
        write_hook(agent.paths, row.id, row.hook.host, secret)
        before.discard(row.id)
    for hook_id in before:
        remove_hook(agent.paths, hook_id)
    return Json(row.hook)


async def delete(agent: Agent, request: Request) -> Answer:
    """DELETE /v1/services/{id}/hook."""
    row = hooks.find(agent.connection, services.find(agent.connection, request.id).id)
    hooks.delete(agent.connection, row.hook.service_id)
    remove_hook(agent.paths, row.id)
    return Json(row.hook)


async def reveal(agent: Agent, request: Request) -> Answer:
    """POST /v1/services/{id}/hook/secret. A change in the audit's eyes: who asked is written down."""
    service_id = services.find(agent.connection, request.id).id
    if hooks.find(agent.connection, service_id).hook.shared:
        raise Conflict(
            "The service has no webhook of its own",
            "it deploys through the webhook of an app, whose secret is the app's",
            "Give it a webhook of its own first: godploy service push set --own-webhook",
        )
    return Json(hooks.secret(agent.connection, agent.engine.secrets, service_id))


async def list_deliveries(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/deliveries."""
    return Json(deliveries.newest(agent.connection, services.find(agent.connection, request.id).id))


async def redeliver(agent: Agent, request: Request) -> Answer:
    """POST /v1/deliveries/{id}/redeliver."""
    delivery, notice = deliveries.find(agent.connection, request.id)
    return Json(agent.hooks.act(delivery.service_id, notice, is_redelivery=True), 201)


def _check_patterns(name: str, patterns: tuple[str, ...]) -> None:
    good = len(patterns) <= _MOST_PATTERNS and all(
        0 < len(each) <= _LONGEST_PATTERN and each.isprintable() and not each.startswith("/") for each in patterns
    )
    if not good:
        raise BadInput(
            "The request cannot be used",
            f"{name}: should be at most {_MOST_PATTERNS} globs such as web/** without a / at the beginning",
            "Correct the patterns",
        )


ROUTES: Final = (
    Route("GET", "/v1/services/{id}/hook", find),
    Route("POST", "/v1/services/{id}/hook", put),
    Route("DELETE", "/v1/services/{id}/hook", delete),
    Route("POST", "/v1/services/{id}/hook/secret", reveal),
    Route("GET", "/v1/services/{id}/deliveries", list_deliveries),
    Route("POST", "/v1/deliveries/{id}/redeliver", redeliver),
)
