"""Turning a server into one of ours and back, as the work of a task: the step list that a person watches."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress, TaskStep, TaskStepState
from godploy_desktop.remote.bootstrap_steps import BootstrapState, BootstrapStep
from godploy_server.contract import AgentInfo, Conflict, InfoChanged, NotReady, Unreachable

AGENT_START_S: Final = 60.0
"""How long the agent may take to answer after its start; a cold disk loads Python in 5 s."""

_STATES: Final = {
    BootstrapState.WAITING: TaskStepState.WAITING,
    BootstrapState.CHECKING: TaskStepState.RUNNING,
    BootstrapState.ACTING: TaskStepState.RUNNING,
    BootstrapState.SKIPPED: TaskStepState.SKIPPED,
    BootstrapState.PLANNED: TaskStepState.SKIPPED,
    BootstrapState.DONE: TaskStepState.DONE,
    BootstrapState.FAILED: TaskStepState.FAILED,
}


async def bootstrap(
    server: Server, progress: Progress, *, allow_docker_restart: bool = False, dry_run: bool = False
) -> AgentInfo | None:
    """Install or upgrade the server side; gives back what its agent says, None after a dry run.

    Running it again resumes. Raises BootstrapFailed, NeedsAdministrator, Unreachable, or Conflict when the server
    runs a newer Godploy than this desktop.
    """
    from godploy_desktop.remote.bootstrap import BundleDecision, InstallOptions, decide, install, installed_bundle
    from godploy_desktop.remote.bundle import build_bundle

    _refuse_this_computer(server)
    progress.begin("connect", "Connect to the server", server.profile.address)
    await server.connect()
    progress.begin("bundle", "Pack the server side")
    bundle = await asyncio.to_thread(build_bundle)
    installed = await installed_bundle(server.connection)
    if installed is not None and decide(installed, bundle) is BundleDecision.SERVER_IS_NEWER:
        raise Conflict(
            f"{server.name} runs a newer Godploy",
            f"it has {installed.version}, this desktop would install {bundle.version}",
            "Update Godploy on this computer",
        )
    progress.end("bundle", detail=f"version {bundle.version}")
    async with aclosing(install(server.connection, bundle, InstallOptions(allow_docker_restart, dry_run))) as steps:
        async for step in steps:
            progress.put(_shown(step, progress))
    if dry_run:
        return None
    progress.begin("agent", "Speak to the agent")
    info = await _first_answer(server)
    server.model.apply(InfoChanged(info))
    if info.docker_problem is not None:
        progress.end("agent", detail=f"version {info.version}; {info.docker_problem.what}")
    else:
        progress.end("agent", detail=f"version {info.version}, Docker {info.docker_version}")
    return info


async def uninstall(
    server: Server, progress: Progress, *, purge: bool = False, packages: bool = False, dry_run: bool = False
) -> None:
    """Remove what `bootstrap` brought. `purge` takes the data too, `packages` what it installed from the
    distribution. Containers that Godploy did not make are never touched."""
    from godploy_desktop.remote.bootstrap import UninstallOptions
    from godploy_desktop.remote.bootstrap import uninstall as remove

    _refuse_this_computer(server)
    progress.begin("connect", "Connect to the server", server.profile.address)
    await server.connect()
    progress.end("connect")
    async with aclosing(remove(server.connection, UninstallOptions(purge, packages, dry_run))) as steps:
        async for step in steps:
            progress.put(_shown(step, progress))


async def _first_answer(server: Server) -> AgentInfo:
    """Wait for the agent. An account that was just put into the agent's group has it in its next login only."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + AGENT_START_S
    may_reconnect = True
    while True:
        try:
            return await server.agent.info()
        except (Unreachable, NotReady):
            if loop.time() > deadline:
                raise
        if may_reconnect:
            may_reconnect = False
            await server.reconnect()
        await asyncio.sleep(0.5)


def _shown(step: BootstrapStep, progress: Progress) -> TaskStep:
    """The task's step for a report, keeping the times that were taken before."""
    now = datetime.now(UTC)
    key = f"server.{step.step}"
    before = next((each for each in progress.steps if each.key == key), None)
    started = before.started_at if before else None
    if step.state is not BootstrapState.WAITING and started is None:
        started = now
    detail = step.detail if step.problem is None else f"{step.problem.what}: {step.problem.why}"
    return TaskStep(key, step.title, _STATES[step.state], detail, started, now if step.state.is_final else None)


def _refuse_this_computer(server: Server) -> None:
    if server.is_embedded:
        raise Conflict(
            "This computer needs no bootstrap",
            "its agent runs as a child of the application and installs nothing",
            "Start the application, or remove this computer from the list",
        )
