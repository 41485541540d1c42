"""What a server tells of databases, folders, registries, plans and old files, beside what `snapshots` holds."""

from dataclasses import replace
from datetime import timedelta

from godploy_server.contract import (
    BuildPlan,
    Cleanup,
    CleanupItem,
    Connection,
    DeploymentState,
    FolderSource,
    HealthCheck,
    ImageSource,
    Limits,
    Mount,
    NixpacksBuilder,
    Output,
    Problem,
    PublishedPort,
    Registry,
    Rollout,
    Rotation,
    Service,
    ServiceId,
    ServiceKind,
    ServiceState,
    Snapshot,
    Step,
    StepRecord,
    StepState,
    Strategy,
    TemplateUse,
    Trigger,
    Upload,
    Variable,
)
from tests.gui.recorded import snapshots
from tests.gui.recorded.series import GIGABYTE, MEGABYTE, service_load
from tests.gui.recorded.snapshots import NOW, deployment, service

POSTGRES = TemplateUse(
    "postgres",
    "PostgreSQL",
    "16",
    "postgres",
    (
        Output(
            "url",
            "postgresql://${POSTGRES_USER|url}:${POSTGRES_PASSWORD|url}@${host}:${port}/${POSTGRES_DB|url}",
            5432,
            variable="DATABASE_URL",
        ),
        Output("password", "${POSTGRES_PASSWORD}", variable="PGPASSWORD"),
        Output(
            "public-url",
            "postgresql://${POSTGRES_USER|url}:${POSTGRES_PASSWORD|url}@${public_host}:${public_port}/${POSTGRES_DB|url}",
            5432,
            is_public=True,
        ),
    ),
    Rotation("POSTGRES_PASSWORD", ("psql", "-U", "app"), "alter role app password '${new|sql}'"),
)
VALKEY = TemplateUse(
    "valkey", "Valkey", "8", "valkey", (Output("url", "redis://:${PASSWORD|url}@${host}:${port}/0", 6379),)
)


def database(name: str, use: TemplateUse, image: str, volume: str, target: str, **changes) -> Service:
    made = service(
        "storefront", name, kind=ServiceKind.DATABASE, source=ImageSource(image), port=None, deploy_key="",
        template=use, **changes,
    )  # fmt: skip
    settings = replace(
        made.settings,
        health=HealthCheck(command=("pg_isready", "-U", "app")),
        limits=Limits(1 * GIGABYTE, 1.0),
        rollout=Rollout(strategy=Strategy.RECREATE, stop_grace_s=60),
        mounts=(Mount(volume, target),),
    )
    return replace(made, settings=settings)


DB = database("db", POSTGRES, "postgres:16", "data", "/var/lib/postgresql/data", release=3)
PUBLIC_DB = replace(DB, settings=replace(DB.settings, published=(PublishedPort(5432, 15432),)))
QUEUE = database(
    "queue", VALKEY, "valkey/valkey:8", "data", "/data", release=1,
    state=ServiceState.UNHEALTHY, state_detail="valkey-cli ping ended with 1: NOAUTH Authentication required",
)  # fmt: skip
SITE = replace(
    service(
        "storefront", "landing", host="landing.example.com", release=5, deploy_key="",
        source=FolderSource("/home/kim/sites/landing", "studio"),
    )
)  # fmt: skip
SITE = replace(SITE, settings=replace(SITE.settings, builder=NixpacksBuilder()))
DEPENDENTS: dict[ServiceId, tuple[str, ...]] = {DB.id: ("api", "worker")}

PLAN = BuildPlan(
    "nixpacks",
    "package.json is at the root and there is no Dockerfile",
    "setup    nodejs_22, npm-9_x\n"
    "install  npm ci\n"
    "build    npm run build\n"
    "start    npm run start\n\n"
    "variables at build: NODE_ENV, PUBLIC_URL\n"
    "secrets at build:   NPM_TOKEN",
)
UPLOADS = (
    Upload("u-7", "landing", 41 * MEGABYTE, NOW - timedelta(hours=3)),
    Upload("u-6", "landing", 40 * MEGABYTE, NOW - timedelta(days=2)),
)
REGISTRIES = (
    Registry("r-1", "docker.io", "storefront", NOW - timedelta(hours=5)),
    Registry("r-2", "registry.example.com:5000", "deploy", None),
)
CLEANUP = Cleanup(
    (
        CleanupItem("image", "godploy/s-storefront-web:6", 412 * MEGABYTE, NOW - timedelta(days=21),
                    "release 6 of web is older than the 5 that are kept"),
        CleanupItem("image", "godploy/s-storefront-api:24", 388 * MEGABYTE, NOW - timedelta(days=30),
                    "release 24 of api is older than the 5 that are kept"),
        CleanupItem("build cache", "BuildKit", 2 * GIGABYTE, NOW - timedelta(days=16),
                    "no build used it for 14 days"),
        CleanupItem("upload", "landing, u-1", 39 * MEGABYTE, NOW - timedelta(days=40),
                    "5 newer uploads of landing are kept"),
        CleanupItem("git cache", "storefront/old-shop", 118 * MEGABYTE, NOW - timedelta(days=60),
                    "its service was deleted"),
    ),
    412 * MEGABYTE + 388 * MEGABYTE + 2 * GIGABYTE + 39 * MEGABYTE + 118 * MEGABYTE,
)  # fmt: skip

VARIABLES = (
    Variable("DATABASE_URL", None, is_secret=True, reference="db.url"),
    Variable("LOG_LEVEL", "info"),
    Variable("NPM_TOKEN", None, is_secret=True, at_build=True, at_run=False),
    Variable("PUBLIC_URL", "https://storefront.example.com", at_build=True),
    Variable("SESSION_KEY", None, is_secret=True),
)


def connections(of: Service, reveal: bool) -> tuple[Connection, ...]:
    """The outputs of a recorded database: passwords as dots unless they are asked for."""
    word = "v7Qm2xK9tR4w" if reveal else "••••••••"
    found = []
    for output in of.template.outputs if of.template else ():
        if output.is_public and not of.settings.published:
            problem = Problem(
                "not-ready", f"“{output.name}” has no value", "port 5432 is not published", "Publish the port"
            )
            found.append(Connection(output.name, "", True, problem))
        elif output.is_public:
            found.append(Connection(output.name, f"postgresql://app:{word}@198.51.100.24:15432/app", True))
        elif output.name == "password":
            found.append(Connection(output.name, word, False))
        else:
            scheme, port = ("postgresql://app", 5432) if of.template.name == "postgres" else ("redis://", 6379)
            found.append(Connection(output.name, f"{scheme}:{word}@{of.name}:{port}/app", False))
    return tuple(found)


DB_DEPLOYED = deployment(
    DB, 3, 5200, "", "", release=3,
    steps=(
        *deployment(DB, 3, 5200, "", "").steps[:3],
        StepRecord(Step.START, StepState.DONE, NOW - timedelta(minutes=5199), NOW - timedelta(minutes=5198), "db-r3-1"),
    ),
)  # fmt: skip
SITE_QUEUED = deployment(
    SITE, 6, 0.4, "", "", state=DeploymentState.QUEUED, started_at=None, ended_at=None, steps=(), release=None,
    queue_position=1, asked_by="studio", upload="u-7",
)  # fmt: skip
SITE_5 = deployment(SITE, 5, 180, "", "", release=5, upload="u-6", plan=PLAN, asked_by="studio")
API_SUPERSEDED = deployment(
    snapshots.API, 28, 300, "Round totals", "aa10b3c", state=DeploymentState.SUPERSEDED, started_at=None, release=None,
    steps=(), superseded_by=29, branch="main", asked_by="push to main",
    trigger=Trigger.PUSH,
)  # fmt: skip
API_PLANNED = replace(snapshots.API_RUNNING, plan=PLAN, branch="main")


def server_with_databases(of: Service = DB) -> Snapshot:
    """fra-1 with two databases and a service built from a folder beside what `first_server` has."""
    base = snapshots.first_server()
    deployments = tuple(
        API_PLANNED if each.id == API_PLANNED.id else replace(each, branch="main") for each in base.deployments
    )
    return replace(
        base,
        services=(*base.services, of, QUEUE, SITE),
        deployments=(*deployments, DB_DEPLOYED, SITE_QUEUED, SITE_5, API_SUPERSEDED),
        service_metrics=base.service_metrics
        + service_load(DB.id, 41, NOW, 0.21, 420)
        + service_load(SITE.id, 47, NOW, 0.02, 31),
    )
