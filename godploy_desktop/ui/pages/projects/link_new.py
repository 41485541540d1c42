"""What follows for a service from a repository of an account: key and webhook at the host, the first deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git import linking
from godploy_desktop.core.tasks import Progress, Task
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.projects.deploy_key import DeployKeyDialog, deploy_at_once
from godploy_server.contract import Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.ui.pages.git.choose_repository import Chosen


def link_new(
    context: Context, window: QWidget, server: Server, service: Service, chosen: Chosen, *, deploys: bool
) -> Task[linking.Link]:
    """Link a service that was just made, and deploy it where that is wanted. Where linking fails, the deploy key is
    shown for doing it by hand."""

    async def work(progress: Progress) -> linking.Link:
        host = context.workspace.git.host(chosen.account)
        try:
            return await linking.link(server, service, host, chosen.repository, progress)
        finally:
            await host.close()

    def ended(task: Task[linking.Link]) -> None:
        if task.is_running:
            return
        if task.error is None:
            context.shell.notify(f"{chosen.repository.full_name} deploys on push now")
            if deploys:
                deploy_at_once(context, server, service)
            return
        dialog = DeployKeyDialog(context, window, server, service)
        dialog.open()
        dialog.show_problem(task.error.problem)

    task = context.workspace.tasks.run(f"Link {service.name} to {chosen.repository.full_name}", work, service.id)
    task.changed.connect(ended)
    return task
