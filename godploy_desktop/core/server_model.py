"""The one in-memory state of a server. It is fed by the agent's event stream, and every page looks at it.

`apply` takes events; `changed` tells what exactly changed, so that a page repaints only what it shows. While the
stream is down the model keeps what it knew and `is_live` is False: pages show it, marked as old.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from godploy_desktop.core.signal import Signal
from godploy_desktop.remote.connection import ConnectionState
from godploy_server.contract import (
    AgentInfo,
    AgentSettings,
    DeliveryReceived,
    Deployment,
    DeploymentChanged,
    DeploymentId,
    DeploymentLogGrew,
    Event,
    Heartbeat,
    InfoChanged,
    MetricsTaken,
    Problem,
    Project,
    ProjectChanged,
    ProjectId,
    ProjectRemoved,
    ServerMetrics,
    Service,
    ServiceChanged,
    ServiceId,
    ServiceMetrics,
    ServiceRemoved,
    SettingsChanged,
    Snapshot,
    StatusWriterChanged,
)

KEPT_SAMPLES: Final = 1800
"""An hour of samples, one each 2 s."""
KEPT_DEPLOYMENTS: Final = 20
"""Per service; older ones are read page by page from the agent."""


class Aspect(Enum):
    """What of a model changed."""

    EVERYTHING = "everything"  # a new snapshot: read all again
    CONNECTION = "connection"  # connection state, its problem, or whether the model is live
    INFO = "info"
    SETTINGS = "settings"
    PROJECT = "project"  # made, changed or removed
    SERVICE = "service"  # made, changed or removed; also its pending mark
    DEPLOYMENT = "deployment"
    DEPLOYMENT_LOG = "deployment-log"
    METRICS = "metrics"  # the server's and all services'
    DELIVERY = "delivery"  # a git host's delivery came in; the list is read from the agent
    COMMIT_STATUS = "commit-status"  # the server told a git host a state, or could not; read from the agent


@dataclass(frozen=True)
class Change:
    """One change. The ids that concern it are set (a service's project, a deployment's service and project)."""

    aspect: Aspect
    project_id: ProjectId | None = None
    service_id: ServiceId | None = None
    deployment_id: DeploymentId | None = None
    is_removal: bool = False

    def concerns(
        self,
        *,
        project_id: ProjectId | None = None,
        service_id: ServiceId | None = None,
        deployment_id: DeploymentId | None = None,
    ) -> bool:
        """Whether a view of that project, service or deployment has to look again. Changes without an id concern
        every view."""
        pairs = ((self.project_id, project_id), (self.service_id, service_id), (self.deployment_id, deployment_id))
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)


class ServerModel:
    """Everything known of one server. Read the attributes freely; only `core` calls what changes them."""

    def __init__(self) -> None:
        self.changed: Signal[Change] = Signal()
        self.connection = ConnectionState.DISCONNECTED
        self.problem: Problem | None = None  # why it is not connected
        self.is_live = False  # the event stream runs: what is shown is true now
        self.as_of: datetime | None = None  # when it was last true
        self.info: AgentInfo | None = None
        self.settings: AgentSettings | None = None
        self.projects: dict[ProjectId, Project] = {}
        self.services: dict[ServiceId, Service] = {}
        self.deployments: dict[DeploymentId, Deployment] = {}
        self.metrics: deque[ServerMetrics] = deque(maxlen=KEPT_SAMPLES)
        self.log_sizes: dict[DeploymentId, int] = {}
        self.pending: dict[ServiceId, str] = {}  # what was just asked of a service and is not true yet: "stopping"
        self._service_metrics: dict[ServiceId, deque[ServiceMetrics]] = {}
        self._by_service: dict[ServiceId, list[DeploymentId]] = {}  # newest first

    @property
    def is_known(self) -> bool:
        """Whether there is anything to show, live or remembered."""
        return self.info is not None

    def services_of(self, project_id: ProjectId) -> list[Service]:
        """The services of a project by name."""
        return sorted((each for each in self.services.values() if each.project_id == project_id), key=lambda s: s.name)

    def deployments_of(self, service_id: ServiceId) -> list[Deployment]:
        """The newest deployments of a service, newest first."""
        return [self.deployments[each] for each in self._by_service.get(service_id, ())]

    def latest_deployment(self, service_id: ServiceId) -> Deployment | None:
        """The newest deployment of a service."""
        ids = self._by_service.get(service_id)
        return self.deployments[ids[0]] if ids else None

    def recent_deployments(self, limit: int = 20) -> list[Deployment]:
        """The newest deployments of all services, newest first."""
        return sorted(self.deployments.values(), key=lambda each: each.created_at, reverse=True)[:limit]

    def service_metrics(self, service_id: ServiceId) -> deque[ServiceMetrics]:
        """The last hour of a service, oldest first."""
        return self._service_metrics.get(service_id) or deque(maxlen=KEPT_SAMPLES)

    def project_of(self, service_id: ServiceId) -> Project | None:
        """The project that a service belongs to."""
        service = self.services.get(service_id)
        return self.projects.get(service.project_id) if service else None

    def find_project(self, name: str) -> Project | None:
        """The project of that name."""
        return next((each for each in self.projects.values() if each.name == name), None)

    def find_service(self, project: str, name: str) -> Service | None:
        """The service of that name in the project of that name."""
        found = self.find_project(project)
        return next((each for each in self.services_of(found.id) if each.name == name), None) if found else None

    def apply(self, event: Event) -> None:
        """Take one event in and tell the observers. Events may repeat; each says how a thing is, not what to add."""
        change = self._take(event)
        if self.is_live:
            self.as_of = datetime.now(UTC)
        if change is not None:
            self.changed.emit(change)

    def set_connection(self, state: ConnectionState, problem: Problem | None = None) -> None:
        """Show where the connection stands. Anything but CONNECTED also ends being live."""
        if (state, problem) == (self.connection, self.problem):
            return
        self.connection, self.problem = state, problem
        if state is not ConnectionState.CONNECTED:
            self._end_live()
        self.changed.emit(Change(Aspect.CONNECTION))

    def set_problem(self, problem: Problem) -> None:
        """Say why there is no event stream, though the connection may stand (the agent is absent or silent)."""
        if problem != self.problem:
            self.problem = problem
            self.changed.emit(Change(Aspect.CONNECTION))

    def set_live(self, is_live: bool) -> None:
        """Mark the model as fed by a running stream, or as old."""
        if is_live == self.is_live:
            return
        self.is_live = is_live
        if not is_live:
            self._end_live()
        self.changed.emit(Change(Aspect.CONNECTION))

    def set_pending(self, service_id: ServiceId, what: str) -> None:
        """Mark what was asked of a service and is not true yet ("" ends the mark)."""
        if what:
            self.pending[service_id] = what
        else:
            self.pending.pop(service_id, None)
        self.changed.emit(self._about(service_id))

    def snapshot(self) -> Snapshot | None:
        """What to remember for the next start, without the metrics; None while nothing is known."""
        if self.info is None or self.settings is None:
            return None
        return Snapshot(
            info=self.info,
            settings=self.settings,
            projects=tuple(self.projects.values()),
            services=tuple(self.services.values()),
            deployments=tuple(self.deployments.values()),
            metrics=(),
            service_metrics=(),
        )

    def load_remembered(self, snapshot: Snapshot, as_of: datetime) -> None:
        """Show what an earlier session saw, marked as not live. Does nothing once the agent has spoken."""
        if self.is_live or self.is_known:
            return
        self._replace_all(snapshot)
        self.as_of = as_of
        self.changed.emit(Change(Aspect.EVERYTHING))

    def _take(self, event: Event) -> Change | None:  # noqa: C901, PLR0912  one branch an event, on purpose
        match event:
            case Snapshot():
                self._replace_all(event)
                self.is_live, self.problem = True, None
                return Change(Aspect.EVERYTHING)
            case InfoChanged(info=info):
                self.info = info
                return Change(Aspect.INFO)
            case SettingsChanged(settings=settings):
                self.settings = settings
                return Change(Aspect.SETTINGS)
            case ProjectChanged(project=project):
                self.projects[project.id] = project
                return Change(Aspect.PROJECT, project_id=project.id)
            case ProjectRemoved(project_id=project_id):
                return self._remove_project(project_id)
            case ServiceChanged(service=service):
                self.services[service.id] = service
                return self._about(service.id)
            case ServiceRemoved(service_id=service_id):
                return self._remove_service(service_id)
            case DeploymentChanged(deployment=deployment):
                self._put_deployment(deployment)
                return self._about_deployment(Aspect.DEPLOYMENT, deployment.id)
            case DeploymentLogGrew(deployment_id=deployment_id, size_bytes=size):
                self.log_sizes[deployment_id] = size
                return self._about_deployment(Aspect.DEPLOYMENT_LOG, deployment_id)
            case MetricsTaken(metrics=metrics, service_metrics=samples):
                self.metrics.append(metrics)
                for sample in samples:
                    self._ring(sample.service_id).append(sample)
                return Change(Aspect.METRICS)
            case DeliveryReceived(delivery=delivery):
                return replace(self._about(delivery.service_id), aspect=Aspect.DELIVERY)
            case StatusWriterChanged(writer=writer):
                return replace(self._about(writer.service_id), aspect=Aspect.COMMIT_STATUS)
            case Heartbeat():
                return None

    def _replace_all(self, snapshot: Snapshot) -> None:
        self.info, self.settings = snapshot.info, snapshot.settings
        self.projects = {each.id: each for each in snapshot.projects}
        self.services = {each.id: each for each in snapshot.services}
        self.pending = {}
        self.deployments, self._by_service, self.log_sizes = {}, {}, {}
        for deployment in snapshot.deployments:
            self._put_deployment(deployment)
        self.metrics = deque(snapshot.metrics, maxlen=KEPT_SAMPLES)
        self._service_metrics = {}
        for sample in snapshot.service_metrics:
            self._ring(sample.service_id).append(sample)

    def _remove_project(self, project_id: ProjectId) -> Change | None:
        if self.projects.pop(project_id, None) is None:
            return None
        for service in self.services_of(project_id):
            self._remove_service(service.id)
        return Change(Aspect.PROJECT, project_id=project_id, is_removal=True)

    def _remove_service(self, service_id: ServiceId) -> Change | None:
        service = self.services.pop(service_id, None)
        if service is None:
            return None
        for deployment_id in self._by_service.pop(service_id, ()):
            self.deployments.pop(deployment_id, None)
            self.log_sizes.pop(deployment_id, None)
        self._service_metrics.pop(service_id, None)
        self.pending.pop(service_id, None)
        return Change(Aspect.SERVICE, project_id=service.project_id, service_id=service_id, is_removal=True)

    def _put_deployment(self, deployment: Deployment) -> None:
        self.deployments[deployment.id] = deployment
        ids = self._by_service.setdefault(deployment.service_id, [])
        if deployment.id not in ids:
            ids.append(deployment.id)
            ids.sort(key=lambda each: self.deployments[each].number, reverse=True)
            for old in ids[KEPT_DEPLOYMENTS:]:
                del self.deployments[old]
                self.log_sizes.pop(old, None)
            del ids[KEPT_DEPLOYMENTS:]

    def _ring(self, service_id: ServiceId) -> deque[ServiceMetrics]:
        return self._service_metrics.setdefault(service_id, deque(maxlen=KEPT_SAMPLES))

    def _about(self, service_id: ServiceId) -> Change:
        service = self.services.get(service_id)
        return Change(Aspect.SERVICE, project_id=service.project_id if service else None, service_id=service_id)

    def _about_deployment(self, aspect: Aspect, deployment_id: DeploymentId) -> Change:
        deployment = self.deployments.get(deployment_id)
        service_id = deployment.service_id if deployment else None
        base = self._about(service_id) if service_id else Change(aspect)
        return replace(base, aspect=aspect, deployment_id=deployment_id)

    def _end_live(self) -> None:
        self.is_live = False
        for service_id in list(self.pending):
            del self.pending[service_id]
