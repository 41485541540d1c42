"""What the handlers work with: rows, queue, watches and the event stream of one running agent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from godploy_server import __version__
from godploy_server.agent import host_facts
from godploy_server.agent.commit_states import CommitStates
from godploy_server.agent.deployment_log import LogGrowth, size_of
from godploy_server.agent.ending import end_tasks
from godploy_server.agent.event_stream import EventHub
from godploy_server.agent.health_watch import HealthWatch
from godploy_server.agent.hook_deliveries import HookDeliveries
from godploy_server.agent.housekeeping import Housekeeping
from godploy_server.agent.ingress_watch import IngressWatch
from godploy_server.agent.job_queue import JobQueue
from godploy_server.agent.rotations import Rotations
from godploy_server.contract import (
    CONTRACT_VERSION,
    AgentInfo,
    DeploymentChanged,
    DeploymentId,
    DeploymentLogGrew,
    GodployError,
    ImageSource,
    InfoChanged,
    MetricsTaken,
    NotFound,
    ServerMetrics,
    Service,
    ServiceChanged,
    ServiceId,
    ServiceMetrics,
    Snapshot,
)
from godploy_server.runtime.about import about_docker
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, domains, projects, releases, services, settings
from godploy_server.state.database import now
from godploy_server.state.services import ServiceRow
from godploy_server.watch.container_facts import ContainerFacts
from godploy_server.watch.docker_events import DockerWatch
from godploy_server.watch.metrics import MetricsWatch
from godploy_server.watch.service_state import reconsider_at, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_NOTICE_EVERY_S: Final = 0.1
_DEPLOYMENTS_IN_SNAPSHOT: Final = 20
_LOOK_AT_JOBS_EVERY_S: Final = 2.0
_END_WITHIN_S: Final = 5.0

_log = logging.getLogger(__name__)


class Agent:
    """One agent. Handlers change rows through the rooms' functions and then say here what is different."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.paths = engine.paths
        self.connection = engine.connection
        self.hub = EventHub()
        self.log_growth = LogGrowth()
        self.containers_changed = asyncio.Condition()
        self.shutdown = asyncio.Event()
        self.docker = DockerWatch(
            engine.docker, engine.instance.prefix, self._service_changed, self._docker_changed, self._proxy_changed
        )
        self.metrics = MetricsWatch(engine.docker, engine.paths.state_dir, self._own_containers, self._sampled)
        self.jobs = JobQueue(
            engine.connection, engine.paths, self._recover, self.publish_deployment, lambda: self.docker.answers
        )
        self.ingress = IngressWatch(engine, self.publish_info, self.publish_service)
        self.health = HealthWatch(engine, self.docker.of_service, self._is_proxy_ready, self.publish_service)
        self.rotations = Rotations(engine, self.publish_service, self.publish_deployment, self.jobs.wake, self.run)
        self.housekeeping = Housekeeping(self)
        self.hooks = HookDeliveries(self)
        self.commit_states = CommitStates(engine.connection, engine.secrets, self.hub.publish, self.run)
        self._started_at = now()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._published: dict[str, object] = {}
        self._log_notices: set[str] = set()
        self._reconsidering: dict[str, asyncio.TimerHandle] = {}

    def open(self) -> None:
        """Begin to watch, to adopt jobs and to start what waits."""
        self.run(self.docker.run())
        self.run(self.metrics.run())
        self.run(self.ingress.run())
        self.run(self.ingress.run_relay())
        self.run(self.health.run())
        self.run(self._watch_jobs())
        self.jobs.open()
        self.rotations.settle()
        self.commit_states.open()
        self.run(self.hooks.open())

    async def close(self) -> None:
        """End everything but the jobs."""
        self.hub.close()
        self.hooks.close()
        self.jobs.close()
        for each in self._reconsidering.values():
            each.cancel()
        if not await end_tasks(self._tasks, _END_WITHIN_S):
            _log.warning("some tasks of the agent did not end in time")

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something beside the requests; an exception of it is logged, never lost."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a task of the agent broke off", exc_info=error)

    def info(self) -> AgentInfo:
        """Give what this agent is and what it found."""
        instance = self.engine.instance
        return AgentInfo(
            version=__version__,
            contract_version=CONTRACT_VERSION,
            hostname=host_facts.hostname(),
            os_name=host_facts.os_name(),
            python_version=host_facts.python_version(),
            docker_version=self.docker.version if self.docker.answers else "",
            docker_problem=self.docker.problem,
            traefik_version=self.ingress.version,
            ingress_problem=self.ingress.problem,
            relay_version=self.ingress.relay_version,
            is_embedded=instance.is_embedded,
            started_at=self._started_at,
            public_address=host_facts.public_address(),
            http_port=instance.http_port,
            https_port=instance.https_port,
        )

    def service(self, service_id: str) -> Service:
        """Give a service with what is true of it now. Raises NotFound."""
        return self.describe(services.find(self.connection, service_id))

    def describe(self, row: ServiceRow) -> Service:
        """Give the service of a row with what is true of it now."""
        containers = self.docker.of_service(row.id)
        wanted, serving_image = 0, ""
        if row.release is not None:
            served = releases.settings_of(self.connection, row.id, row.release)
            wanted = served.replicas
            serving_image = served.source.image if isinstance(served.source, ImageSource) else ""
        at = now()
        bad_answers = self.health.bad_answers(containers)
        status = status_of(containers, row.release, wanted, row.is_stopped, self.docker.answers, at, bad_answers)
        self._reconsider(row.id, reconsider_at(containers, at))
        return Service(
            id=row.id,
            project_id=row.project_id,
            name=row.name,
            kind=row.kind,
            settings=row.settings,
            state=status.state,
            state_detail=status.detail,
            containers_running=status.running,
            containers_wanted=status.wanted,
            release=row.release,
            domains=tuple(domains.of_service(self.connection, row.id)),
            deploy_key=row.deploy_key,
            created_at=row.created_at,
            needs_deployment=row.needs_deployment,
            template=row.template,
            tells_commits=self.commit_states.tells(row.id),
            serving_image=serving_image,
        )

    def snapshot(self) -> Snapshot:
        """Give everything at this moment."""
        rows = services.every(self.connection)
        return Snapshot(
            info=self.info(),
            settings=settings.read(self.connection),
            projects=tuple(projects.every(self.connection)),
            services=tuple(self.describe(row) for row in rows),
            deployments=tuple(
                each
                for row in rows
                for each in deployments.of_service(self.connection, row.id, limit=_DEPLOYMENTS_IN_SNAPSHOT)
            ),
            metrics=tuple(self.metrics.server_hour()),
            service_metrics=tuple(each for row in rows for each in self.metrics.service_hour(row.id)),
        )

    def publish_info(self) -> None:
        """Tell that the info may be different."""
        info = self.info()
        if self._is_new("info", info):
            self.hub.publish(InfoChanged(info))

    def publish_service(self, service_id: str) -> None:
        """Tell that a service may be different."""
        try:
            service = self.service(service_id)
        except NotFound:
            self._published.pop(service_id, None)
            return
        if self._is_new(service_id, service):
            self.hub.publish(ServiceChanged(service))

    def publish_deployment(self, deployment_id: str) -> None:
        """Tell that a deployment, its service and the places of those that wait may be different."""
        try:
            deployment = deployments.find(self.connection, deployment_id)
        except NotFound:
            self._published.pop(deployment_id, None)
            return
        waiting = deployments.queued(self.connection) if self.hub.has_subscribers else ()
        self.commit_states.deployment_changed(deployment)
        for each in (deployment, *waiting):
            if self._is_new(each.id, each):
                self.hub.publish(DeploymentChanged(each))
        if deployment.state.is_final:
            self.housekeeping.deployment_ended()
            self._published.pop(deployment_id, None)
            self.log_growth.wake(deployment_id)
            self.rotations.deployment_ended(deployment)
        self.publish_service(deployment.service_id)

    def notice(self, subject: str, deployment_id: str) -> None:
        """Take a job's notice."""
        if subject == "deployment":
            self.publish_deployment(deployment_id)
            return
        self.log_growth.wake(deployment_id)
        if deployment_id not in self._log_notices:
            self._log_notices.add(deployment_id)
            asyncio.get_running_loop().call_later(LOG_NOTICE_EVERY_S, self._tell_log_size, deployment_id)

    def _tell_log_size(self, deployment_id: str) -> None:
        self._log_notices.discard(deployment_id)
        size = size_of(self.paths.log(deployment_id))
        self.hub.publish(DeploymentLogGrew(DeploymentId(deployment_id), size))

    def forget_service(self, service_id: str) -> None:
        """Drop what is remembered of a service that was removed."""
        self._published.pop(service_id, None)
        self.commit_states.writer_changed(service_id)
        self.metrics.forget(service_id)
        if timer := self._reconsidering.pop(service_id, None):
            timer.cancel()

    def _is_new(self, key: str, value: object) -> bool:
        if not self.hub.has_subscribers:
            self._published.clear()
            return False
        if self._published.get(key) == value:
            return False
        self._published[key] = value
        return True

    async def _recover(self, is_alive: Callable[[DeploymentId], bool]) -> None:
        from godploy_server.deploy.recovery import recover

        await recover(self.engine, is_alive)

    async def _watch_jobs(self) -> None:
        """Look at running deployments now and then: a notice may have been lost."""
        while True:
            await asyncio.sleep(_LOOK_AT_JOBS_EVERY_S)
            self.jobs.retry()
            for deployment_id in self.jobs.running:
                self.publish_deployment(deployment_id)
            if self.docker.answers and self.jobs.has_orphans() and not self.jobs.is_settling:
                await asyncio.sleep(_LOOK_AT_JOBS_EVERY_S)  # what ended a moment ago is settled by its own end
                await self.jobs.settle()

    def _service_changed(self, service_id: str) -> None:
        self.publish_service(service_id)
        self.run(self._wake_followers())

    def _docker_changed(self) -> None:
        self.publish_info()
        for row in services.every(self.connection):
            self.publish_service(row.id)
        self.run(self._wake_followers())
        if self.docker.answers:
            self.cap_builds()
            self.run(self.jobs.settle())
            self.rotations.settle()
            self.ingress.wake()

    def cap_builds(self) -> None:
        """Hold all builds of this server to what its settings say now; also those that the desktop begins."""
        self.run(self._cap_builds())

    async def _cap_builds(self) -> None:
        from godploy_server.deploy.build_group import cap_builds

        with contextlib.suppress(GodployError):  # without Docker there are no builds; each job sees to it as well
            await cap_builds(await about_docker(self.engine.docker), settings.read(self.connection), _log.info)

    async def _wake_followers(self) -> None:
        async with self.containers_changed:
            self.containers_changed.notify_all()

    def _is_proxy_ready(self) -> bool:
        return self.docker.answers and self.ingress.has_routes

    def _proxy_changed(self) -> None:
        self.ingress.wake()

    def _own_containers(self) -> list[ContainerFacts]:
        # Another agent's may carry the same prefix: two people on one computer.
        known = {row.id for row in services.every(self.connection)}
        return [each for each in self.docker.every() if each.service_id in known]

    def _sampled(self, server: ServerMetrics, of_services: tuple[ServiceMetrics, ...]) -> None:
        self.hub.publish(MetricsTaken(server, of_services))

    def _reconsider(self, service_id: ServiceId, at: object) -> None:
        if at is None or service_id in self._reconsidering:
            return

        def again() -> None:
            self._reconsidering.pop(service_id, None)
            self.publish_service(service_id)

        self._reconsidering[service_id] = asyncio.get_running_loop().call_later(10.5, again)
