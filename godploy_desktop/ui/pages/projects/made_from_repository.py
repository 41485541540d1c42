"""What is shown once a service was made of a repository: its deployment, or the key that it still needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.git.from_repository import FromRepository
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.projects.deploy_key import DeployKeyDialog, show_deployment

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


def show_made(context: Context, window: QWidget, server: Server, making: FromRepository) -> None:
    """Go to the service as far as it came."""
    service, repository = making.service, making.wanted.repository
    assert service is not None
    if making.is_linked and repository is not None:
        context.shell.notify(f"{repository.full_name} deploys on push now")
    if making.deployment is not None:
        show_deployment(context, server, service, making.deployment)
        return
    context.shell.go(Route("service", server=server.id, project=service.project_id, service=service.id))
    if not making.is_linked and not making.is_running:
        DeployKeyDialog(context, window, server, service).open()
