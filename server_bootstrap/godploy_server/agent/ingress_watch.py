"""Keeps the proxy as it should be and looks after domains: at start, when Docker comes back, when the proxy dies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from godploy_server.agent.relay_probe import relay_version
from godploy_server.contract.entities import CertificateState, Domain, ServiceId
from godploy_server.contract.problem import GodployError, Problem, internal_error
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.time_limit import within
from godploy_server.state import domains, projects
from godploy_server.watch.certificates import due

_RETRY_S: Final = 30.0
_LOOK_AFTER_S: Final = 60.0
_RELAY_RETRY_S: Final = 2.0

_log = logging.getLogger(__name__)


class IngressWatch:
    """`on_info()` is called when version or problem changed, `on_service(id)` when a domain of it did."""

    def __init__(self, engine: Engine, on_info: Callable[[], None], on_service: Callable[[str], None]) -> None:
        self._engine = engine
        self._on_info = on_info
        self._on_service = on_service
        self._wake = asyncio.Event()
        self._looked_at: dict[str, float] = {}
        self._checking: set[str] = set()
        self._authority_since: float | None = None
        self._are_routes_restored = False
        self._is_retired = False
        self.version = ""
        self.relay_version = ""
        self.relay_address = ""
        self.problem: Problem | None = None

    def wake(self) -> None:
        """Look at the proxy now: settings changed, Docker came back, the proxy died, the first project was made."""
        self._wake.set()

    def authority_changed(self) -> None:
        """Make the proxy ask another certificate authority, and look at every certificate again after that."""
        self._authority_since = asyncio.get_running_loop().time()
        self.wake()

    def retire(self) -> None:
        """Look after the proxy no more: it is to go."""
        self._is_retired = True

    @property
    def has_routes(self) -> bool:
        """Whether the proxy runs and was given the routes of every service."""
        return self._are_routes_restored and self.problem is None and not self._is_retired

    async def run(self) -> None:
        """Look after the proxy for ever."""
        while True:
            before = (self.version, self.problem)
            if self._is_wanted():
                await self._ensure()
                if self.problem is None:
                    await self._check_due_domains()
            if before != (self.version, self.problem):
                self._on_info()
            with suppress(asyncio.TimeoutError):
                await within(self._wake.wait(), _LOOK_AFTER_S if self.problem is None else _RETRY_S)
            self._wake.clear()

    async def run_relay(self) -> None:
        """Look for the relay for ever: often until it answers (it starts after the agent told it where)."""
        while True:
            version = await relay_version(self.relay_address)
            if version != self.relay_version:
                self.relay_version = version
                self._on_info()
            await asyncio.sleep(_LOOK_AFTER_S if version else _RELAY_RETRY_S)

    async def check(self, domain: Domain) -> None:
        """Look at one domain's DNS and certificate again; one look at a time for each."""
        from godploy_server.ingress.domains import check_domain

        if domain.id in self._checking:
            return
        self._checking.add(domain.id)
        began = asyncio.get_running_loop().time()
        try:
            await check_domain(self._engine, domain)
        except GodployError as error:
            why = f"{error.problem.what}: {error.problem.why}"
            domains.set_certificate(self._engine.connection, domain.id, CertificateState.PENDING, why)
        finally:
            self._checking.discard(domain.id)
            # What began before the authority changed is looked at again.
            is_outdated = self._authority_since is not None and began <= self._authority_since
            self._looked_at[domain.id] = began if is_outdated else asyncio.get_running_loop().time()
            self._on_service(domain.service_id)

    def _is_wanted(self) -> bool:
        # This computer gets a proxy with its first project, not because a window was opened.
        if self._is_retired:
            return False
        return not self._engine.instance.is_embedded or bool(projects.every(self._engine.connection))

    async def _ensure(self) -> None:
        from godploy_server.ingress.traefik import edge_gateway, ensure_traefik

        try:
            gateway = await edge_gateway(self._engine)
            self._tell_relay(f"{gateway}:{self._engine.instance.relay_port}")
            self.version = await ensure_traefik(self._engine)
            self.problem = None
            if not self._are_routes_restored:
                await self._restore_routes()
        except GodployError as error:
            self.version, self.problem = "", error.problem
        except (OSError, ValueError, KeyError) as error:
            _log.exception("the proxy could not be looked after")
            self.version, self.problem = "", internal_error("Starting the proxy", error).problem

    async def _restore_routes(self) -> None:
        from godploy_server.deploy.lifecycle import restore_routes

        for problem in await restore_routes(self._engine):
            _log.warning("routes could not be restored: %s", problem)
        self._are_routes_restored = True

    def _tell_relay(self, address: str) -> None:
        if address == self.relay_address:
            return
        file = self._engine.paths.relay_address_file
        beside = file.with_name(f"{file.name}.new")
        beside.write_text(f"{address}\n", encoding="ascii")
        beside.chmod(0o644)
        beside.replace(file)
        self.relay_address = address

    async def _check_due_domains(self) -> None:
        at = asyncio.get_running_loop().time()
        every = domains.every(self._engine.connection)
        chosen = [each for each in every if due(each, self._looked_at.get(each.id), at, self._authority_since)]
        services = {each.service_id for each in chosen}
        await asyncio.gather(*(self._check_in_turn(each, chosen) for each in services))

    async def _check_in_turn(self, service_id: ServiceId, chosen: list[Domain]) -> None:
        # A service's domains share one file of routes: one change of it at a time.
        for domain in chosen:
            if domain.service_id == service_id:
                try:
                    await self.check(domain)
                except Exception:
                    _log.exception("the domain %s could not be looked at", domain.host)
