"""One stream of Docker's events keeps a table of our containers true. While Docker is away, so is the table."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from godploy_server.contract.problem import GodployError, Problem, internal_error
from godploy_server.runtime.docker_client import DockerClient, DockerRefused
from godploy_server.runtime.names import INSTANCE_LABEL, ROLE_LABEL, SERVICE_LABEL
from godploy_server.watch.container_facts import ContainerFacts, facts_of

PING_EVERY_S: Final = 30.0
"""A daemon that hangs keeps its event stream open and silent: it is asked now and then."""

_RETRY_S: Final = 2.0
_WATCHED: Final = frozenset(
    {"create", "start", "die", "destroy", "pause", "unpause", "restart", "stop", "kill", "oom", "rename", "update"}
)
_HEALTH: Final = "health_status"  # the event goes on with ": healthy" or ": unhealthy"

_log = logging.getLogger(__name__)


class DockerWatch:
    """Follows Docker. Callbacks run on the loop, after the table was brought up to date:

    `on_service(service_id)`: one of its containers is different; `on_docker()`: Docker came or went, everything may
    be different; `on_proxy()`: the proxy's container died or was removed.
    """

    def __init__(
        self,
        docker: DockerClient,
        prefix: str,
        on_service: Callable[[str], None],
        on_docker: Callable[[], None],
        on_proxy: Callable[[], None],
    ) -> None:
        self._docker = docker
        self._label = f"{INSTANCE_LABEL}={prefix}"
        self._on_service = on_service
        self._on_docker = on_docker
        self._on_proxy = on_proxy
        self._containers: dict[str, ContainerFacts] = {}
        self.version = ""
        self.problem: Problem | None = None
        self.is_known = False

    @property
    def answers(self) -> bool:
        """Whether Docker answers, so that the table is true."""
        return self.is_known and self.problem is None

    def of_service(self, service_id: str) -> list[ContainerFacts]:
        """Give the containers of a service, by release and replica."""
        found = [each for each in self._containers.values() if each.service_id == service_id]
        return sorted(found, key=lambda each: (each.release, each.replica))

    def every(self) -> list[ContainerFacts]:
        """Give all containers."""
        return list(self._containers.values())

    async def look_again(self, service_id: str) -> None:
        """Bring the containers of one service up to date now, ahead of the events on their way."""
        with contextlib.suppress(GodployError):  # Docker went away: `run` notices it too
            query = {"all": "1", "filters": {"label": [self._label, f"{SERVICE_LABEL}={service_id}"]}}
            listed = await self._docker.request("GET", "/containers/json", query)
            for container_id in {each["Id"] for each in listed} | {each.id for each in self.of_service(service_id)}:
                await self._inspect(container_id)

    async def run(self) -> None:
        """Follow for ever, through every restart of Docker."""
        while True:
            try:
                await self._follow()
                problem = Problem("not-ready", "Docker does not answer", "it ended its event stream", "Wait a moment")
            except GodployError as error:
                problem = error.problem
            except (OSError, ValueError, KeyError) as error:
                _log.exception("following Docker broke off")
                problem = internal_error("Following Docker", error).problem
            self._containers.clear()
            if self.problem != problem or not self.is_known:
                self.problem, self.is_known = problem, True
                self._on_docker()
            await asyncio.sleep(_RETRY_S)

    async def _follow(self) -> None:
        version = await self._docker.version()
        since = int(time.time())  # before the list is asked for: an event between the two is heard again
        await self._list()
        self.version, self.problem, self.is_known = version.engine, None, True
        self._on_docker()
        ping = asyncio.ensure_future(self._ping())
        events = asyncio.ensure_future(self._events(since))
        try:
            done, _ = await asyncio.wait({ping, events}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in (ping, events):
                each.cancel()
            await asyncio.gather(ping, events, return_exceptions=True)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY_S)
            await self._docker.request("GET", "/_ping", timeout_s=15.0)

    async def _list(self) -> None:
        listed = await self._docker.request(
            "GET", "/containers/json", {"all": "1", "filters": {"label": [self._label]}}
        )
        self._containers.clear()
        for each in listed:
            await self._inspect(each["Id"])

    async def _events(self, since: int) -> None:
        # Health commands make three further events each time they run, which nobody needs to hear of.
        filters = {"label": [self._label], "type": ["container"], "event": sorted({*_WATCHED, _HEALTH})}
        query = {"since": since, "filters": filters}
        async with contextlib.aclosing(self._docker.lines("GET", "/events", query)) as events:
            async for event in events:
                if event.get("Action") in _WATCHED or event.get("Action", "").startswith(_HEALTH):
                    await self._apply(event)

    async def _apply(self, event: dict[str, Any]) -> None:
        actor = event["Actor"]
        if actor.get("Attributes", {}).get(ROLE_LABEL):
            if event["Action"] in ("die", "destroy"):
                self._on_proxy()
            return
        before = self._containers.get(actor["ID"])
        await self._inspect(actor["ID"])
        after = self._containers.get(actor["ID"])
        if before != after:
            for service_id in {each.service_id for each in (before, after) if each}:
                self._on_service(service_id)

    async def _inspect(self, container_id: str) -> None:
        try:
            facts = facts_of(await self._docker.request("GET", f"/containers/{container_id}/json"))
        except DockerRefused as refusal:
            if refusal.http_status != 404:
                raise
            facts = None
        if facts is None:
            self._containers.pop(container_id, None)
        else:
            self._containers[container_id] = facts
