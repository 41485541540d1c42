"""The agent's API as typed coroutines and streams. See godploy_server.contract.api for the verbs behind them."""

from __future__ import annotations

import asyncio
import json
import typing
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from urllib.parse import quote

from godploy_desktop.remote.agent_calls import AgentCalls, decoded, stream_over
from godploy_desktop.remote.agent_lines import LogLines
from godploy_server import contract
from godploy_server.contract import (
    AgentInfo,
    AgentSettings,
    Deployment,
    DeploymentId,
    Domain,
    DomainId,
    Event,
    LogLine,
    Project,
    ProjectId,
    Release,
    RemovalPreview,
    ServerMetrics,
    Service,
    ServiceId,
    ServiceMetrics,
    Variable,
    from_json,
    to_json,
)

CONTAINER_CALL_TIMEOUT_S: Final = 180.0
"""For calls that stop containers, which Docker gives time to end by themselves."""
PLAN_TIMEOUT_S: Final = 300.0
"""For a call that fetches a source first, or looks at everything that was sent."""
LOOK_TIMEOUT_S: Final = 60.0
"""For a call that asks a git host something."""
CLEANUP_TIMEOUT_S: Final = 1800.0
"""For a call that asks Docker what everything takes, or removes it: minutes on a large disk."""
FILES_AT_ONCE: Final = 500
"""How many files of an upload are put into JSON before others get their turn."""


class AgentClient(AgentCalls):
    """Calls one agent. `open_socket` gives a new socket to it; `actor` is who asks, as its history shows it.
    `open_bulk` gives one for many bytes, behind which nothing else waits.

    Calls share a few kept connections; each stream has its own, which closes at once when the stream is closed or its
    task cancelled. Raises what the agent answers, or Unreachable.
    """

    # the agent itself

    async def info(self) -> AgentInfo:
        """Which agent it is, and what it found."""
        return await self._call(AgentInfo, "GET", "/v1/info")

    async def events(self) -> AsyncGenerator[Event]:
        """Give a Snapshot of everything, then every change, until closed. Raises Unreachable when the stream ends."""
        async with aclosing(self._lines("/v1/events")) as batches:
            async for lines in batches:
                for line in lines:
                    yield typing.cast(Event, decoded(Event, json.loads(line)))
        raise stream_over("/v1/events")

    async def settings(self) -> AgentSettings:
        """The server's settings."""
        return await self._call(AgentSettings, "GET", "/v1/settings")

    async def change_settings(self, change: contract.ChangeSettings) -> AgentSettings:
        """Replace the settings that are named."""
        return await self._call(AgentSettings, "PATCH", "/v1/settings", change)

    async def shutdown(self, *, removes_proxy: bool = False) -> contract.Leftovers:
        """End an embedded agent; running deployments go on. With `removes_proxy` gives back what stays in Docker."""
        asked = contract.ShutDown(removes_proxy)
        return await self._call(contract.Leftovers, "POST", "/v1/shutdown", asked, CONTAINER_CALL_TIMEOUT_S)

    # projects

    async def projects(self) -> tuple[Project, ...]:
        """All projects of the server."""
        return await self._call(tuple[Project, ...], "GET", "/v1/projects")

    async def create_project(self, create: contract.CreateProject) -> Project:
        """Make a project and its network."""
        return await self._call(Project, "POST", "/v1/projects", create)

    async def preview_project_removal(self, project: ProjectId) -> RemovalPreview:
        """What deleting it would take along."""
        return await self._call(RemovalPreview, "GET", f"/v1/projects/{_part(project)}/removal")

    async def delete_project(self, project: ProjectId) -> RemovalPreview:
        """Delete it with all its services; gives back what went."""
        path = f"/v1/projects/{_part(project)}"
        return await self._call(RemovalPreview, "DELETE", path, timeout_s=CONTAINER_CALL_TIMEOUT_S)

    # services

    async def services(self, project_id: ProjectId | None = None) -> tuple[Service, ...]:
        """All services, or those of one project."""
        query = f"?project={_part(project_id)}" if project_id else ""
        return await self._call(tuple[Service, ...], "GET", f"/v1/services{query}")

    async def service(self, service: ServiceId) -> Service:
        """One service as it is now."""
        return await self._call(Service, "GET", _service(service))

    async def create_service(self, create: contract.CreateService) -> Service:
        """Make a service; it is not deployed yet."""
        return await self._call(Service, "POST", "/v1/services", create)

    async def change_service(self, service: ServiceId, change: contract.ChangeService) -> Service:
        """Change its settings or its name."""
        return await self._call(Service, "PATCH", _service(service), change)

    async def preview_service_removal(self, service: ServiceId) -> RemovalPreview:
        """What deleting it would take along."""
        return await self._call(RemovalPreview, "GET", f"{_service(service)}/removal")

    async def delete_service(self, service: ServiceId) -> RemovalPreview:
        """Delete it; gives back what went."""
        return await self._call(RemovalPreview, "DELETE", _service(service), timeout_s=CONTAINER_CALL_TIMEOUT_S)

    async def start_service(self, service: ServiceId) -> Service:
        """Start the containers of the release that serves."""
        return await self._power(service, "start")

    async def stop_service(self, service: ServiceId) -> Service:
        """Stop its containers."""
        return await self._power(service, "stop")

    async def restart_service(self, service: ServiceId) -> Service:
        """Restart its containers."""
        return await self._power(service, "restart")

    async def variables(self, service: ServiceId) -> tuple[Variable, ...]:
        """Its variables; a secret's value is None."""
        return await self._call(tuple[Variable, ...], "GET", f"{_service(service)}/variables")

    async def set_variables(self, service: ServiceId, change: contract.SetVariables) -> tuple[Variable, ...]:
        """Add, replace and remove variables; gives back all of them."""
        return await self._call(tuple[Variable, ...], "PATCH", f"{_service(service)}/variables", change)

    # domains

    async def add_domain(self, service: ServiceId, add: contract.AddDomain) -> Domain:
        """Route a host name to the service."""
        return await self._call(Domain, "POST", f"{_service(service)}/domains", add)

    async def delete_domain(self, domain: DomainId) -> Domain:
        """Stop routing it; gives back what it was."""
        return await self._call(Domain, "DELETE", f"/v1/domains/{_part(domain)}")

    async def check_domain(self, domain: DomainId) -> Domain:
        """Look at its DNS and certificate again."""
        return await self._call(Domain, "POST", f"/v1/domains/{_part(domain)}/check")

    # deployments and releases

    async def queue(self) -> tuple[Deployment, ...]:
        """What runs now and what waits, in order."""
        return await self._call(tuple[Deployment, ...], "GET", "/v1/queue")

    async def deployments(self, service: ServiceId, before: int | None = None) -> tuple[Deployment, ...]:
        """The newest 50 (with numbers below `before`), newest first."""
        query = f"?before={before}" if before is not None else ""
        return await self._call(tuple[Deployment, ...], "GET", f"{_service(service)}/deployments{query}")

    async def deployment(self, deployment: DeploymentId) -> Deployment:
        """One deployment as it is now."""
        return await self._call(Deployment, "GET", _deployment(deployment))

    async def deploy(self, service: ServiceId, deploy: contract.Deploy) -> Deployment:
        """Ask for a deployment; gives it back queued."""
        return await self._call(Deployment, "POST", f"{_service(service)}/deployments", deploy)

    async def cancel_deployment(self, deployment: DeploymentId) -> Deployment:
        """Ask for its end; it may still be cancelling when this returns."""
        return await self._call(Deployment, "POST", f"{_deployment(deployment)}/cancel")

    async def deployment_log(
        self, deployment: DeploymentId, offset: int = 0, follow: bool = True
    ) -> AsyncGenerator[bytes]:
        """Give the log's bytes from `offset` on; with `follow` until the deployment ends."""
        path = f"{_deployment(deployment)}/log?offset={offset}&follow={int(follow)}"
        async with aclosing(self._stream(path)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def releases(self, service: ServiceId) -> tuple[Release, ...]:
        """Its releases, newest first."""
        return await self._call(tuple[Release, ...], "GET", f"{_service(service)}/releases")

    async def roll_back(self, service: ServiceId, roll_back: contract.RollBack) -> Deployment:
        """Ask for a rollback to an earlier release."""
        return await self._call(Deployment, "POST", f"{_service(service)}/rollback", roll_back)

    async def plan(self, service: ServiceId) -> contract.BuildPlan:
        """How its newest source would be built: fetches and looks, builds nothing."""
        return await self._call(contract.BuildPlan, "POST", f"{_service(service)}/plan", timeout_s=PLAN_TIMEOUT_S)

    async def detect_builder(self, known: contract.DetectBuilder) -> contract.Detection:
        """What *auto* would choose for a folder, and why."""
        return await self._call(contract.Detection, "POST", "/v1/builder/detect", known)

    async def look_at_repository(self, asked: contract.LookAtRepository) -> contract.RepositoryLook:
        """Look into a repository that no service has yet. Cancelling ends the fetching at the server."""
        return await self._call(contract.RepositoryLook, "POST", "/v1/repositories/look", asked, PLAN_TIMEOUT_S)

    # uploads

    async def uploads(self, service: ServiceId) -> tuple[contract.Upload, ...]:
        """The newest 5 uploads, newest first."""
        return await self._call(tuple[contract.Upload, ...], "GET", f"{_service(service)}/uploads")

    async def prepare_upload(self, service: ServiceId, prepare: contract.PrepareUpload) -> contract.Upload:
        """Announce the files of a folder; gives back which contents the server lacks."""
        return await self._send("POST", f"{_service(service)}/uploads", _in_pieces(prepare), None)

    async def send_contents(self, service: ServiceId, upload: str, frames: AsyncGenerator[bytes]) -> contract.Upload:
        """Send contents that an upload misses, as frames; gives it back with what it still misses. Raises what
        `frames` raises; what the agent took until then stays."""
        path = f"{_service(service)}/uploads/{_part(upload)}/contents"
        return await self._send("PUT", path, frames, None)

    async def send_archive(
        self, service: ServiceId, name: str, size_bytes: int, content: AsyncGenerator[bytes]
    ) -> contract.Upload:
        """Send an archive of `size_bytes`."""
        return await self._send("PUT", f"{_service(service)}/archive?name={_part(name)}", content, size_bytes)

    # what was made from a template

    async def connections(self, service: ServiceId, *, reveal: bool = False) -> tuple[contract.Connection, ...]:
        """Its outputs with their values; passwords only with `reveal`, which the audit remembers."""
        return await self._call(
            tuple[contract.Connection, ...], "GET", f"{_service(service)}/connections?reveal={int(reveal)}"
        )

    async def rotate(self, service: ServiceId, rotate: contract.RotatePassword) -> contract.Rotated:
        """Change its password, and deploy what refers to it again."""
        path = f"{_service(service)}/rotate"
        return await self._call(contract.Rotated, "POST", path, rotate, CONTAINER_CALL_TIMEOUT_S)

    # deploying on push

    async def hook(self, service: ServiceId) -> contract.Hook:
        """How it deploys on push. Raises NotFound if it does not."""
        return await self._call(contract.Hook, "GET", f"{_service(service)}/hook")

    async def set_hook(self, service: ServiceId, wanted: contract.SetHook) -> contract.Hook:
        """Make its webhook, or change what is named of it."""
        return await self._call(contract.Hook, "POST", f"{_service(service)}/hook", wanted)

    async def delete_hook(self, service: ServiceId) -> contract.Hook:
        """Deploy on push no more; gives back what it was."""
        return await self._call(contract.Hook, "DELETE", f"{_service(service)}/hook")

    async def hook_secret(self, service: ServiceId) -> contract.HookSecret:
        """What is given to the git host; the audit remembers that it was asked for."""
        return await self._call(contract.HookSecret, "POST", f"{_service(service)}/hook/secret")

    async def shared_hooks(self) -> tuple[contract.SharedHook, ...]:
        """The server's own hooks: those of apps at git hosts."""
        return await self._call(tuple[contract.SharedHook, ...], "GET", "/v1/hooks")

    async def set_shared_hook(self, wanted: contract.SetSharedHook) -> contract.SharedHook:
        """Make a hook of an app, or give the one it has another path and secret."""
        return await self._call(contract.SharedHook, "POST", "/v1/hooks", wanted)

    async def delete_shared_hook(self, hook: str) -> contract.SharedHook:
        """Forget a hook of an app; gives back what it was, with the services that deployed through it."""
        return await self._call(contract.SharedHook, "DELETE", f"/v1/hooks/{_part(hook)}")

    async def deliveries(self, service: ServiceId) -> tuple[contract.Delivery, ...]:
        """The newest 50 deliveries, newest first."""
        return await self._call(tuple[contract.Delivery, ...], "GET", f"{_service(service)}/deliveries")

    async def redeliver(self, delivery: str) -> contract.Delivery:
        """Decide about a delivery anew, as if it came now."""
        return await self._call(contract.Delivery, "POST", f"/v1/deliveries/{_part(delivery)}/redeliver")

    # telling git hosts the states of commits

    async def status_writer(self, service: ServiceId) -> contract.StatusWriter:
        """How the server tells the states of its commits. Raises NotFound if it does not."""
        return await self._call(contract.StatusWriter, "GET", f"{_service(service)}/commit-status")

    async def set_status_writer(self, service: ServiceId, wanted: contract.SetStatusWriter) -> contract.StatusWriter:
        """Store a token that the server tells states with, or change where it goes."""
        return await self._call(contract.StatusWriter, "POST", f"{_service(service)}/commit-status", wanted)

    async def delete_status_writer(self, service: ServiceId) -> contract.StatusWriter:
        """Forget that token; gives back what it was for."""
        return await self._call(contract.StatusWriter, "DELETE", f"{_service(service)}/commit-status")

    async def test_status_writer(self, service: ServiceId) -> contract.StatusWriter:
        """Tell the newest state again. Raises what the git host says, or Conflict if there is none."""
        path = f"{_service(service)}/commit-status/test"
        return await self._call(contract.StatusWriter, "POST", path, timeout_s=LOOK_TIMEOUT_S)

    # reaching git hosts

    async def git_host_keys(self) -> tuple[contract.TrustedHostKey, ...]:
        """The git hosts' keys that are accepted: shipped ones, and those that a person confirmed."""
        return await self._call(tuple[contract.TrustedHostKey, ...], "GET", "/v1/git/host-keys")

    async def scan_git_host(self, address: str) -> contract.GitHostScan:
        """What a git host shows now. Raises Unreachable if it shows no host key."""
        path = "/v1/git/host-keys/scan"
        return await self._call(contract.GitHostScan, "POST", path, contract.ScanGitHost(address), LOOK_TIMEOUT_S)

    async def trust_git_host(self, address: str, key: str) -> contract.TrustedHostKey:
        """Accept a git host's key from now on. Raises Conflict where another one was confirmed."""
        wanted = contract.TrustHostKey(address, key)
        return await self._call(contract.TrustedHostKey, "POST", "/v1/git/host-keys", wanted)

    async def forget_git_host(self, key: str) -> contract.TrustedHostKey:
        """Accept a confirmed key no more; gives back what it was."""
        return await self._call(contract.TrustedHostKey, "DELETE", f"/v1/git/host-keys/{_part(key)}")

    async def check_source(self, service: ServiceId) -> contract.SourceCheck:
        """Ask the git host for the service's source with its deploy key. Raises what a deployment's fetch would."""
        path = f"{_service(service)}/source/check"
        return await self._call(contract.SourceCheck, "POST", path, timeout_s=LOOK_TIMEOUT_S)

    # registries and cleaning up

    async def registries(self) -> tuple[contract.Registry, ...]:
        """The registries that the server logs in at."""
        return await self._call(tuple[contract.Registry, ...], "GET", "/v1/registries")

    async def set_registry(self, login: contract.SetRegistry) -> contract.Registry:
        """Log in at a registry and keep the login. Raises NotAllowed if the registry refuses it."""
        return await self._call(contract.Registry, "POST", "/v1/registries", login, CONTAINER_CALL_TIMEOUT_S)

    async def delete_registry(self, registry: str) -> contract.Registry:
        """Forget a login; gives back what it was."""
        return await self._call(contract.Registry, "DELETE", f"/v1/registries/{_part(registry)}")

    async def check_registry(self, registry: str) -> contract.Registry:
        """Log in again, to see whether it still works."""
        path = f"/v1/registries/{_part(registry)}/check"
        return await self._call(contract.Registry, "POST", path, timeout_s=CONTAINER_CALL_TIMEOUT_S)

    async def preview_cleanup(self) -> contract.Cleanup:
        """What the server could do without."""
        return await self._call(contract.Cleanup, "GET", "/v1/cleanup", timeout_s=CLEANUP_TIMEOUT_S)

    async def clean_up(self) -> contract.Cleanup:
        """Remove it; gives back what went."""
        return await self._call(contract.Cleanup, "POST", "/v1/cleanup", timeout_s=CLEANUP_TIMEOUT_S)

    # watching

    async def logs(self, service: ServiceId, tail: int = 200, follow: bool = True) -> AsyncGenerator[LogLine]:
        """Give the last `tail` lines of its containers, then, with `follow`, each new one."""
        async with aclosing(self.log_batches(service, tail, follow)) as batches:
            async for batch in batches:
                for line in batch:
                    yield line

    async def log_batches(
        self, service: ServiceId, tail: int = 200, follow: bool = True
    ) -> AsyncGenerator[list[LogLine]]:
        """As `logs`, but all lines that came at once in one list: for views that draw many lines a second."""
        decode = LogLines()
        async with aclosing(self._lines(f"{_service(service)}/logs?tail={tail}&follow={int(follow)}")) as batches:
            async for lines in batches:
                yield [decode(line) for line in lines]

    async def service_metrics(self, service: ServiceId, follow: bool = True) -> AsyncGenerator[ServiceMetrics]:
        """Give the remembered hour, then, with `follow`, a sample every 2 s."""
        async with aclosing(self._lines(f"{_service(service)}/metrics?follow={int(follow)}")) as batches:
            async for lines in batches:
                for line in lines:
                    yield from_json(ServiceMetrics, json.loads(line))

    async def metrics(self, follow: bool = True) -> AsyncGenerator[ServerMetrics]:
        """Give the server's remembered hour, then, with `follow`, a sample every 2 s."""
        async with aclosing(self._lines(f"/v1/metrics?follow={int(follow)}")) as batches:
            async for lines in batches:
                for line in lines:
                    yield from_json(ServerMetrics, json.loads(line))

    async def _power(self, service: ServiceId, verb: str) -> Service:
        return await self._call(Service, "POST", f"{_service(service)}/{verb}", timeout_s=CONTAINER_CALL_TIMEOUT_S)


async def _in_pieces(prepare: contract.PrepareUpload) -> AsyncGenerator[bytes]:
    """The JSON of a list that may be very long, without holding the loop."""
    yield b'{"name":' + json.dumps(prepare.name).encode() + b',"files":['
    for begin in range(0, len(prepare.files), FILES_AT_ONCE):
        files = json.dumps(to_json(prepare.files[begin : begin + FILES_AT_ONCE]), separators=(",", ":"))
        yield (b"," if begin else b"") + files[1:-1].encode()
        await asyncio.sleep(0)
    yield b"]}"


def _part(value: str) -> str:
    return quote(value, safe="")


def _service(service: ServiceId) -> str:
    return f"/v1/services/{_part(service)}"


def _deployment(deployment: DeploymentId) -> str:
    return f"/v1/deployments/{_part(deployment)}"
