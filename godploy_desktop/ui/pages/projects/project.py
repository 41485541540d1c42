"""The page of one project: its services as cards, what was deployed last, its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.models.summaries import newest, project_state
from godploy_desktop.ui.pages.everywhere.deployment_list import DeploymentList
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.gathering import Gathered
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.frame.server_banner import ServerBanner
from godploy_desktop.ui.pages.projects.new_service import new_service
from godploy_desktop.ui.pages.projects.project_settings import ProjectSettings
from godploy_desktop.ui.pages.projects.service_card import ServiceCard
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CardGrid,
    EmptyState,
    Icon,
    Label,
    Pill,
    Tabs,
    clear,
    column,
    row,
)
from godploy_server.contract import Deployment, ProjectId, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_TABS = {"services": "Services", "deployments": "Deployments", "settings": "Settings"}
_RECENT = 5
_SHOWN = (Aspect.EVERYTHING, Aspect.PROJECT, Aspect.SERVICE, Aspect.DEPLOYMENT, Aspect.CONNECTION)


class ProjectPage(Page):
    """Follows one project of one server."""

    def __init__(self, context: Context, server: Server, project_id: ProjectId, tab: str = "") -> None:
        super().__init__(context)
        self._server, self._id = server, project_id
        self._name, self._pill = Label("", "xl", 600), Pill("", "text3")
        self._place, self._network = Label("", "md", 400, "text2"), Label("", "md", 400, "text2")
        self._last = Label("", "md", 400, "text2", elide=True)
        self._new = Button("New service", "plus", ButtonKind.PRIMARY, on_click=self._new_service)
        self._new.setObjectName("new-service")
        self._tabs = Tabs(_TABS, tab or "services")
        self._tabs.setObjectName("project-tabs")
        self._grid_holder = QWidget()
        self._grid = CardGrid(self._grid_holder, minimum_width=320)
        self._empty = EmptyState(
            "layers",
            "No services yet",
            "A service is one thing that runs: built from a repository or a folder, an image, or a database.",
            Button("New service", "plus", on_click=self._new_service),
        )
        self._cards: dict[ServiceId, ServiceCard] = {}
        self._lay_out()
        self._tabs.changed.connect(self._show_tab)
        self._show_tab(self._tabs.current)
        self._soon = Gathered(self, self._refresh_unless_left)
        self.watch(server.model.changed, self._changed)
        self._refresh()

    def _lay_out(self) -> None:
        banner = ServerBanner(self.context, self._server)
        self.when_disposed(banner.dispose)
        facts = row(
            Icon("server", 14, "text3"), self._place, 10, Icon("network", 14, "text3"), self._network, spacing=6
        )
        facts.addSpacing(10)
        facts.addWidget(Icon("clock", 14, "text3"))
        facts.addWidget(self._last, 1)
        head = row(spacing=8)
        head.addLayout(column(row(self._name, 4, self._pill, None), facts, spacing=5), 1)
        head.addWidget(self._new)
        services = QWidget()
        self._recent = DeploymentList(self.context, limit=_RECENT, is_wanted=self._is_ours)
        self._recent_title = Label("Latest deployments", "md", 600)
        column(
            self._grid_holder, self._empty, 20, self._recent_title, 12, self._recent, None, spacing=0, parent=services
        )
        self._deployments = DeploymentList(self.context, is_wanted=self._is_ours)
        self.when_disposed(self._recent.dispose)
        self.when_disposed(self._deployments.dispose)
        deployments = QWidget()
        column(self._deployments, None, parent=deployments)
        self._settings = ProjectSettings(self.context, self._server, self._id)
        self.when_disposed(self._settings.dispose)
        self._parts = Switcher({"services": services, "deployments": deployments, "settings": self._settings})
        self.body.addWidget(banner)
        self.body.addLayout(head)
        self.body.addWidget(self._tabs)
        self.body.addSpacing(4)
        self.body.addWidget(self._parts, 1)

    def show_route(self, route: Route) -> bool:
        if (route.page, route.server, route.project) != ("project", self._server.id, self._id):
            return False
        self._tabs.set_current(route.tab or "services")
        return True

    def _is_ours(self, deployment: Deployment) -> bool:
        service = self._server.model.services.get(deployment.service_id)
        return service is not None and service.project_id == self._id

    def _show_tab(self, key: str) -> None:
        self._parts.show_part(key)

    def _new_service(self) -> None:
        new_service(self, self._server, self._id)

    def _changed(self, change: Change) -> None:
        if change.aspect is Aspect.METRICS:
            for card in self._cards.values():
                card.refresh_load()
        elif change.aspect in _SHOWN and change.concerns(project_id=self._id):
            self._soon.ask()

    def _refresh_unless_left(self) -> None:
        if not self.is_disposed:
            self._refresh()

    def _refresh(self) -> None:
        model = self._server.model
        project = model.projects.get(self._id)
        if project is None:
            if model.is_live:  # removed, here or by someone else
                self.context.shell.go(Route("projects"))
            return
        services = model.services_of(self._id)
        state, tone = project_state(services)
        self.set_crumbs(Crumb("Projects", Route("projects")), Crumb(project.name))
        self._name.setText(project.name)
        self._pill.set_state(state, tone if model.is_live else "text3")
        self._place.setText(self._server.name)
        self._network.setText(project.subnet)
        self._tabs.set_count("services", str(len(services)) if services else "")
        latest = newest(each for of in services for each in model.deployments_of(of.id))
        self._last.setText(
            f"{words.trigger_words(latest)} {words.ago(latest.created_at, self.context.now())}"
            if latest
            else "nothing deployed yet"
        )
        for each in (self._recent_title, self._recent):
            each.setVisible(latest is not None)
        self._refresh_cards([each.id for each in services])

    def _refresh_cards(self, wanted: list[ServiceId]) -> None:
        self._grid_holder.setVisible(bool(wanted))
        self._empty.setVisible(not wanted)
        if wanted == list(self._cards):
            for card in self._cards.values():
                card.refresh()
            return
        clear(self._grid)
        self._cards = {}
        for service_id in wanted:
            card = ServiceCard(self.context, self._server, service_id)
            route = Route("service", server=self._server.id, project=self._id, service=service_id)
            card.clicked.connect(lambda route=route: self.context.shell.go(route))
            self._cards[service_id] = card
            self._grid.addWidget(card)
