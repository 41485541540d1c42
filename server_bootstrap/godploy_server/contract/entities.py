"""The things that a server holds, as both sides see them. All frozen; all times are UTC with zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal, NewType

from godploy_server.contract.building import BuildPlan, ToolSource
from godploy_server.contract.problem import Problem
from godploy_server.contract.running import ServiceSettings
from godploy_server.contract.templates import TemplateUse

ProjectId = NewType("ProjectId", str)
ServiceId = NewType("ServiceId", str)
DeploymentId = NewType("DeploymentId", str)
DomainId = NewType("DomainId", str)

CONTRACT_VERSION = 2
"""Raised with every change that an older other side would not understand."""


class ServiceKind(str, Enum):
    """What a service is made from."""

    APPLICATION = "application"
    IMAGE = "image"
    DATABASE = "database"


class ServiceState(str, Enum):
    """What is true of a service now, from Docker's events and inspection; never what was last wished for."""

    NEVER_DEPLOYED = "never-deployed"
    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"  # some containers run and answer, others do not
    UNHEALTHY = "unhealthy"  # runs, but its health check fails
    CRASHED = "crashed"
    STOPPED = "stopped"  # because a person stopped it
    UNKNOWN = "unknown"  # Docker does not answer


class DeploymentState(str, Enum):
    """Where a deployment stands. Everything after RUNNING is final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # a newer deployment took its place while it waited
    INTERRUPTED = "interrupted"  # its job was killed; `problem` says what serves now

    @property
    def is_final(self) -> bool:
        """Whether it will never change again."""
        return self not in (DeploymentState.QUEUED, DeploymentState.RUNNING)


class Step(str, Enum):
    """The steps of a deployment, in order. A rollback begins at START."""

    FETCH = "fetch"
    BUILD = "build"
    RELEASE = "release"
    START = "start"
    PROBE = "probe"
    SWITCH = "switch"
    DRAIN = "drain"
    SETTLE = "settle"


class StepState(str, Enum):
    """Where one step stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Trigger(str, Enum):
    """Why a deployment exists."""

    MANUAL = "manual"
    PUSH = "push"
    ROLLBACK = "rollback"
    SETTINGS = "settings"  # variables or domains changed and the person asked to apply them


class CertificateState(str, Enum):
    """Whether HTTPS works for a domain."""

    NONE = "none"  # plain HTTP was chosen
    WAITING_FOR_DNS = "waiting-for-dns"  # the name does not lead to this server yet, so no certificate is asked for
    PENDING = "pending"
    VALID = "valid"
    FAILED = "failed"


@dataclass(frozen=True)
class Project:
    """A group of services on one server with an isolated Docker network."""

    id: ProjectId
    name: str
    subnet: str
    created_at: datetime


@dataclass(frozen=True)
class Domain:
    """A host name and path prefix routed to a service's port by Traefik."""

    id: DomainId
    service_id: ServiceId
    host: str
    path: str = "/"
    tls: bool = True
    certificate: CertificateState = CertificateState.NONE
    certificate_detail: str = ""  # e.g. when it expires, or why it failed


@dataclass(frozen=True)
class Variable:
    """One variable of a service. A secret's value is None wherever it is read.

    `at_run`: the program sees it. `at_build`: the build sees it, a secret as a BuildKit secret and never as an
    argument. `reference` "SERVICE.OUTPUT" names an output of another service's template in the same project: the
    value is then made from it at each deployment, is handled as a secret, and `value` is None.
    """

    name: str
    value: str | None
    is_secret: bool = False
    at_build: bool = False
    at_run: bool = True
    reference: str = ""


@dataclass(frozen=True)
class Service:
    """One thing that runs."""

    id: ServiceId
    project_id: ProjectId
    name: str
    kind: ServiceKind
    settings: ServiceSettings
    state: ServiceState
    state_detail: str  # one sentence: why it is in this state
    containers_running: int
    containers_wanted: int
    release: int | None  # the number of the release that serves
    domains: tuple[Domain, ...]
    deploy_key: str  # public half, one OpenSSH line
    created_at: datetime
    needs_deployment: bool = False  # settings, variables or domains are newer than the release that serves
    template: TemplateUse | None = None  # what it was made from, where it was
    tells_commits: bool = False  # the server tells the states of its commits to the git host (`StatusWriter`)
    serving_image: str = ""  # the image that the settings of the release that serves name, where they name one


@dataclass(frozen=True)
class StepRecord:
    """One step of one deployment as it went."""

    step: Step
    state: StepState
    started_at: datetime
    ended_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True)
class Deployment:
    """One attempt: source > build > release > rollout."""

    id: DeploymentId
    service_id: ServiceId
    number: int  # counts up per service
    state: DeploymentState
    trigger: Trigger
    asked_by: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    steps: tuple[StepRecord, ...] = ()
    commit: str = ""  # full hash, once known
    commit_message: str = ""  # first line
    commit_author: str = ""
    release: int | None = None  # the release it made, or rolls back to
    queue_position: int | None = None  # 0 is next; only while queued
    is_cancelling: bool = False
    problem: Problem | None = None
    branch: str = ""  # what was asked for: branch, tag or commit of the source; "" where it has none
    superseded_by: int | None = None  # the number of the deployment that took its place
    plan: BuildPlan | None = None  # how it was built, once known
    upload: str = ""  # the upload that it is built from, where the source is a folder or an archive


@dataclass(frozen=True)
class Release:
    """An image and the exact configuration it runs with. Immutable."""

    service_id: ServiceId
    number: int
    image: str
    image_id: str  # sha256:...
    commit: str
    commit_message: str
    created_at: datetime
    deployment_id: DeploymentId
    is_serving: bool
    is_instant: bool  # its containers still exist, stopped: going back takes seconds


@dataclass(frozen=True)
class AgentInfo:
    """Which agent this is and what it found. Versions are as their programs say, "" where absent."""

    version: str
    contract_version: int
    hostname: str
    os_name: str
    python_version: str
    docker_version: str
    docker_problem: Problem | None
    traefik_version: str
    ingress_problem: Problem | None
    relay_version: str
    is_embedded: bool  # a child of the desktop, not a system service
    started_at: datetime
    public_address: str
    http_port: int
    https_port: int


@dataclass(frozen=True)
class AgentSettings:
    """Settings of a server. `acme_ca_certificate` is PEM text, for a private ACME server.

    `build_memory_bytes` and `build_cpus` cap all builds together; 0 means three quarters of the server's memory, and
    all cores but half of one. `tools` replaces where a builder's program is fetched from.
    """

    builds_at_once: int = 1
    build_memory_bytes: int = 0
    build_cpus: float = 0.0
    kept_build_days: int = 14  # build files and caches that nobody used for so long are removed
    static_image: str = "nginx:1.29-alpine"  # serves static sites
    tools: tuple[ToolSource, ...] = ()
    kept_releases: int = 5
    acme_email: str = ""
    acme_ca_url: str = "https://acme-v02.api.letsencrypt.org/directory"
    acme_ca_certificate: str = ""
    network_pool: str = "10.210.0.0/16"  # project networks are /26 subnets out of it


@dataclass(frozen=True)
class ServerMetrics:
    """Load of a whole server at one moment. Rates are per second since the sample before."""

    at: datetime
    cpu_fraction: float  # 0.0 to 1.0 of all cores together
    cores: int
    load_1m: float
    memory_used_bytes: int
    memory_total_bytes: int
    disk_used_bytes: int
    disk_total_bytes: int
    received_bytes_s: float
    sent_bytes_s: float


@dataclass(frozen=True)
class ServiceMetrics:
    """Load of one service (its containers together) at one moment."""

    service_id: ServiceId
    at: datetime
    cpu_cores: float  # 1.0 = one core busy
    memory_bytes: int
    memory_limit_bytes: int  # the server's memory where no limit is set
    received_bytes_s: float
    sent_bytes_s: float


@dataclass(frozen=True)
class LogLine:
    """One line that a service's container wrote. `text` keeps its ANSI colours."""

    at: datetime
    container: str  # short: release and replica, as "r3-1"
    stream: Literal["stdout", "stderr"]
    text: str
