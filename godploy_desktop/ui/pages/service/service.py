"""The page of one service: what it is and how it is, what can be done with it, and its tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QStackedWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.core.sources import this_computer
from godploy_desktop.ui.models.deploy_ways import Way, ways
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.frame.server_banner import ServerBanner
from godploy_desktop.ui.pages.service.deploy_commit import DeployCommitDialog
from godploy_desktop.ui.pages.service.deployments import DeploymentsTab
from godploy_desktop.ui.pages.service.domains import DomainsTab
from godploy_desktop.ui.pages.service.header import ServiceHeader
from godploy_desktop.ui.pages.service.logs import LogsTab
from godploy_desktop.ui.pages.service.metrics import MetricsTab
from godploy_desktop.ui.pages.service.overview import OverviewTab
from godploy_desktop.ui.pages.service.plan_dialog import PlanDialog
from godploy_desktop.ui.pages.service.push import PushTab
from godploy_desktop.ui.pages.service.sending import SendingPanel
from godploy_desktop.ui.pages.service.settings import SettingsTab
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.pages.service.variables import VariablesTab
from godploy_desktop.ui.widgets import Banner, ScrollArea, Tabs
from godploy_server.contract import (
    Deploy,
    Deployment,
    DeploymentId,
    FolderSource,
    GitSource,
    Problem,
    Service,
    ServiceId,
    ServiceKind,
    Trigger,
)

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

MakeTab = Callable[[Context, "Server", ServiceId], ServiceTab]

_TABS: Final[dict[str, tuple[str, MakeTab]]] = {
    "overview": ("Overview", OverviewTab),
    "deployments": ("Deployments", DeploymentsTab),
    "logs": ("Logs", LogsTab),
    "metrics": ("Metrics", MetricsTab),
    "variables": ("Variables", VariablesTab),
    "domains": ("Domains", DomainsTab),
    "push": ("Push", PushTab),
    "settings": ("Settings", SettingsTab),
}


class ServicePage(Page):
    """Follows one service of one server."""

    def __init__(self, context: Context, server: Server, route: Route) -> None:
        super().__init__(context, scrolls=False)
        self._server, self._id = server, ServiceId(route.service)
        self._route = route
        self._made: dict[str, ServiceTab] = {}
        self._open = ""
        self.header = ServiceHeader(context, server, self._id, deploy=self._deploy, show_plan=self._show_plan)
        self.header.problem.connect(self.show_problem)
        self._undeployed = Banner("info")
        self._undeployed.setObjectName("needs-deployment-banner")
        self._tabs = Tabs({key: text for key, (text, _) in _TABS.items()}, route.tab or "overview")
        self._tabs.setObjectName("service-tabs")
        self._stack = QStackedWidget()
        self._sending = SendingPanel(
            context, server, self._id, queued=self._queued, ended=lambda: self.header.set_deploying(False)
        )
        banner = ServerBanner(context, server)
        self.when_disposed(banner.dispose)
        self.when_disposed(self.header.dispose)
        self.when_disposed(self._sending.dispose)
        self.body.addWidget(banner)
        self.body.addWidget(self.header)
        self.body.addWidget(self._undeployed)
        self.body.addWidget(self._sending)
        self.body.addWidget(self._tabs)
        self.body.addWidget(self._stack, 1)
        self.watch(server.model.changed, self._changed)
        self._tabs.changed.connect(self._choose)
        self._show_tab(self._tabs.current)
        if route.deployment:
            self._show_deployment(route.deployment)
        self._refresh()
        self.header.set_deploying(self._sending.is_sending)

    def show_route(self, route: Route) -> bool:
        if (route.page, route.server, route.service) != ("service", self._server.id, self._id):
            return False
        self._tabs.set_current(route.tab or "overview")
        if route.deployment:
            self._show_deployment(route.deployment)
        elif route.tab == "deployments":
            self._show_deployments()
        return True

    def has_unsaved(self) -> bool:
        exists = self._id in self._server.model.services
        return exists and any(each.is_dirty() for each in self._made.values())

    def discard(self) -> None:
        for each in self._made.values():
            each.discard()

    def dispose(self) -> None:
        for each in self._made.values():
            each.closed()
            each.dispose()
        super().dispose()

    def tab(self, key: str) -> ServiceTab:
        """Give back a tab, made now if it was not opened yet."""
        if key not in self._made:
            made = _TABS[key][1](self.context, self._server, self._id)
            made.setObjectName(f"tab-{key}")
            self._made[key] = made
            self._stack.addWidget(made if made.fills else ScrollArea(made))
            if isinstance(made, DeploymentsTab | VariablesTab):
                made.deploy_asked.connect(self._deploy)
        return self._made[key]

    def _choose(self, key: str) -> None:
        if key != self._open and not self.may_leave(lambda: self._tabs.set_current(key)):
            self._tabs.blockSignals(True)
            self._tabs.set_current(self._open)
            self._tabs.blockSignals(False)
            return
        self._show_tab(key)

    def _show_tab(self, key: str) -> None:
        if key == self._open:
            return
        if self._open:
            self._made[self._open].closed()
        tab = self.tab(key)
        self._open = key
        self._stack.setCurrentIndex(list(self._made).index(key))
        tab.opened()

    def _show_deployment(self, deployment_id: str) -> None:
        tab = self.tab("deployments")
        if isinstance(tab, DeploymentsTab):
            tab.open_deployment(DeploymentId(deployment_id))

    def _show_deployments(self) -> None:
        tab = self.tab("deployments")
        if isinstance(tab, DeploymentsTab):
            tab.close_detail()

    def _deploy(self, way: Way | None = None) -> None:
        service = self._server.model.services.get(self._id)
        if service is None:
            return
        match way or ways(service, this_computer())[0]:
            case Way.SEND:
                self.problems.clear_problem()
                self.header.set_deploying(True)
                self._sending.begin()
            case Way.COMMIT:
                dialog = DeployCommitDialog(self.context, self, self._server, service)
                dialog.finished.connect(lambda commit: self._ask_for(service, str(commit)) if commit else None)
                dialog.open()
            case Way.NEWEST | Way.LAST_UPLOAD:
                self._ask_for(service)

    def _ask_for(self, service: Service, commit: str = "") -> None:
        trigger = Trigger.SETTINGS if service.needs_deployment and not commit else Trigger.MANUAL

        async def work() -> Deployment:
            request = Deploy(commit=commit)
            if isinstance(service.settings.source, FolderSource):
                from godploy_desktop.core.uploading import last_sent  # gRPC and HTTP/2: only where a folder was sent

                request = await last_sent(self._server, self._id)
            return await self._server.deploy(self._id, replace(request, trigger=trigger))

        def queued(deployment: Deployment) -> None:
            self.header.set_deploying(False)
            self._queued(deployment)

        def refused(problem: Problem) -> None:
            self.header.set_deploying(False)
            self.show_problem(problem)

        self.problems.clear_problem()
        self.header.set_deploying(True)
        self.act(f"Deploy {service.name}", work, done=queued, failed=refused, about=self._id)

    def _queued(self, deployment: Deployment) -> None:
        self._tabs.set_current("deployments")
        self._show_deployment(deployment.id)

    def _show_plan(self) -> None:
        service = self._server.model.services.get(self._id)
        if service is None:
            return
        dialog = PlanDialog(self.context, self, self._server, service)
        dialog.finished.connect(lambda answer: self._deploy() if answer else None)
        dialog.open()

    def _changed(self, change: Change) -> None:
        shown = (Aspect.EVERYTHING, Aspect.SERVICE, Aspect.DEPLOYMENT, Aspect.PROJECT)
        if change.aspect in shown and change.concerns(service_id=self._id):
            self._refresh()

    def _refresh(self) -> None:
        model = self._server.model
        service = model.services.get(self._id)
        if service is None:
            if model.is_live:  # removed, here or by someone else
                self.context.shell.go(Route("project", server=self._server.id, project=self._route.project))
            return
        project = model.projects.get(service.project_id)
        self.set_crumbs(
            Crumb("Projects", Route("projects")),
            Crumb(
                project.name if project else "", Route("project", server=self._server.id, project=service.project_id)
            ),
            Crumb(service.name),
        )
        self._offer("domains", is_offered=service.kind is not ServiceKind.DATABASE)
        self._offer("push", is_offered=isinstance(service.settings.source, GitSource))
        self._tabs.set_count("domains", str(len(service.domains)) if service.domains else "")
        active = [each for each in model.deployments_of(self._id) if not each.state.is_final]
        self._tabs.set_count("deployments", str(len(active)) if active else "")
        if service.needs_deployment and service.release is not None and not active:
            self._undeployed.show_message(
                "Settings or variables are newer than what runs", "Deploy to apply", self._deploy, tone="info"
            )
        else:
            self._undeployed.clear()

    def _offer(self, key: str, *, is_offered: bool) -> None:
        """Show a tab only where the service has what it is about."""
        self._tabs.set_shown(key, is_offered)
        if self._tabs.current == key and not is_offered:
            self._tabs.set_current("overview")
