"""Setting a server up (bootstrap) as a task that any page may find and follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from godploy_desktop.core.provision import bootstrap, uninstall
from godploy_desktop.core.tasks import Progress, Task

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.core.workspace import Workspace


def _key(server: Server) -> str:
    return f"set-up/{server.id}"


def begin_set_up(workspace: Workspace, server: Server, *, allow_docker_restart: bool = False) -> Task[None]:
    """Install or upgrade the server side and follow the server from then on."""

    async def work(progress: Progress) -> None:
        await bootstrap(server, progress, allow_docker_restart=allow_docker_restart)
        server.keep_live()

    return workspace.tasks.run(f"Set up {server.name}", work, _key(server))


def begin_uninstall(workspace: Workspace, server: Server, *, purge: bool) -> Task[None]:
    """Remove the server side; with `purge` its data too."""
    return workspace.tasks.run(
        f"Uninstall from {server.name}", lambda progress: uninstall(server, progress, purge=purge), _key(server)
    )


def latest_set_up(workspace: Workspace, server: Server) -> Task[Any] | None:
    """Give back the newest set-up or uninstall of a server in this session, running or ended."""
    found = [each for each in workspace.tasks.all if each.about == _key(server)]
    return found[-1] if found else None
