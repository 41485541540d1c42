"""An agent that answers from a recorded snapshot and writes down what it was asked to do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from godploy_server.contract import (
    CertificateState,
    DeploymentId,
    DeploymentState,
    Domain,
    DomainId,
    Event,
    GodployError,
    LogLine,
    Project,
    ProjectId,
    Release,
    RemovalPreview,
    Service,
    ServiceState,
    Snapshot,
    Variable,
)
from tests.gui.recorded import snapshots


class RecordedAgent:
    """`asked` holds (verb, arguments) of everything that changes something. `refuse` makes the next call of a verb
    raise; `hold` makes it wait until the test lets it go."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.asked: list[tuple[object, ...]] = []
        self.refuse: dict[str, GodployError] = {}
        self.hold: dict[str, asyncio.Event] = {}
        self.kept_variables: tuple[Variable, ...] = snapshots.VARIABLES
        self.kept_releases: tuple[Release, ...] = snapshots.RELEASES
        self.log_lines: tuple[LogLine, ...] = snapshots.LOG_LINES
        self.build_log: bytes = snapshots.BUILD_LOG
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
        )

    async def preview_service_removal(self, service_id) -> RemovalPreview:
        service = self._service(service_id)
        return RemovalPreview(
            containers=tuple(f"{service.name}-r12-{index + 1}" for index in range(service.containers_wanted)),
            images=(f"godploy/{service.id}:12", f"godploy/{service.id}:11"),
            services=(service.name,),
            domains=tuple(each.host for each in service.domains),
        )

    async def create_service(self, create) -> Service:
        await self._called("create_service", create)
        return replace(
            snapshots.DRAFT, id=f"s-{create.name}", project_id=create.project_id, name=create.name,
            settings=create.settings, kind=create.kind, deploy_key=snapshots.KEY + create.name,
        )  # fmt: skip

    async def change_service(self, service_id, change) -> Service:
        await self._called("change_service", service_id, change)
        service = self._service(service_id)
        return replace(service, settings=change.settings or service.settings, name=change.name or service.name)

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
        kept |= {each.name: replace(each, value=None) if each.is_secret else each for each in change.put}
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
        shown = {DeploymentState.RUNNING: 7, DeploymentState.QUEUED: 0, DeploymentState.FAILED: 12}
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
