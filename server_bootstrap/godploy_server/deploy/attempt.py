"""What one deployment knows while it runs, and what a step is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from godploy_server.contract import Deployment, DeploymentId, Step, Trigger, Variable
from godploy_server.deploy.log import DeploymentLog
from godploy_server.runtime.about import AboutDocker, about_docker
from godploy_server.runtime.containers import recreates
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.names import ServiceName
from godploy_server.state import deployments, releases, services, variables
from godploy_server.state.releases import ReleaseSnapshot
from godploy_server.state.services import ServiceRow


@dataclass
class Attempt:
    """One deployment under way. Loaded from the rows, so that another process can go on with it or undo it.

    `previous` is the release that served when it began: what an undo goes back to (None for the first). `release` is
    the number of the one being rolled out, known from BUILD on; `snapshot` and `image_id` from RELEASE on. `outcome`
    says what undoing it did to the service, where that is worth a sentence.
    """

    engine: Engine
    deployment: Deployment
    service: ServiceRow
    name: ServiceName
    log: DeploymentLog
    previous: int | None
    release: int | None = None
    snapshot: ReleaseSnapshot | None = None
    image: str = ""
    image_id: str = ""
    outcome: str = ""
    _about: asyncio.Task[AboutDocker] | None = field(default=None, repr=False)

    @classmethod
    def load(cls, engine: Engine, deployment_id: DeploymentId) -> Attempt:
        """Read everything that the rows say about a deployment. Raises NotFound."""
        deployment = deployments.find(engine.connection, deployment_id)
        service = services.find(engine.connection, deployment.service_id)
        known = releases.of_service(engine.connection, service.id)
        previous = next((each.number for each in known if each.is_serving), None)
        attempt = cls(
            engine, deployment, service, engine.name(service), DeploymentLog(engine.paths, deployment_id), previous
        )
        if deployment.release is not None:
            attempt.take_release(deployment.release)
        return attempt

    def take_release(self, number: int) -> None:
        """Go on with a release that exists. Raises NotFound."""
        release = releases.find(self.engine.connection, self.service.id, number)
        self.snapshot = releases.snapshot_of(self.engine.connection, self.engine.secrets, self.service.id, number)
        self.release, self.image, self.image_id = number, release.image, release.image_id
        self.hide_secrets(self.snapshot.environment)

    def hide_secrets(self, environment: dict[str, str]) -> None:
        """Keep the values of the service's secrets out of the log from now on."""
        self.log.hide(possible_secrets(environment, variables.of_service(self.engine.connection, self.service.id)))
        self.log.hide(variables.secrets_behind(self.engine.connection, self.engine.secrets, self.service.id))

    def ask_about_docker(self) -> asyncio.Task[AboutDocker]:
        """Begin to ask Docker about itself, so that the answer is there when a later step wants it."""
        if self._about is None:
            self._about = asyncio.ensure_future(about_docker(self.engine.docker))
            self._about.add_done_callback(lambda asked: asked.cancelled() or asked.exception())  # nobody may want it
        return self._about

    async def about_docker(self) -> AboutDocker:
        """Give what Docker says of itself. Raises NotReady."""
        return await asyncio.shield(self.ask_about_docker())

    @property
    def is_rollback(self) -> bool:
        """Whether it goes back to an earlier release instead of making one."""
        return self.deployment.trigger is Trigger.ROLLBACK

    @property
    def replaces_itself(self) -> bool:
        """Whether the release rolled out is the one that serves already."""
        return self.release is not None and self.release == self.previous

    @property
    def is_recreated(self) -> bool:
        """Whether the release that serves ends before this one starts."""
        return self.snapshot is not None and recreates(self.snapshot.settings)

    @property
    def source_folder(self) -> Path:
        """Where the files of the commit are written."""
        return self.engine.paths.build(self.deployment.id) / "source"

    def the_release(self) -> tuple[int, ReleaseSnapshot]:
        """Give the release being rolled out; every step after RELEASE has it."""
        assert self.release is not None
        assert self.snapshot is not None
        return self.release, self.snapshot


def possible_secrets(environment: Mapping[str, str], known: Iterable[Variable]) -> list[str]:
    """Give the values of a release's environment that may be secret: all that are not plain variables of now.

    What was a secret when the release was made may have been removed since.
    """
    plain = {each.name: each.value for each in known if not each.is_secret}
    return [value for name, value in environment.items() if plain.get(name) != value]


async def nothing(attempt: Attempt) -> None:
    """Undo a step that leaves nothing behind."""


@dataclass(frozen=True)
class DeploymentStep:
    """One step: what it does (giving one line about it), and how it is undone.

    `run` may be run again after a kill. A step that is not `is_cancellable` finishes even when a person cancels:
    from SWITCH on, going forward is the quickest way to a service that runs. Undoing a step that did not run, or
    ran in part, does no harm.
    """

    step: Step
    run: Callable[[Attempt], Coroutine[Any, Any, str]]
    undo: Callable[[Attempt], Awaitable[None]] = nothing
    is_cancellable: bool = True
    for_rollback: bool = True
