"""What every command starts from: the workspace, the server and the service that are meant, the output."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from godploy_desktop.commands.output import Output
from godploy_desktop.commands.prompts import TerminalQuestions, ask, is_terminal, password_from_stdin
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress, Task, TaskStepState
from godploy_desktop.core.workspace import Workspace
from godploy_server.contract import (
    BadInput,
    Cancelled,
    Deployment,
    GodployError,
    NotFound,
    Project,
    RemovalPreview,
    Service,
    internal_error,
)

T = TypeVar("T")

SERVER_VARIABLE: Final = "GODPLOY_SERVER"
LOG_VARIABLE: Final = "GODPLOY_LOG"


class Context:
    """Given to each command. `options` are its parsed arguments."""

    def __init__(self, options: argparse.Namespace, workspace: Workspace, output: Output, password: str = "") -> None:
        self.options = options
        self.workspace = workspace
        self.output = output
        self.password = password  # from stdin, "" without --password-stdin
        self.project_names: dict[str, str] = {}

    def server_named(self, name: str | None) -> Server:
        """The server of that name; without one GODPLOY_SERVER's, else the only one."""
        name = name or os.environ.get(SERVER_VARIABLE)
        if name:
            return self.workspace.find(name)
        if len(self.workspace.servers) == 1:
            return self.workspace.servers[0]
        if not self.workspace.servers:
            raise NotFound("There is no server yet", "the list is empty", "Add one: godploy server add USER@HOST")
        names = ", ".join(each.name for each in self.workspace.servers)
        raise BadInput(
            "It is not clear which server is meant", f"there are {names}", "Say --server NAME, or set GODPLOY_SERVER"
        )

    async def server(self) -> Server:
        """The server that is meant, connected."""
        server = self.server_named(getattr(self.options, "server", None))
        await server.connect()
        return server

    async def service(self, server: Server, name: str | None = None) -> Service:
        """The service named PROJECT/SERVICE (or SERVICE, if only one project has it) by the command line."""
        wanted = name or self.options.service
        projects = {each.id: each.name for each in await server.agent.projects()}
        services = await server.agent.services()
        found = find_service(wanted, {f"{projects.get(each.project_id, '?')}/{each.name}": each for each in services})
        self.project_names = {str(key): value for key, value in projects.items()}
        return found

    def full_name(self, service: Service) -> str:
        """PROJECT/SERVICE of a service that `service` gave."""
        return f"{self.project_names.get(str(service.project_id), '?')}/{service.name}"

    async def project(self, server: Server, name: str) -> Project:
        """The project of that name; raises NotFound."""
        projects = await server.agent.projects()
        for project in projects:
            if project.name == name:
                return project
        names = ", ".join(each.name for each in projects) or "none yet"
        raise NotFound(f"There is no project “{name}” on {server.name}", f"its projects are: {names}", "Check the name")

    async def run_task(self, title: str, work: Callable[[Progress], Awaitable[T]]) -> T:
        """Run something long as a task and print its steps as they begin and end."""
        task: Task[T] = self.workspace.tasks.run(title, work)
        stop = task.changed.connect(self._show)
        try:
            return await task.wait()
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task.wait(), return_exceptions=True)
            raise
        finally:
            self.output.steps(task.steps)
            stop()

    def _show(self, task: Task[T]) -> None:
        self.output.steps(task.steps)
        running = next((each for each in task.steps if each.state is TaskStepState.RUNNING), None)
        if running is not None and task.progress.fraction is not None:
            self.output.progress(running, task.progress.fraction)

    def confirm(self, what: str, losses: Sequence[str]) -> None:
        """Go on only if a person agrees to what will be lost (or --yes was given); else raise."""
        if self.options.yes:
            return
        for line in (what, *(f"  {loss}" for loss in losses)):
            self.output.note(line)
        if not is_terminal() or self.output.as_json:
            raise BadInput("This needs a confirmation", "nobody can be asked here", "Add --yes to do it without asking")
        if ask("Go on? [y/N] ").lower() not in ("y", "yes"):
            raise Cancelled("Nothing was done", "it was not confirmed", "Run it again to do it")


Run = Callable[[Context], Awaitable[int | None]]
"""A command. None means success."""


async def run_command(run: Run, options: argparse.Namespace) -> int:
    """Open the workspace, run one command, print its problem if it ends with one; gives back the exit code."""
    output = Output(as_json=options.json)
    try:
        _log_to_stderr()
        password = password_from_stdin() if getattr(options, "password_stdin", False) else ""
        async with _workspace(TerminalQuestions(getattr(options, "accept_host_key", ""), password)) as workspace:
            return await run(Context(options, workspace, output, password)) or 0
    except GodployError as error:
        output.problem(error.problem)
        return error.exit_code
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        logging.getLogger(__name__).exception("The command failed unexpectedly")
        output.problem(internal_error("The command", error).problem)
        return 1


def _log_to_stderr() -> None:
    wanted = os.environ.get(LOG_VARIABLE, "CRITICAL").upper()
    levels = logging.getLevelNamesMapping()
    if wanted not in levels:
        names = ", ".join(name.lower() for name in levels if name != "NOTSET")
        raise BadInput(f"“{wanted}” is not a level of logging", f"{LOG_VARIABLE} says so", f"Set it to one of {names}")
    logging.basicConfig(level=wanted, format="%(name)s: %(message)s")


@asynccontextmanager
async def _workspace(questions: TerminalQuestions) -> AsyncGenerator[Workspace]:
    workspace = Workspace(questions=questions)
    await workspace.open()
    try:
        yield workspace
    finally:
        await workspace.close(ends_agent=False)


def find_service(wanted: str, services: dict[str, Service]) -> Service:
    """The service of a full name, or of a short name that only one project has; raises NotFound or BadInput."""
    if wanted in services:
        return services[wanted]
    alike = [name for name in services if name.rpartition("/")[2] == wanted]
    if len(alike) == 1:
        return services[alike[0]]
    if alike:
        raise BadInput(f"“{wanted}” is not clear", f"there are {', '.join(alike)}", "Name it as PROJECT/SERVICE")
    names = ", ".join(sorted(services)) or "none yet"
    raise NotFound(f"There is no service “{wanted}”", f"the services are: {names}", "Check the name")


def losses_of(preview: RemovalPreview) -> list[str]:
    """What a deletion takes, a line each."""
    kinds = (
        ("service", preview.services),
        ("container", preview.containers),
        ("image", preview.images),
        ("volume with its data", preview.volumes),
        ("domain", preview.domains),
        ("the connection of", preview.dependents),
    )
    return [f"{kind} {name}" for kind, names in kinds for name in names]


async def deployment_numbered(server: Server, service: Service, number: int) -> Deployment:
    """The deployment of that number; raises NotFound."""
    for deployment in await server.agent.deployments(service.id, before=number + 1):
        if deployment.number == number:
            return deployment
    raise NotFound(
        f"{service.name} has no deployment {number}", "it never was, or its history is gone", "See: godploy deployments"
    )
