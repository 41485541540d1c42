"""The one event stream from an agent: `GET /v1/events`, one JSON object a line.

The first line is a `Snapshot` of everything; each further line is one change. A consumer that loses the stream opens
it again and begins with the new snapshot, so nothing is ever missed and no page polls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from godploy_server.contract.commit_status import StatusWriter
from godploy_server.contract.entities import (
    AgentInfo,
    AgentSettings,
    Deployment,
    DeploymentId,
    Project,
    ProjectId,
    ServerMetrics,
    Service,
    ServiceId,
    ServiceMetrics,
)
from godploy_server.contract.hooks import Delivery


@dataclass(frozen=True)
class Snapshot:
    """Everything at one moment. `deployments` holds the newest 20 of each service, newest first; `metrics` and
    `service_metrics` hold the last hour that the agent remembers, oldest first."""

    info: AgentInfo
    settings: AgentSettings
    projects: tuple[Project, ...]
    services: tuple[Service, ...]
    deployments: tuple[Deployment, ...]
    metrics: tuple[ServerMetrics, ...]
    service_metrics: tuple[ServiceMetrics, ...]
    kind: Literal["snapshot"] = "snapshot"


@dataclass(frozen=True)
class InfoChanged:
    """Docker, Traefik or the relay came, went or changed."""

    info: AgentInfo
    kind: Literal["info"] = "info"


@dataclass(frozen=True)
class SettingsChanged:
    """The server's settings changed."""

    settings: AgentSettings
    kind: Literal["settings"] = "settings"


@dataclass(frozen=True)
class ProjectChanged:
    """A project was made or changed."""

    project: Project
    kind: Literal["project"] = "project"


@dataclass(frozen=True)
class ProjectRemoved:
    """A project is gone."""

    project_id: ProjectId
    kind: Literal["project-removed"] = "project-removed"


@dataclass(frozen=True)
class ServiceChanged:
    """A service was made or changed, its state included."""

    service: Service
    kind: Literal["service"] = "service"


@dataclass(frozen=True)
class ServiceRemoved:
    """A service is gone."""

    service_id: ServiceId
    kind: Literal["service-removed"] = "service-removed"


@dataclass(frozen=True)
class DeploymentChanged:
    """A deployment was made or changed."""

    deployment: Deployment
    kind: Literal["deployment"] = "deployment"


@dataclass(frozen=True)
class MetricsTaken:
    """A new sample: the server's, and that of every service with running containers."""

    metrics: ServerMetrics
    service_metrics: tuple[ServiceMetrics, ...]
    kind: Literal["metrics"] = "metrics"


@dataclass(frozen=True)
class Heartbeat:
    """Sent when nothing else was for 15 s, so that both sides know that the stream lives."""

    at: datetime
    kind: Literal["heartbeat"] = "heartbeat"


@dataclass(frozen=True)
class DeploymentLogGrew:
    """The log of a running deployment is longer now (bytes); sent at most ten times a second."""

    deployment_id: DeploymentId
    size_bytes: int
    kind: Literal["deployment-log"] = "deployment-log"


@dataclass(frozen=True)
class DeliveryReceived:
    """A git host's delivery came in and was looked at."""

    delivery: Delivery
    kind: Literal["delivery"] = "delivery"


@dataclass(frozen=True)
class StatusWriterChanged:
    """The server told a git host the state of a commit, or could not."""

    writer: StatusWriter
    kind: Literal["commit-status"] = "commit-status"


Event = (
    Snapshot
    | InfoChanged
    | SettingsChanged
    | ProjectChanged
    | ProjectRemoved
    | ServiceChanged
    | ServiceRemoved
    | DeploymentChanged
    | MetricsTaken
    | Heartbeat
    | DeploymentLogGrew
    | DeliveryReceived
    | StatusWriterChanged
)
