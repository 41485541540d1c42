"""One server as the window and the headless command use it: its profile, its connection, its model, its verbs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from godploy_desktop.core.connections import close_connection, close_for_good
from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.local_store.values import ServerProfile
from godploy_desktop.remote.connection import Connection, ConnectionState
from godploy_server.contract import (
    AddDomain,
    AgentSettings,
    ChangeService,
    ChangeSettings,
    Cleanup,
    CreateProject,
    CreateService,
    Deploy,
    Deployment,
    DeploymentChanged,
    DeploymentId,
    Domain,
    DomainId,
    GodployError,
    Leftovers,
    Project,
    ProjectChanged,
    ProjectId,
    ProjectRemoved,
    Registry,
    RemovalPreview,
    RollBack,
    Rotated,
    RotatePassword,
    Service,
    ServiceChanged,
    ServiceId,
    ServiceRemoved,
    SetRegistry,
    SettingsChanged,
    SetVariables,
    Unreachable,
    Variable,
)

if TYPE_CHECKING:
    from godploy_desktop.remote.agent_client import AgentClient

T = TypeVar("T")
_log = logging.getLogger(__name__)

STATE_FOLDER = "/var/lib/godploy"
STREAM_RETRY_S = 1.0
STREAM_RETRY_MOST_S = 15.0


class Server:
    """A server. Reads and streams go through `agent`; what changes something goes through the methods here, which
    also put the answer into the model at once (the event stream then repeats it)."""

    def __init__(
        self,
        profile: ServerProfile,
        connection: Connection,
        remember: Callable[[Server], Awaitable[None]] | None = None,
        state_folder: str = STATE_FOLDER,
        cache_folder: Path | None = None,
    ) -> None:
        self.profile = profile
        self.connection = connection
        self.model = ServerModel()
        self.state_folder = state_folder  # of its agent, as a path on the server
        self.cache_folder = cache_folder  # on this computer; None: nothing is kept
        self._remember = remember
        self._live: asyncio.Task[None] | None = None
        self._stop_watching = connection.on_state(self._show_state)
        self.model.set_connection(connection.state)

    @property
    def id(self) -> int:
        """The profile's id: stable as long as the server is in the list."""
        return self.profile.id

    @property
    def name(self) -> str:
        """What the person called it."""
        return self.profile.name

    @property
    def is_embedded(self) -> bool:
        """Whether it is this computer."""
        return self.profile.is_embedded

    @property
    def agent(self) -> AgentClient:
        """The agent's API: reads, previews and streams. Every call raises Unreachable while not connected."""
        return self.connection.agent()

    async def connect(self) -> None:
        """Connect, or return at once when connected. Raises GodployError (Unreachable, NotAllowed, Conflict...)."""
        if self.connection.state is not ConnectionState.CONNECTED:
            await self.connection.connect()

    async def reconnect(self) -> None:
        """Close the connection and make it anew: for a login that has to begin again."""
        await self.connection.close()
        await self.connection.connect()

    def keep_live(self) -> asyncio.Task[None]:
        """Follow the agent's events from now until `close`: connect, stream, and after a loss begin again. The
        model shows where it stands; nothing is raised."""
        if self._live is None or self._live.done():
            self._live = asyncio.create_task(self._follow_events(), name=f"events of {self.name}")
        return self._live

    async def close(self, *, keep_agent: bool = True) -> None:
        """Stop following and close the connection. What the model knows is remembered for the next start. The agent
        of this computer goes on, unless it is not to be kept."""
        await self._stop()
        await close_connection(self.connection, keep_agent=keep_agent)
        self.model.set_connection(ConnectionState.DISCONNECTED)

    async def close_for_good(self) -> Leftovers:
        """Stop following and close the connection because the server leaves the list. This computer's agent ends, and
        its proxy where no service needs it; gives back what then stays in Docker."""
        await self._stop()
        left = await close_for_good(self.connection)
        self.model.set_connection(ConnectionState.DISCONNECTED)
        return left

    async def _stop(self) -> None:
        if self._live is not None:
            self._live.cancel()
            await asyncio.gather(self._live, return_exceptions=True)
            self._live = None
        await self._save()
        self._stop_watching()

    # what changes something; each raises the agent's GodployError

    async def create_project(self, name: str) -> Project:
        """Make a project and its network."""
        project = await self.agent.create_project(CreateProject(name))
        self.model.apply(ProjectChanged(project))
        return project

    async def delete_project(self, project_id: ProjectId) -> RemovalPreview:
        """Delete a project with everything in it; gives back what went."""
        gone = await self.agent.delete_project(project_id)
        self.model.apply(ProjectRemoved(project_id))
        return gone

    async def create_service(self, request: CreateService) -> Service:
        """Make a service; it is not deployed yet."""
        return self._show(await self.agent.create_service(request))

    async def change_service(self, service_id: ServiceId, change: ChangeService) -> Service:
        """Change a service's settings or name. Takes effect with the next deployment (`needs_deployment`)."""
        return self._show(await self.agent.change_service(service_id, change))

    async def delete_service(self, service_id: ServiceId) -> RemovalPreview:
        """Delete a service; gives back what went."""
        gone = await self._pending(service_id, "deleting", self.agent.delete_service(service_id))
        self.model.apply(ServiceRemoved(service_id))
        return gone

    async def start_service(self, service_id: ServiceId) -> Service:
        """Start the containers of the release that a person stopped."""
        return self._show(await self._pending(service_id, "starting", self.agent.start_service(service_id)))

    async def stop_service(self, service_id: ServiceId) -> Service:
        """Stop the containers; visitors see an error until it is started or deployed."""
        return self._show(await self._pending(service_id, "stopping", self.agent.stop_service(service_id)))

    async def restart_service(self, service_id: ServiceId) -> Service:
        """Restart the containers in place (with a gap; a deployment has none)."""
        return self._show(await self._pending(service_id, "restarting", self.agent.restart_service(service_id)))

    async def set_variables(self, service_id: ServiceId, change: SetVariables) -> tuple[Variable, ...]:
        """Change variables; gives back all of them, secrets without a value. Takes effect with the next deployment."""
        return tuple(await self.agent.set_variables(service_id, change))

    async def add_domain(self, service_id: ServiceId, request: AddDomain) -> Domain:
        """Route a domain to the service; takes effect at once."""
        return await self.agent.add_domain(service_id, request)

    async def delete_domain(self, domain_id: DomainId) -> Domain:
        """Stop routing a domain."""
        return await self.agent.delete_domain(domain_id)

    async def check_domain(self, domain_id: DomainId) -> Domain:
        """Look at the domain's DNS and certificate again."""
        return await self.agent.check_domain(domain_id)

    async def deploy(self, service_id: ServiceId, request: Deploy | None = None) -> Deployment:
        """Ask for a deployment; gives it back as queued."""
        return self._show_deployment(await self.agent.deploy(service_id, request or Deploy()))

    async def roll_back(self, service_id: ServiceId, release: int) -> Deployment:
        """Ask for a rollback to a release of the service; gives back its deployment."""
        return self._show_deployment(await self.agent.roll_back(service_id, RollBack(release)))

    async def cancel_deployment(self, deployment_id: DeploymentId) -> Deployment:
        """Ask a deployment to stop; `is_cancelling` until it has."""
        return self._show_deployment(await self.agent.cancel_deployment(deployment_id))

    async def change_settings(self, change: ChangeSettings) -> AgentSettings:
        """Change the server's settings."""
        settings = await self.agent.change_settings(change)
        self.model.apply(SettingsChanged(settings))
        return settings

    async def rotate(self, service_id: ServiceId, request: RotatePassword) -> Rotated:
        """Change the password of a service made from a template; what refers to it is deployed again, if asked."""
        return await self._pending(service_id, "rotating", self.agent.rotate(service_id, request))

    async def set_registry(self, login: SetRegistry) -> Registry:
        """Log in at an image registry and keep the login; refused if the registry refuses it."""
        return await self.agent.set_registry(login)

    async def delete_registry(self, registry_id: str) -> Registry:
        """Forget a login."""
        return await self.agent.delete_registry(registry_id)

    async def check_registry(self, registry_id: str) -> Registry:
        """Log in again, to see whether that still works."""
        return await self.agent.check_registry(registry_id)

    async def clean_up(self) -> Cleanup:
        """Remove what the server can do without; gives back what went."""
        return await self.agent.clean_up()

    async def follow_deployment(self, deployment_id: DeploymentId, offset: int = 0) -> AsyncGenerator[bytes]:
        """Give the deployment's log from a byte offset until it ends, over any number of lost connections."""
        delay = STREAM_RETRY_S
        while True:
            try:
                await self.connect()
                async with aclosing(self.agent.deployment_log(deployment_id, offset=offset, follow=True)) as pieces:
                    async for piece in pieces:
                        offset, delay = offset + len(piece), STREAM_RETRY_S
                        yield piece
                if (await self.agent.deployment(deployment_id)).state.is_final:
                    return
            except Unreachable:
                if self._is_hopeless():
                    raise
            await self._wait_to_retry(delay)
            delay = min(delay * 2, STREAM_RETRY_MOST_S)

    async def deployment_when_reachable(self, deployment_id: DeploymentId) -> Deployment:
        """Give a deployment as it is now; where the connection is lost, wait until it is back."""
        return await self.when_reachable(lambda: self.agent.deployment(deployment_id))

    async def when_reachable(self, call: Callable[[], Awaitable[T]]) -> T:
        """Give what a call gives; where the connection is lost, wait until it is back and call again."""
        while True:
            try:
                await self.connect()
                return await call()
            except Unreachable:
                if self._is_hopeless():
                    raise
            await self._wait_to_retry(STREAM_RETRY_S)

    def _show(self, service: Service) -> Service:
        self.model.apply(ServiceChanged(service))
        return service

    def _show_deployment(self, deployment: Deployment) -> Deployment:
        self.model.apply(DeploymentChanged(deployment))
        return deployment

    async def _pending(self, service_id: ServiceId, what: str, call: Awaitable[T]) -> T:
        self.model.set_pending(service_id, what)
        try:
            return await call
        finally:
            self.model.set_pending(service_id, "")

    def _show_state(self, state: ConnectionState) -> None:
        self.model.set_connection(state, self.connection.problem)

    async def _follow_events(self) -> None:
        delay = STREAM_RETRY_S
        while True:
            try:
                await self.connect()
                async with aclosing(self.agent.events()) as events:
                    async for event in events:
                        self.model.apply(event)
                        delay = STREAM_RETRY_S
            except GodployError as error:
                self.model.set_problem(error.problem)
                _log.info("The event stream of %s ended: %s", self.name, error.problem.what)
            self.model.set_live(False)
            await self._save()
            await self._wait_to_retry(delay)
            delay = min(delay * 2, STREAM_RETRY_MOST_S)

    async def _wait_to_retry(self, delay: float) -> None:
        """Wait `delay`, or shorter when the connection comes back; where only a person can help, wait for that."""
        is_back = asyncio.Event()

        def look(state: ConnectionState) -> None:
            if state is ConnectionState.CONNECTED:
                is_back.set()

        stop = self.connection.on_state(look)
        try:
            async with asyncio.timeout(None if self._is_hopeless() else delay):
                await is_back.wait()
        except TimeoutError:
            return
        finally:
            stop()

    async def _save(self) -> None:
        if self._remember is not None and self.model.as_of is not None:
            await self._remember(self)

    def _is_hopeless(self) -> bool:
        """Whether no waiting helps: a person has to decide or correct something first."""
        state, problem = self.connection.state, self.connection.problem
        refused = state is ConnectionState.FAILED and (problem is None or problem.code != Unreachable.code)
        return refused or state is ConnectionState.BLOCKED
