"""From a repository to a service that serves: making it, linking it, deploying it, each step once.

Whatever fails or is cancelled loses nothing: `run` again goes on where it stopped, and `leave_out` goes on without a
step that a person can also do later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from godploy_desktop.core.git import linking
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress, TaskStep, TaskStepState
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Repository
from godploy_server.contract import HOOKS_PATH, AddDomain, CreateService, Deployment, Service

T = TypeVar("T")

MAKE: Final = "service"
DOMAIN: Final = "domain"
KEY: Final = "key"
HOOK: Final = "hook"
DEPLOY: Final = "deploy"
OPTIONAL: Final = (DOMAIN, KEY, HOOK)
"""What a service can be made without, and given later."""


@dataclass(frozen=True)
class Wanted:
    """What is to come of a repository. `repository` None: nobody may add key and webhook at its host, or wants to."""

    request: CreateService
    domain: AddDomain | None = None
    repository: Repository | None = None
    deploys: bool = True

    def steps(self) -> dict[str, str]:
        """Give the steps, key to name, in order."""
        steps = {MAKE: f"Make the service {self.request.name}"}
        if self.domain is not None:
            steps[DOMAIN] = f"Add the domain {self.domain.host}"
        if self.repository is not None:
            steps[KEY] = f"Add the deploy key to {self.repository.full_name}"
            steps[HOOK] = "Make the webhook there"
        if self.deploys:
            steps[DEPLOY] = "Ask for the first deployment"
        return steps


def clone_address(repository: Repository, *, gets_key: bool) -> str:
    """Give the address by which the server reads a repository: the one for SSH where a deploy key is added or needed;
    what is public and gets none is read without."""
    return repository.clone_ssh if gets_key or repository.is_private else repository.clone_https


class FromRepository:
    """One service on its way. `open_host` asks the host in the name of the account that reaches the repository; the
    host is closed after use."""

    def __init__(self, server: Server, wanted: Wanted, open_host: Callable[[], GitHost] | None = None) -> None:
        self._server = server
        self.wanted = wanted
        self._open_host = open_host
        self._done: dict[str, str] = {}  # step to detail
        self._left_out: set[str] = set()
        self._at = MAKE
        self.is_running = False
        self.service: Service | None = None
        self.deployment: Deployment | None = None

    @property
    def stopped_at(self) -> str:
        """The key of the step that is next, or that failed; "" when all are done."""
        return "" if self._is_over(self._at) else self._at

    @property
    def is_linked(self) -> bool:
        """Whether the host has deploy key and webhook."""
        return KEY in self._done and HOOK in self._done

    @property
    def done(self) -> tuple[str, ...]:
        """The names of the steps that are done, in order."""
        return tuple(name for key, name in self.wanted.steps().items() if key in self._done)

    @property
    def undone(self) -> tuple[str, ...]:
        """The names of the steps that are not done, in order."""
        return tuple(name for key, name in self.wanted.steps().items() if key not in self._done)

    def leave_out(self) -> None:
        """Go on without the step that failed. Only those of OPTIONAL can be left out."""
        if self._at in OPTIONAL:
            self._left_out.add(self._at)

    async def run(self, progress: Progress) -> Service:
        """Take the steps that are not done yet; gives the service. Raises the GodployError of the step that failed."""
        self.is_running = True
        try:
            await self._run(progress)
        finally:
            self.is_running = False
        assert self.service is not None
        return self.service

    async def _run(self, progress: Progress) -> None:
        steps = self.wanted.steps()
        progress.plan(steps)
        for key, name in steps.items():
            if key in self._done:
                progress.put(TaskStep(key, name, TaskStepState.DONE, self._done[key]))
                continue
            if key in self._left_out:
                progress.put(TaskStep(key, name, TaskStepState.SKIPPED, "left out"))
                continue
            self._at = key
            progress.begin(key)
            self._done[key] = await self._take(key)
            progress.end(key, detail=self._done[key])

    def _is_over(self, key: str) -> bool:
        return key in self._done or key in self._left_out

    async def _take(self, key: str) -> str:
        """Take one step; gives its detail."""
        if key == MAKE:
            await self._make()
            return ""
        assert self.service is not None
        if key == DOMAIN:
            return await self._add_domain(self.service)
        if key == KEY:
            return (await self._at_host(linking.add_key, self.service)).title
        if key == HOOK:
            webhook = await self._at_host(linking.add_hook, self.service)
            return webhook.url.partition(HOOKS_PATH)[0]
        self.deployment = await self._server.deploy(self.service.id)
        return f"Deployment {self.deployment.number}"

    async def _make(self) -> None:
        """Make the service. A cancel in between waits for the answer: else nobody would know that it was made."""
        making = asyncio.ensure_future(self._server.create_service(self.wanted.request))
        try:
            self.service = await asyncio.shield(making)
        except asyncio.CancelledError:
            await asyncio.wait({making})
            if not making.cancelled() and making.exception() is None:
                self.service = making.result()
                self._done[MAKE] = ""
            raise

    async def _add_domain(self, service: Service) -> str:
        wanted = self.wanted.domain
        assert wanted is not None
        have = (await self._server.agent.service(service.id)).domains
        if not any((each.host, each.path) == (wanted.host, wanted.path) for each in have):
            await self._server.add_domain(service.id, wanted)
        return wanted.host

    async def _at_host(
        self, step: Callable[[Server, Service, GitHost, Repository], Awaitable[T]], service: Service
    ) -> T:
        assert self.wanted.repository is not None
        assert self._open_host is not None
        host = self._open_host()
        try:
            return await step(self._server, service, host, self.wanted.repository)
        finally:
            await host.close()
