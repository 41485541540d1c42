"""From a new service to its first deployment; one from a private repository needs its key first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Progress
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.git.source_check import SourceCheckLine
from godploy_desktop.ui.widgets import CopyField, Label
from godploy_server.contract import Deployment, GitSource, Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class DeployKeyDialog(AskingDialog):
    """Shows the key, and deploys."""

    def __init__(self, context: Context, window: QWidget, server: Server, service: Service) -> None:
        super().__init__(
            context,
            window,
            f"{service.name} is made",
            "It runs nothing until it is deployed.",
            width=560,
            icon="rocket",
        )
        self._server, self._service = server, service
        if service.deploy_key:
            self.body.addWidget(
                Label(
                    "If the repository is private, add this deploy key to it, read-only. The key was made on the "
                    "server; its private half never leaves it.",
                    "md",
                    400,
                    "text2",
                    wrap=True,
                )
            )
            key = CopyField(service.deploy_key, label="Deploy key")
            key.setObjectName("deploy-key")
            self.body.addWidget(key)
            if isinstance(service.settings.source, GitSource):
                check = SourceCheckLine(context, server, service.id, "new")
                self.finished.connect(lambda _: check.dispose())
                self.body.addWidget(check)
        self.add_foot("Deploy", "deploy-new-service", self._deploy, icon="rocket")

    def _deploy(self) -> None:
        service, server = self._service, self._server
        self.submit(
            f"Deploy {service.name}",
            lambda: server.deploy(service.id),
            service.id,
            lambda made: show_deployment(self.context, server, service, made),
        )


def deploy_at_once(context: Context, server: Server, service: Service) -> None:
    """Deploy a service that was just made, and show the deployment."""

    async def work(_progress: Progress) -> Deployment:
        made = await server.deploy(service.id)
        show_deployment(context, server, service, made)
        return made

    context.workspace.tasks.run(f"Deploy {service.name}", work, service.id)


def show_deployment(context: Context, server: Server, service: Service, made: Deployment) -> None:
    """Go to a deployment of a service."""
    context.shell.go(Route("service", server.id, service.project_id, service.id, made.id, "deployments"))
