"""The overview of a server: load, versions, what is wrong with Docker or the proxy, its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.load import points, servers_load
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.models.summaries import project_state
from godploy_desktop.ui.pages.everywhere.queue import ServerQueue
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import figure_only, holder
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.widgets import (
    Cell,
    ChartSeries,
    Column,
    EmptyState,
    Label,
    LineChart,
    PropertyList,
    Row,
    Section,
    StatCard,
    Table,
    column,
)

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ServerOverview(QWidget, Observer):
    """Follows one server."""

    def __init__(self, context: Context, server: Server) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server = server
        self._docker, self._ingress = ProblemSlot(), ProblemSlot()
        self._cpu, self._memory = StatCard("CPU", "accent"), StatCard("Memory", "info")
        self._disk, self._network = figure_only(StatCard("Disk")), StatCard("Network", "info")
        self._cpu_chart = LineChart(format_value=words.percent, maximum=1.0, height=150, name="CPU")
        self._memory_chart = LineChart(format_value=words.size, thousand=1024, height=150, name="Memory")
        self._network_chart = LineChart(
            format_value=words.rate, least=4096.0, thousand=1024, height=150, name="Network"
        )
        self._queue = ServerQueue(context, server)
        self.when_disposed(self._queue.dispose)
        self._versions = PropertyList(110)
        self._projects = Table([Column("Project", stretch=1), Column("State", width=120)], name="Projects")
        self._projects.setObjectName("server-projects")
        self._projects.activated.connect(lambda key: context.shell.go(Route("project", server=server.id, project=key)))
        self._no_projects = Label("No projects on this server yet.", "sm", 400, "text3")
        self._lay_out()
        self.watch(server.model.changed, self._changed)
        self._refresh()
        self._show_load()

    def _lay_out(self) -> None:
        stats = QHBoxLayout()
        stats.setSpacing(12)
        for card in (self._cpu, self._memory, self._disk, self._network):
            stats.addWidget(card, 1)
        charts = column(spacing=12)
        for title, chart in (
            ("CPU", self._cpu_chart),
            ("Memory", self._memory_chart),
            ("Network", self._network_chart),
        ):
            section = Section(title)
            section.body.addWidget(chart)
            charts.addWidget(section)
        versions, projects = Section("Versions"), Section("Projects")
        versions.body.addWidget(self._versions)
        projects.body.addWidget(self._projects)
        projects.body.addWidget(self._no_projects)
        side = QWidget()
        column(versions, projects, None, spacing=12, parent=side)
        side.setMinimumWidth(300)
        side.setMaximumWidth(420)
        lower = QHBoxLayout()
        lower.setSpacing(12)
        lower.addLayout(charts, 3)
        lower.addWidget(side, 2, Qt.AlignmentFlag.AlignTop)
        self._known = holder(column(stats, self._queue, lower, None, spacing=12))
        self._unknown = EmptyState(
            "server",
            "Nothing known yet",
            "Load, versions and projects appear here after set-up.",
        )
        column(self._docker, self._ingress, self._known, self._unknown, spacing=12, parent=self)

    def _changed(self, change: Change) -> None:
        if change.aspect is not Aspect.METRICS:
            self._refresh()
        if change.aspect in (Aspect.METRICS, Aspect.EVERYTHING, Aspect.CONNECTION):
            self._show_load()

    def _refresh(self) -> None:
        model = self._server.model
        info = model.info
        self._known.setVisible(model.is_known)
        self._unknown.setVisible(not model.is_known)
        problems = (info.docker_problem, info.ingress_problem) if info else (None, None)
        for slot, problem in zip((self._docker, self._ingress), problems, strict=True):
            if problem is None:
                slot.clear_problem()
            elif problem != slot.problem:
                slot.show_problem(problem)
        if info is not None:
            for key, name, value in (
                ("docker", "Docker", info.docker_version),
                ("traefik", "Traefik", info.traefik_version),
                ("agent", "Agent", info.version),
                ("relay", "Relay", info.relay_version),
                ("python", "Python", info.python_version),
                ("os", "System", info.os_name),
                ("address", "Address", info.public_address),
                ("ports", "HTTP, HTTPS", f"{info.http_port}, {info.https_port}"),
                ("since", "Running for", words.ago(info.started_at, self.context.now()).removesuffix(" ago")),
            ):
                self._versions.set(key, name, value)
        rows = []
        for project in sorted(model.projects.values(), key=lambda each: each.name):
            services = model.services_of(project.id)
            state, tone = project_state(services)
            shown = tone if model.is_live else "text3"
            rows.append(
                Row(
                    project.id,
                    (Cell(project.name, sub=words.counted(len(services), "service")), Cell(state, shown, pill=True)),
                )
            )
        self._projects.set_rows(rows)
        self._projects.setVisible(bool(rows))
        self._no_projects.setVisible(not rows)

    def _show_load(self) -> None:
        model = self._server.model
        load = servers_load([model])
        if load is None or not model.is_live:
            for card in (self._cpu, self._memory, self._disk, self._network):
                card.set_value("–")
                card.set_series(())
            return
        newest = model.metrics[-1]
        self._cpu.set_value(str(round(load.cpu_fraction * 100)), "%", f"load {newest.load_1m:g}")
        self._cpu.set_series(load.cpu_course)
        value, unit = words.split_size(newest.memory_used_bytes)
        self._memory.set_value(value, unit, f"of {words.size(newest.memory_total_bytes)}")
        self._memory.set_series(load.memory_course)
        value, unit = words.split_size(newest.disk_used_bytes)
        share = newest.disk_used_bytes / max(1, newest.disk_total_bytes)
        self._disk.set_value(value, unit, f"of {words.size(newest.disk_total_bytes)}", words.load_tone(share, "text3"))
        value, unit = words.split_size(load.received_bytes_s + load.sent_bytes_s)
        self._network.set_value(value, f"{unit}/s")
        self._network.set_series(load.traffic_course)
        samples = model.metrics
        self._cpu_chart.set_series([ChartSeries("CPU", "accent", points(samples, lambda each: each.cpu_fraction))])
        self._memory_chart.set_series(
            [ChartSeries("Memory", "info", points(samples, lambda each: float(each.memory_used_bytes)))]
        )
        self._network_chart.set_series(
            [
                ChartSeries("Received", "info", points(samples, lambda each: each.received_bytes_s)),
                ChartSeries("Sent", "ok", points(samples, lambda each: each.sent_bytes_s)),
            ]
        )
