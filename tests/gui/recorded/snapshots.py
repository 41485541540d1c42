"""Two servers with three projects, as their agents would describe them."""

from datetime import UTC, datetime, timedelta

from godploy_server.contract import (
    CONTRACT_VERSION,
    AgentInfo,
    AgentSettings,
    CertificateState,
    Deployment,
    DeploymentId,
    DeploymentState,
    Domain,
    DomainId,
    GitSource,
    HealthCheck,
    ImageSource,
    Limits,
    LogLine,
    Problem,
    Project,
    ProjectId,
    Release,
    Service,
    ServiceId,
    ServiceKind,
    ServiceSettings,
    ServiceState,
    Snapshot,
    Step,
    StepRecord,
    StepState,
    Trigger,
    Variable,
)
from tests.gui.recorded.series import MEGABYTE, server_load, service_load

NOW = datetime(2026, 11, 20, 14, 32, 40, tzinfo=UTC)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk3Vd0m5Jq8xS2nQ4bW7uYzP1tRfKcH9aLoE6vXiNwD godploy-"
STEPS = (
    (Step.FETCH, 2.1, "commit f3a91c2"),
    (Step.BUILD, 48.0, "godploy/web:12, 84 MB"),
    (Step.RELEASE, 0.2, "release 12"),
    (Step.START, 1.4, "3 containers"),
    (Step.PROBE, 4.2, "200 from / twice"),
    (Step.SWITCH, 0.1, "proxy reports 3 upstreams"),
    (Step.DRAIN, 10.0, ""),
    (Step.SETTLE, 3.0, ""),
)


def info(hostname: str, **changes) -> AgentInfo:
    values = {
        "version": "0.1.0",
        "contract_version": CONTRACT_VERSION,
        "hostname": hostname,
        "os_name": "Debian GNU/Linux 13 (trixie)",
        "python_version": "3.13.5",
        "docker_version": "26.1.5",
        "docker_problem": None,
        "traefik_version": "3.7.0",
        "ingress_problem": None,
        "relay_version": "0.1.0",
        "is_embedded": False,
        "started_at": NOW - timedelta(days=12, hours=4),
        "public_address": "198.51.100.24",
        "http_port": 80,
        "https_port": 443,
    }
    return AgentInfo(**(values | changes))


def project(name: str, third: int) -> Project:
    return Project(ProjectId(f"p-{name}"), name, f"10.210.0.{third}/26", NOW - timedelta(days=40))


def service(project_name: str, name: str, state: ServiceState = ServiceState.RUNNING, **changes) -> Service:
    identity = ServiceId(f"s-{project_name}-{name}")
    source = changes.pop("source", GitSource(f"git@git.example.com:{project_name}/{name}.git"))
    port = changes.pop("port", 8080)
    wanted = changes.pop("wanted", 1)
    host = changes.pop("host", None)
    certificate = changes.pop("certificate", CertificateState.VALID)
    domains = changes.pop("domains", None)
    if domains is None:
        domains = (
            (
                Domain(
                    DomainId(f"d-{name}"), identity, host, "/", True, certificate,
                    "expires 14 Feb 2027" if certificate is CertificateState.VALID else "no address found for the name",
                ),
            )
            if host
            else ()
        )  # fmt: skip
    values = {
        "kind": ServiceKind.APPLICATION,
        "state_detail": "every container answers its health check",
        "containers_running": wanted,
        "containers_wanted": wanted,
        "release": 12,
        "deploy_key": KEY + name,
        "created_at": NOW - timedelta(days=40),
    }
    return Service(
        id=identity,
        project_id=ProjectId(f"p-{project_name}"),
        name=name,
        settings=ServiceSettings(
            source=source,
            port=port,
            replicas=wanted,
            health=HealthCheck("/health" if port else "/"),
            limits=Limits(512 * MEGABYTE, 1.0),
        ),
        state=state,
        domains=domains,
        **(values | changes),
    )


def deployment(of: Service, number: int, minutes_ago: float, message: str, commit: str, **changes) -> Deployment:
    created = NOW - timedelta(minutes=minutes_ago)
    started = created + timedelta(seconds=1)
    steps, moment = [], started
    for step, seconds, detail in STEPS:
        steps.append(StepRecord(step, StepState.DONE, moment, moment + timedelta(seconds=seconds), detail))
        moment += timedelta(seconds=seconds)
    values = {
        "state": DeploymentState.SUCCEEDED,
        "trigger": Trigger.MANUAL,
        "asked_by": "this computer",
        "started_at": started,
        "ended_at": moment,
        "steps": tuple(steps),
        "commit": (commit * 6)[:40],
        "commit_message": message,
        "commit_author": "",
        "release": number,
    }
    return Deployment(
        id=DeploymentId(f"{of.id}-{number}"), service_id=of.id, number=number, created_at=created, **(values | changes)
    )


WEB = service("storefront", "web", wanted=3, host="storefront.example.com")
API = service("storefront", "api", wanted=4, host="api.example.com", needs_deployment=True)
WORKER = service(
    "storefront", "worker", ServiceState.DEGRADED, port=None, wanted=3, containers_running=2,
    state_detail="r9-3 restarts: it ended with exit code 137 (out of memory)",
)  # fmt: skip
CACHE = service(
    "storefront", "cache", kind=ServiceKind.IMAGE, source=ImageSource("redis:7"), port=6379, deploy_key="", release=1,
)  # fmt: skip
REPORTS = service(
    "storefront", "reports", ServiceState.CRASHED, wanted=1, containers_running=0, host="reports.example.com",
    certificate=CertificateState.WAITING_FOR_DNS,
    state_detail="r4-1 ended with exit code 1, 5 times in 2 minutes",
)  # fmt: skip
DRAFT = service(
    "storefront", "preview", ServiceState.NEVER_DEPLOYED, containers_running=0, release=None, state_detail="",
)  # fmt: skip
BILLING = service("billing", "api", wanted=2, host="billing.example.com")
DOCS = service("docs-site", "site", wanted=1, host="docs.example.com")
BATCH = service(
    "docs-site", "indexer", ServiceState.STOPPED, port=None, containers_running=0, state_detail="stopped by hand"
)

WEB_12 = deployment(WEB, 12, 4, "Cache product grid at the edge", "f3a91c2")
API_RUNNING = deployment(
    API, 31, 0.9, "Answer cart requests from the read replica", "9be4410",
    state=DeploymentState.RUNNING, ended_at=None, release=None, trigger=Trigger.PUSH, asked_by="push to main",
    steps=(
        StepRecord(
            Step.FETCH, StepState.DONE, NOW - timedelta(seconds=52), NOW - timedelta(seconds=50), "commit 9be4410"
        ),
        StepRecord(Step.BUILD, StepState.RUNNING, NOW - timedelta(seconds=50)),
    ),
)  # fmt: skip
API_FAILED = deployment(
    API, 30, 95, "Pool connections per tenant", "b81d07e",
    state=DeploymentState.FAILED, ended_at=NOW - timedelta(minutes=93), release=30,
    steps=(
        *deployment(API, 30, 95, "", "").steps[:4],
        StepRecord(
            Step.PROBE, StepState.FAILED, NOW - timedelta(minutes=94), NOW - timedelta(minutes=93), "503 from /health"
        ),
    ),
    problem=Problem(
        "deployment-failed",
        "Release 30 of api never became healthy",
        "GET /health answered 503 for 60 s; the last line of r30-1 was: cannot connect to postgres: no such host",
        "Correct DATABASE_URL under Variables and deploy again; release 29 goes on serving",
    ),
)  # fmt: skip
WEB_QUEUED = deployment(
    WEB, 13, 0.2, "Preload hero images", "17c0aa9", state=DeploymentState.QUEUED, started_at=None, ended_at=None,
    steps=(), release=None, queue_position=0, trigger=Trigger.PUSH, asked_by="push to main",
)  # fmt: skip
DEPLOYMENTS_1 = (
    WEB_QUEUED,
    WEB_12,
    deployment(WEB, 11, 190, "Lazy-load reviews", "c20d11f"),
    deployment(
        WEB, 10, 1500, "Back to release 8", "77ab3d0", trigger=Trigger.ROLLBACK, release=8,
        steps=deployment(WEB, 10, 1500, "", "").steps[3:], ended_at=NOW - timedelta(minutes=1499, seconds=40),
    ),
    deployment(
        WEB, 9, 1510, "Inline critical styles", "5e0f921", state=DeploymentState.CANCELLED, release=None,
        steps=deployment(WEB, 9, 1510, "", "").steps[:1], ended_at=NOW - timedelta(minutes=1509),
    ),
    API_RUNNING,
    API_FAILED,
    deployment(API, 29, 280, "Reject oversized carts", "4d9ab17"),
    deployment(WORKER, 9, 130, "Retry webhooks with backoff", "b81d07e", release=9),
    deployment(CACHE, 1, 4400, "", "", release=1),
    deployment(REPORTS, 4, 26, "Nightly invoice export", "9c02ea4", release=4),
)  # fmt: skip
DEPLOYMENTS_2 = (
    deployment(BILLING, 7, 3100, "Round tax per line", "0a6ef43", release=7),
    deployment(DOCS, 22, 600, "Explain private repositories", "e8810bd", trigger=Trigger.PUSH, asked_by="push to main"),
)


def first_server() -> Snapshot:
    """fra-1: the storefront project, one service in each kind of state."""
    loads = (
        (WEB, 3, 0.34, 61),
        (API, 5, 0.52, 248),
        (WORKER, 7, 0.88, 373),
        (CACHE, 9, 0.09, 38),
        (REPORTS, 11, 0.02, 60),
    )
    return Snapshot(
        info=info("fra-1"),
        settings=AgentSettings(acme_email="ops@example.com"),
        projects=(project("storefront", 64),),
        services=(WEB, API, WORKER, CACHE, REPORTS, DRAFT),
        deployments=DEPLOYMENTS_1,
        metrics=server_load(21, NOW, 0.38, 0.61),
        service_metrics=tuple(
            sample for of, seed, cpu, memory in loads for sample in service_load(of.id, seed, NOW, cpu, memory)
        ),
    )


def second_server() -> Snapshot:
    """fra-2: two smaller projects."""
    return Snapshot(
        info=info("fra-2", public_address="198.51.100.31"),
        settings=AgentSettings(),
        projects=(project("billing", 64), project("docs-site", 128)),
        services=(BILLING, DOCS, BATCH),
        deployments=DEPLOYMENTS_2,
        metrics=server_load(31, NOW, 0.17, 0.44),
        service_metrics=service_load(BILLING.id, 33, NOW, 0.2, 140) + service_load(DOCS.id, 37, NOW, 0.03, 48),
    )


VARIABLES = (
    Variable("DATABASE_URL", None, is_secret=True),
    Variable("LOG_LEVEL", "info"),
    Variable("PUBLIC_URL", "https://storefront.example.com"),
    Variable("SESSION_KEY", None, is_secret=True),
    Variable("WORKERS", "4"),
)
RELEASES = tuple(
    Release(
        WEB.id, number, f"godploy/{WEB.id}:{number}", "sha256:" + f"{number:x}" * 32, commit + "0" * 33, message,
        NOW - timedelta(minutes=minutes), DeploymentId(f"{WEB.id}-{number}"), number == 12, number >= 11,
    )
    for number, commit, message, minutes in (
        (12, "f3a91c2", "Cache product grid at the edge", 4),
        (11, "c20d11f", "Lazy-load reviews", 190),
        (8, "77ab3d0", "Show stock per shop", 2900),
    )
)  # fmt: skip
BUILD_LOG = b"".join(
    line + b"\n"
    for line in (
        b"\x1b[90mfetch\x1b[0m  git@git.example.com:storefront/web.git, branch main",
        b"\x1b[90mfetch\x1b[0m  commit f3a91c2 Cache product grid at the edge",
        b"\x1b[90mbuild\x1b[0m  #1 load build definition from Dockerfile",
        b"\x1b[90mbuild\x1b[0m  #2 FROM docker.io/library/python:3.13-slim",
        b"\x1b[90mbuild\x1b[0m  #3 [2/5] WORKDIR /app \x1b[36mCACHED\x1b[0m",
        b"\x1b[90mbuild\x1b[0m  #4 [3/5] COPY requirements.txt . \x1b[36mCACHED\x1b[0m",
        b"\x1b[90mbuild\x1b[0m  #5 [4/5] RUN pip install -r requirements.txt",
        b"\x1b[90mbuild\x1b[0m  #5 12.41 Successfully installed 14 packages",
        b"\x1b[90mbuild\x1b[0m  #6 [5/5] COPY . .",
        b"\x1b[90mbuild\x1b[0m  #7 exporting to image \x1b[32mdone\x1b[0m 1.2s",
        b"\x1b[90mrelease\x1b[0m release 12: image + 5 variables + 1 domain",
        b"\x1b[90mstart\x1b[0m  web-r12-1, web-r12-2, web-r12-3",
        b"\x1b[90mprobe\x1b[0m  GET / \x1b[33m502\x1b[0m, GET / \x1b[32m200\x1b[0m, GET / \x1b[32m200\x1b[0m",
        b"\x1b[90mswitch\x1b[0m proxy reports 3 upstreams of release 12 after 61 ms",
        b"\x1b[90mdrain\x1b[0m  10 s for the requests of release 11",
        b"\x1b[90msettle\x1b[0m release 12 serves; release 11 stays for an instant way back",
    )
)
_MESSAGES = (
    ("\x1b[32mINFO\x1b[0m  GET  /v1/products?page=2 \x1b[32m200\x1b[0m in 12ms", "stdout"),
    ("\x1b[32mINFO\x1b[0m  GET  /checkout \x1b[32m200\x1b[0m in 48ms", "stdout"),
    ("\x1b[36mDEBUG\x1b[0m pool: 14 idle, 6 active, 0 waiting", "stdout"),
    ("\x1b[32mINFO\x1b[0m  POST /v1/cart/items \x1b[32m201\x1b[0m in 31ms", "stdout"),
    ("\x1b[33mWARN\x1b[0m  queue depth 1284 is above 1000", "stderr"),
    ("\x1b[32mINFO\x1b[0m  edge cache HIT /collections/summer 3ms", "stdout"),
    ("\x1b[31mERROR\x1b[0m upstream closed the connection: ECONNRESET", "stderr"),
)
LOG_LINES = tuple(
    LogLine(
        NOW - timedelta(seconds=(120 - index) * 1.037),
        f"r12-{index % 3 + 1}",
        _MESSAGES[(index * 5 + index // 4) % 7][1],  # type: ignore[arg-type]  # the table holds the two stream names
        _MESSAGES[(index * 5 + index // 4) % 7][0],
    )
    for index in range(120)
)
