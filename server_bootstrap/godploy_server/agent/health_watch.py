"""Asks the containers that serve for their health, now and then: nothing tells when a program stops to answer.

Docker's events say that a program ended, never that it hangs or answers with errors. One small request a container
in `ASK_EVERY_S`, through the proxy, on the path that visitors take.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from godploy_server.contract.entities import DeploymentState
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, releases, services
from godploy_server.state.database import now
from godploy_server.state.services import ServiceRow
from godploy_server.watch.answers import Answers, after
from godploy_server.watch.container_facts import ContainerFacts, Phase

ASK_EVERY_S: Final = 10.0
_AT_ONCE: Final = 8

_log = logging.getLogger(__name__)


class HealthWatch:
    """`containers(service_id)` gives those that exist; `is_ready()` says whether the proxy has every route.

    `on_service(service_id)` is called when a service began or ceased to be unhealthy.
    """

    def __init__(
        self,
        engine: Engine,
        containers: Callable[[str], list[ContainerFacts]],
        is_ready: Callable[[], bool],
        on_service: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._containers = containers
        self._is_ready = is_ready
        self._on_service = on_service
        self._answers: dict[str, Answers] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    def bad_answers(self, containers: list[ContainerFacts]) -> dict[str, str]:
        """Give, by container id, why those of `containers` are unhealthy that are; a restarted one begins anew."""
        found = {}
        for each in containers:
            known = self._answers.get(each.id)
            if known is not None and known.is_unhealthy and known.started_at == each.started_at:
                found[each.id] = known.why
        return found

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            if not self._is_ready():
                continue
            try:
                await self._ask_everyone()
            except Exception:  # a row that goes away meanwhile, a full disk: the next round may go better
                _log.exception("services could not be asked for their health")

    async def _ask_everyone(self) -> None:
        running = deployments.in_state(self._engine.connection, DeploymentState.RUNNING)
        busy = {each.service_id for each in running}  # a rollout asks its containers itself
        rows = services.every(self._engine.connection)
        chosen = [each for each in rows if each.release is not None and not each.is_stopped and each.id not in busy]
        existing = {each.id for row in rows for each in self._containers(row.id)}
        self._answers = {key: known for key, known in self._answers.items() if key in existing}
        await asyncio.gather(*(self._ask_service(row) for row in chosen))

    async def _ask_service(self, row: ServiceRow) -> None:
        from godploy_server.ingress.asking import asked_host
        from godploy_server.ingress.dynamic import health_file

        assert row.release is not None
        settings = releases.settings_of(self._engine.connection, row.id, row.release)
        has_route = (self._engine.paths.traefik_dynamic / health_file(row.id)).exists()
        if settings.port is None or settings.health.command or not has_route:
            return  # Docker runs a health command itself, and tells what came of it
        host = asked_host(self._engine, row.id)
        serving = [
            each
            for each in self._containers(row.id)
            if each.release == row.release and each.phase is Phase.RUNNING and each.replica <= settings.replicas
        ]
        path, starting_s = settings.health.path or "/", settings.health.timeout_s
        before = self.bad_answers(serving)
        await asyncio.gather(*(self._ask(row, each, path, host, starting_s) for each in serving))
        if self.bad_answers(serving) != before:
            self._on_service(row.id)

    async def _ask(self, row: ServiceRow, container: ContainerFacts, path: str, host: str, starting_s: float) -> None:
        from godploy_server.ingress.asking import why_unhealthy
        from godploy_server.ingress.dynamic import serving

        try:
            async with self._places:
                why = await why_unhealthy(self._engine, serving(row.id), container.replica - 1, path, host)
        except OSError:
            return  # the proxy is being replaced, or gone: IngressWatch sees to it
        known = self._answers.get(container.id)
        self._answers[container.id] = after(known, why, container.started_at, now(), starting_s)
