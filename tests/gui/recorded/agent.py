"""An agent that answers from a recorded snapshot and writes down what it was asked to do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from godploy_server.contract import (
    BuildPlan,
    CertificateState,
    Cleanup,
    Connection,
    Delivery,
    DeploymentId,
    DeploymentState,
    Detection,
    DockerfileBuilder,
    Domain,
    DomainId,
    Event,
    GitHostScan,
    GodployError,
    Hook,
    HookSecret,
    HostKey,
    LogLine,
    LookAtRepository,
    NotAllowed,
    NotFound,
    Project,
    ProjectId,
    Registry,
    Release,
    RemovalPreview,
    RepositoryLook,
    Rotated,
    Service,
    ServiceState,
    Snapshot,
    SourceCheck,
    TrustedHostKey,
    Upload,
    Variable,
    git_host,
)
from tests.gui.recorded import databases, host_keys, pushes, snapshots
from tests.gui.recorded.shared_hooks import RecordedSharedHooks
from tests.gui.recorded.writers import RecordedWriters


class RecordedAgent(RecordedWriters, RecordedSharedHooks):
    """`asked` holds (verb, arguments) of everything that changes something. `refuse` makes the next call of a verb
    raise; `hold` makes it wait until the test lets it go."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.asked: list[tuple[object, ...]] = []
        self.refuse: dict[str, GodployError] = {}
        self.hold: dict[str, asyncio.Event] = {}
        self.kept_variables: tuple[Variable, ...] = snapshots.VARIABLES
        self.kept_releases: tuple[Release, ...] = snapshots.RELEASES
        self.kept_registries: tuple[Registry, ...] = databases.REGISTRIES
        self.kept_host_keys: tuple[TrustedHostKey, ...] = host_keys.TRUSTED
        self.shown_host_keys: tuple[HostKey, ...] = host_keys.SHOWN
        self.kept_uploads: tuple[Upload, ...] = databases.UPLOADS
        self.found: Cleanup = databases.CLEANUP
        self.planned: BuildPlan = databases.PLAN
        self.log_lines: tuple[LogLine, ...] = snapshots.LOG_LINES
        self.build_log: bytes = snapshots.BUILD_LOG
        self.made: Service | None = None
        self.repository: RepositoryLook | None = None  # what anyone may read; None: nothing
        self.looked_at: list[LookAtRepository] = []
        self.kept_hook: Hook | None = None
        self.kept_deliveries: tuple[Delivery, ...] = ()
        self.coming: asyncio.Queue[Event] = asyncio.Queue()

    async def events(self) -> AsyncIterator[Event]:
        yield self.snapshot
        while True:
            yield await self.coming.get()

    async def _called(self, verb: str, *arguments: object) -> None:
        if verb in self.hold:
            await self.hold[verb].wait()
        if verb in self.refuse:
            raise self.refuse.pop(verb)
        self.asked.append((verb, *arguments))

    def _service(self, service_id) -> Service:
        return next(each for each in self.snapshot.services if each.id == service_id)

    async def create_project(self, create) -> Project:
        await self._called("create_project", create)
        return Project(ProjectId(f"p-{create.name}"), create.name, "10.210.1.0/26", snapshots.NOW)

    async def delete_project(self, project_id) -> RemovalPreview:
        await self._called("delete_project", project_id)
        return RemovalPreview()

    async def preview_project_removal(self, project_id) -> RemovalPreview:
        services = [each for each in self.snapshot.services if each.project_id == project_id]
        return RemovalPreview(
            containers=tuple(f"godploy-{each.name}-r12-1" for each in services),
            services=tuple(each.name for each in services),
            domains=tuple(domain.host for each in services for domain in each.domains),
            volumes=tuple(name for each in services for name in _volumes_of(each)),
        )

    async def preview_service_removal(self, service_id) -> RemovalPreview:
        service = self._service(service_id)
        return RemovalPreview(
            containers=tuple(f"{service.name}-r12-{index + 1}" for index in range(service.containers_wanted)),
            images=(f"godploy/{service.id}:12", f"godploy/{service.id}:11"),
            services=(service.name,),
            domains=tuple(each.host for each in service.domains),
            volumes=_volumes_of(service),
            dependents=databases.DEPENDENTS.get(service.id, ()),
        )

    async def create_service(self, create) -> Service:
        await self._called("create_service", create)
        self.made = replace(
            snapshots.DRAFT, id=f"s-{create.name}", project_id=create.project_id, name=create.name,
            settings=create.settings, kind=create.kind, deploy_key=snapshots.KEY + create.name,
            template=create.template,
        )  # fmt: skip
        return self.made

    async def service(self, service_id) -> Service:
        if self.made is not None and self.made.id == service_id:
            return self.made
        return self._service(service_id)

    async def change_service(self, service_id, change) -> Service:
        await self._called("change_service", service_id, change)
        service = self._service(service_id)
        return replace(
            service, settings=change.settings or service.settings, name=change.name or service.name,
            template=change.template or service.template, needs_deployment=change.settings is not None,
        )  # fmt: skip

    async def delete_service(self, service_id) -> RemovalPreview:
        await self._called("delete_service", service_id)
        return RemovalPreview()

    async def start_service(self, service_id) -> Service:
        await self._called("start_service", service_id)
        return replace(self._service(service_id), state=ServiceState.STARTING)

    async def stop_service(self, service_id) -> Service:
        await self._called("stop_service", service_id)
        return replace(self._service(service_id), state=ServiceState.STOPPED, containers_running=0)

    async def restart_service(self, service_id) -> Service:
        await self._called("restart_service", service_id)
        return replace(self._service(service_id), state=ServiceState.STARTING)

    async def variables(self, service_id) -> tuple[Variable, ...]:
        if "variables" in self.refuse:
            raise self.refuse.pop("variables")
        return self.kept_variables

    async def set_variables(self, service_id, change) -> tuple[Variable, ...]:
        await self._called("set_variables", service_id, change)
        kept = {each.name: each for each in self.kept_variables if each.name not in change.remove}
        kept |= {
            each.name: replace(each, value=None, is_secret=True) if each.is_secret or each.reference else each
            for each in change.put
        }
        self.kept_variables = tuple(kept[name] for name in sorted(kept))
        return self.kept_variables

    async def add_domain(self, service_id, add) -> Domain:
        await self._called("add_domain", service_id, add)
        return Domain(DomainId("d-new"), service_id, add.host, add.path, add.tls, CertificateState.WAITING_FOR_DNS)

    async def delete_domain(self, domain_id) -> None:
        await self._called("delete_domain", domain_id)

    async def check_domain(self, domain_id) -> Domain:
        await self._called("check_domain", domain_id)
        return next(each for service in self.snapshot.services for each in service.domains if each.id == domain_id)

    async def deployments(self, service_id, before=None):
        return () if before else tuple(each for each in self.snapshot.deployments if each.service_id == service_id)

    async def deployment(self, deployment_id):
        return next(each for each in self.snapshot.deployments if each.id == deployment_id)

    async def deploy(self, service_id, deploy):
        await self._called("deploy", service_id, deploy)
        return replace(
            snapshots.WEB_QUEUED, id=DeploymentId(f"{service_id}-99"), service_id=service_id, number=99,
            commit="", commit_message="",
        )  # fmt: skip

    async def roll_back(self, service_id, roll_back):
        await self._called("roll_back", service_id, roll_back)
        return replace(
            snapshots.WEB_QUEUED, id=DeploymentId(f"{service_id}-99"), service_id=service_id, number=99,
            release=roll_back.release,
        )  # fmt: skip

    async def cancel_deployment(self, deployment_id):
        await self._called("cancel_deployment", deployment_id)
        return replace(await self.deployment(deployment_id), is_cancelling=True, state=DeploymentState.RUNNING)

    async def deployment_log(self, deployment_id, offset=0, follow=True) -> AsyncIterator[bytes]:
        deployment = await self.deployment(deployment_id)
        lines = self.build_log.splitlines(keepends=True)
        shown = {
            DeploymentState.RUNNING: 7, DeploymentState.QUEUED: 0, DeploymentState.FAILED: 12,
            DeploymentState.SUPERSEDED: 0,
        }  # fmt: skip
        yield b"".join(lines[: shown.get(deployment.state, len(lines))])[offset:]
        if follow and not deployment.state.is_final:
            await asyncio.Event().wait()

    async def releases(self, service_id) -> tuple[Release, ...]:
        return self.kept_releases

    async def logs(self, service_id, tail=200, follow=True) -> AsyncIterator[LogLine]:
        for line in self.log_lines:
            yield line
        if follow:
            await asyncio.Event().wait()

    async def log_batches(self, service_id, tail=200, follow=True) -> AsyncIterator[list[LogLine]]:
        yield list(self.log_lines)
        if follow:
            await asyncio.Event().wait()

    async def change_settings(self, change):
        await self._called("change_settings", change)
        given = {name: value for name, value in vars(change).items() if value is not None}
        return replace(self.snapshot.settings, **given)

    async def plan(self, service_id) -> BuildPlan:
        await self._called("plan", service_id)
        return self.planned

    async def detect_builder(self, known) -> Detection:
        if "detect_builder" in self.refuse:
            raise self.refuse.pop("detect_builder")
        if "Dockerfile" not in known.names:
            return Detection(None, "its top has none of: a Dockerfile (dockerfile)")
        reason = "there is a Dockerfile at the top of the source"
        if "Dockerfile" not in known.contents:
            return Detection(DockerfileBuilder(), reason, wants=("Dockerfile",))
        return Detection(DockerfileBuilder(), reason, 3000)

    async def look_at_repository(self, asked) -> RepositoryLook:
        if "look" in self.hold:
            await self.hold["look"].wait()
        if "look" in self.refuse:
            raise self.refuse.pop("look")
        self.looked_at.append(asked)
        if self.repository is None:
            raise NotAllowed("The server may not read it", "the host answered: no", "Sign in at its host")
        return self.repository

    async def uploads(self, service_id) -> tuple[Upload, ...]:
        return self.kept_uploads

    async def prepare_upload(self, service_id, prepare) -> Upload:
        await self._called("prepare_upload", service_id, prepare)
        size = sum(each.size_bytes for each in prepare.files)
        return Upload("u-new", prepare.name, size, snapshots.NOW)

    async def connections(self, service_id, *, reveal=False) -> tuple[Connection, ...]:
        if reveal:
            await self._called("reveal_connections", service_id)
        elif "connections" in self.refuse:
            raise self.refuse.pop("connections")
        return databases.connections(self._service(service_id), reveal)

    async def rotate(self, service_id, rotate) -> Rotated:
        await self._called("rotate", service_id, rotate)
        dependents = databases.DEPENDENTS.get(service_id, ())
        return Rotated(dependents, tuple(f"s-storefront-{each}-99" for each in dependents if rotate.redeploys))

    async def git_host_keys(self) -> tuple[TrustedHostKey, ...]:
        return self.kept_host_keys

    async def scan_git_host(self, address) -> GitHostScan:
        await self._called("scan_git_host", address)
        host = git_host(address)
        offered = tuple(replace(each, host=host) for each in self.shown_host_keys)
        return GitHostScan(host, offered, tuple(each for each in self.kept_host_keys if each.host == host))

    async def trust_git_host(self, address, key) -> TrustedHostKey:
        await self._called("trust_git_host", address, key)
        shown = next(each for each in self.shown_host_keys if f"{each.key_type} {each.key}" == key)
        made = host_keys.confirmed(git_host(address), shown, "ada", snapshots.NOW)
        self.kept_host_keys = (*self.kept_host_keys, made)
        return made

    async def forget_git_host(self, key) -> TrustedHostKey:
        await self._called("forget_git_host", key)
        gone = next(each for each in self.kept_host_keys if each.id == key)
        self.kept_host_keys = tuple(each for each in self.kept_host_keys if each.id != key)
        return gone

    async def check_source(self, service_id) -> SourceCheck:
        await self._called("check_source", service_id)
        return host_keys.CHECK

    async def registries(self) -> tuple[Registry, ...]:
        if "registries" in self.refuse:
            raise self.refuse.pop("registries")
        return self.kept_registries

    async def set_registry(self, login) -> Registry:
        await self._called("set_registry", login)
        made = Registry(f"r-{login.host}", login.host, login.user, snapshots.NOW)
        self.kept_registries = (*(each for each in self.kept_registries if each.host != login.host), made)
        return made

    async def delete_registry(self, registry) -> Registry:
        await self._called("delete_registry", registry)
        gone = next(each for each in self.kept_registries if each.id == registry)
        self.kept_registries = tuple(each for each in self.kept_registries if each.id != registry)
        return gone

    async def check_registry(self, registry) -> Registry:
        await self._called("check_registry", registry)
        found = next(each for each in self.kept_registries if each.id == registry)
        return replace(found, checked_at=snapshots.NOW)

    async def preview_cleanup(self) -> Cleanup:
        if "preview_cleanup" in self.hold:
            await self.hold["preview_cleanup"].wait()
        if "preview_cleanup" in self.refuse:
            raise self.refuse.pop("preview_cleanup")
        return self.found

    async def clean_up(self) -> Cleanup:
        await self._called("clean_up")
        gone, self.found = self.found, Cleanup((), 0)
        return gone

    async def info(self):
        return self.snapshot.info

    async def services(self) -> tuple[Service, ...]:
        return self.snapshot.services

    async def hook(self, service_id) -> Hook:
        if "hook" in self.hold:
            await self.hold["hook"].wait()
        if "hook" in self.refuse:
            raise self.refuse.pop("hook")
        if self.kept_hook is None:
            raise NotFound("There is no hook", "the service does not deploy on push", "Link its repository")
        return self.kept_hook

    async def set_hook(self, service_id, wanted) -> Hook:
        await self._called("set_hook", service_id, wanted)
        self.kept_hook = pushes.changed(self.kept_hook or pushes.hook_of(service_id), wanted)
        return self.kept_hook

    async def delete_hook(self, service_id) -> Hook:
        await self._called("delete_hook", service_id)
        gone, self.kept_hook = await self.hook(service_id), None
        return gone

    async def hook_secret(self, service_id) -> HookSecret:
        await self._called("hook_secret", service_id)
        return HookSecret((await self.hook(service_id)).path, pushes.SECRET)

    async def deliveries(self, service_id) -> tuple[Delivery, ...]:
        return self.kept_deliveries

    async def redeliver(self, delivery) -> Delivery:
        await self._called("redeliver", delivery)
        found = next(each for each in self.kept_deliveries if each.id == delivery)
        again = replace(found, id=f"{delivery}-again", is_redelivery=True, received_at=snapshots.NOW)
        self.kept_deliveries = (again, *self.kept_deliveries)
        return again


def _volumes_of(service: Service) -> tuple[str, ...]:
    return tuple(f"godploy-storefront-{service.name}-{mount.source}" for mount in service.settings.mounts)
