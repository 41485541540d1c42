"""The server itself: info, events, settings, metrics, shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from typing import Final

from godploy_server.agent.agent import Agent
from godploy_server.agent.checks import check_server_settings
from godploy_server.agent.messages import Answer, Json, Request, Stream, json_line
from godploy_server.agent.router import Route
from godploy_server.contract import ChangeSettings, Leftovers, NotAllowed, SettingsChanged, ShutDown
from godploy_server.state import services, settings
from godploy_server.watch.metrics import FOLLOWED_EVERY_S

_FOLLOW: Final = ("follow",)


async def info(agent: Agent, _: Request) -> Answer:
    """GET /v1/info."""
    return Json(agent.info())


async def events(agent: Agent, _: Request) -> Answer:
    """GET /v1/events. Whoever listens wants fresh load too."""
    return Stream(_while_followed(agent, agent.hub.follow(agent.snapshot)))


async def read_settings(agent: Agent, _: Request) -> Answer:
    """GET /v1/settings."""
    return Json(settings.read(agent.connection))


async def change_settings(agent: Agent, request: Request) -> Answer:
    """PATCH /v1/settings."""
    wanted = check_server_settings(request.value(ChangeSettings))
    before = settings.read(agent.connection)
    changed = settings.change(agent.connection, wanted)
    agent.hub.publish(SettingsChanged(changed))
    agent.jobs.wake()
    if (changed.build_memory_bytes, changed.build_cpus) != (before.build_memory_bytes, before.build_cpus):
        agent.cap_builds()
    authority = (changed.acme_ca_url, changed.acme_ca_certificate)
    if authority != (before.acme_ca_url, before.acme_ca_certificate):
        agent.ingress.authority_changed()
    else:
        agent.ingress.wake()
    return Json(changed)


async def server_metrics(agent: Agent, request: Request) -> Answer:
    """GET /v1/metrics."""
    return _samples(agent, request, agent.metrics.server_hour)


async def service_metrics(agent: Agent, request: Request) -> Answer:
    """GET /v1/services/{id}/metrics."""
    service_id = services.find(agent.connection, request.id).id
    return _samples(agent, request, lambda: agent.metrics.service_hour(service_id), service_id)


async def shutdown(agent: Agent, request: Request) -> Answer:
    """POST /v1/shutdown."""
    if not agent.engine.instance.is_embedded:
        raise NotAllowed(
            "The agent cannot be shut down through its API",
            "it is a service of this server, which other people and nightly deployments rely on",
            "Stop it on the server with: systemctl stop godploy-agent",
        )
    try:
        left = await _leave_docker(agent, request.value(ShutDown))
    finally:
        asyncio.get_running_loop().call_later(0.1, agent.shutdown.set)  # after the answer went out
    return Json(left)


async def _leave_docker(agent: Agent, asked: ShutDown) -> Leftovers:
    if not asked.removes_proxy:
        return Leftovers()
    from godploy_server.ingress.removal import leftovers, remove_proxy

    agent.ingress.retire()
    await remove_proxy(agent.engine)
    return await leftovers(agent.engine)


def _samples(
    agent: Agent, request: Request, hour: Callable[[], Iterable[object]], service_id: str | None = None
) -> Answer:
    past = b"".join(json_line(each) for each in hour())
    if not request.flag("follow", True):
        return Stream(_once(past))
    return Stream(_while_followed(agent, _follow_samples(agent, past, service_id)))


async def _once(past: bytes) -> AsyncGenerator[bytes, None]:
    if past:
        yield past


async def _follow_samples(agent: Agent, past: bytes, service_id: str | None) -> AsyncGenerator[bytes, None]:
    if past:
        yield past
    last = None
    while not agent.shutdown.is_set():
        sample = agent.metrics.newest(service_id)
        if sample is not None and sample is not last:
            last = sample
            yield json_line(sample)
        with suppress(asyncio.TimeoutError):
            await agent.metrics.wait(FOLLOWED_EVERY_S * 5)


async def _while_followed(agent: Agent, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    agent.metrics.follow()
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        agent.metrics.unfollow()
        await chunks.aclose()


ROUTES: Final = (
    Route("GET", "/v1/info", info),
    Route("GET", "/v1/events", events),
    Route("GET", "/v1/settings", read_settings),
    Route("PATCH", "/v1/settings", change_settings),
    Route("GET", "/v1/metrics", server_metrics, _FOLLOW),
    Route("GET", "/v1/services/{id}/metrics", service_metrics, _FOLLOW),
    Route("POST", "/v1/shutdown", shutdown),
)
