"""The dashboard: figures over all servers, and every project. Painted from the cache at once, live from then on."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.load import servers_load
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.models.summaries import totals, under_way
from godploy_desktop.ui.pages.everywhere.deployment_list import DeploymentList
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.gathering import Gathered
from godploy_desktop.ui.pages.frame.layout import figure_only, holder
from godploy_desktop.ui.pages.frame.page import Page
from godploy_desktop.ui.pages.frame.server_banner import ServerBanner
from godploy_desktop.ui.pages.home.project_grid import ProjectGrid
from godploy_desktop.ui.pages.projects.new_project import new_project
from godploy_desktop.ui.widgets import Button, ButtonKind, EmptyState, Label, StatCard, column, row

_RECENT = 6


class DashboardPage(Page):
    """All projects of all servers."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_crumbs(Crumb("Dashboard"))
        self._banners = column()
        self._services, self._cpu = figure_only(StatCard("Services healthy")), StatCard("Processors", "accent")
        self._memory, self._traffic = StatCard("Memory", "info"), StatCard("Network", "info")
        self._subtitle = Label("", "md", 400, "text2")
        self._new = Button("New project", "plus", ButtonKind.PRIMARY, on_click=lambda: new_project(self))
        self._new.setObjectName("new-project")
        self._grid = ProjectGrid(context)
        self._recent = DeploymentList(context, limit=_RECENT)
        self._filled = self._lay_out_filled()
        self._empty = self._lay_out_empty()
        self.body.addLayout(self._banners)
        self.body.addWidget(self._filled)
        self.body.addWidget(self._empty, 1)
        self._soon = Gathered(self, self._refresh)
        self._grid.changed.connect(self._refresh)
        self._followed: set[int] = set()
        self.watch(context.workspace.changed, lambda _: self._servers_changed())
        self.when_disposed(self._grid.dispose)
        self.when_disposed(self._recent.dispose)
        self._follow_servers()

    def _lay_out_filled(self) -> QWidget:
        stats = QHBoxLayout()
        stats.setSpacing(12)
        for card in (self._services, self._cpu, self._memory, self._traffic):
            stats.addWidget(card, 1)
        head = column(Label("Dashboard", "xl", 600), self._subtitle, spacing=4)
        parts = column(row(head, None, self._new), 4, stats, 8, spacing=12)
        parts.addWidget(Label("Projects", "md", 600))
        parts.addWidget(self._grid)
        parts.addSpacing(8)
        parts.addWidget(Label("Latest deployments", "md", 600))
        parts.addWidget(self._recent)
        parts.addStretch(1)
        return holder(parts)

    def _lay_out_empty(self) -> QWidget:
        create = Button("New project", "plus", ButtonKind.PRIMARY, on_click=lambda: new_project(self))
        create.setObjectName("empty-new-project")
        sample = Button("Deploy the sample", "sparkles", on_click=lambda: self.context.shell.go(Route("welcome")))
        return EmptyState(
            "folder-kanban",
            "No projects yet",
            "A project groups the services that belong together, on a network of their own.",
            create,
            sample,
        )

    def _follow_servers(self) -> None:
        for server in self.context.workspace.servers:
            if id(server) in self._followed:
                continue
            self._followed.add(id(server))
            self.watch(server.model.changed, self._changed)
            banner = ServerBanner(self.context, server)
            self.when_disposed(banner.dispose)
            self._banners.addWidget(banner)
        self._refresh()

    def _changed(self, change: Change) -> None:
        if change.aspect is Aspect.METRICS:
            self._show_load()
        else:
            self._soon.ask()

    def _servers_changed(self) -> None:
        workspace = self.context.workspace
        if workspace.is_open and not workspace.servers:
            self.context.shell.go(Route("welcome"))  # the first run, known once the workspace is open
        else:
            self._follow_servers()

    def _refresh(self) -> None:
        servers = self.context.workspace.servers
        count = sum(len(each.model.projects) for each in servers)
        self._filled.setVisible(count > 0)
        self._empty.setVisible(count == 0 and self.context.workspace.is_open)
        services = [each for server in servers for each in server.model.services.values()]
        counts = totals(services)
        active = len(under_way(each for server in servers for each in server.model.deployments.values()))
        self._subtitle.setText(
            f"{words.counted(count, 'project')} on {words.counted(len(servers), 'server')}"
            + (f" · {words.counted(active, 'deployment')} under way" if active else "")
        )
        trouble = f"{counts.troubled} need a look" if counts.troubled else ""
        self._services.set_value(str(counts.healthy), f"of {counts.services}", trouble, "warn")
        self._show_load()

    def _show_load(self) -> None:
        load = servers_load(each.model for each in self.context.workspace.servers if each.model.is_live)
        if load is None:
            for card in (self._cpu, self._memory, self._traffic):
                card.set_value("–")
                card.set_series(())
            return
        self._cpu.set_value(str(round(load.cpu_fraction * 100)), "%")
        self._cpu.set_series(load.cpu_course)
        self._memory.set_value(str(round(load.memory_fraction * 100)), "%")
        self._memory.set_series(load.memory_course)
        value, unit = words.split_size(load.received_bytes_s + load.sent_bytes_s)
        self._traffic.set_value(value, f"{unit}/s")
        self._traffic.set_series(load.traffic_course)
