"""The overview of a service: its state in words, load, what runs, where it is reached, what was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.load import service_load
from godploy_desktop.ui.models.service_facts import running_facts, source_facts
from godploy_desktop.ui.models.service_words import service_pill
from godploy_desktop.ui.pages.database.connections import ConnectionsSection
from godploy_desktop.ui.pages.database.section import DatabaseSection
from godploy_desktop.ui.pages.everywhere.deployment_list import DeploymentList
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import figure_only
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import Banner, Label, PropertyList, Section, StatCard, column
from godploy_server.contract import ServiceId, ServiceState

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_SOURCE_WORDS = {
    "git": "What a deployment builds",
    "folder": "What a deployment builds",
    "archive": "What a deployment builds",
    "image": "What a deployment starts",
}
_TROUBLE = (ServiceState.CRASHED, ServiceState.UNHEALTHY, ServiceState.DEGRADED, ServiceState.UNKNOWN)


class OverviewTab(ServiceTab):
    """Follows the service."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._trouble = Banner("warn")
        self._trouble.setObjectName("service-trouble")
        self._cpu, self._memory = StatCard("CPU", "accent"), StatCard("Memory", "info")
        self._traffic, self._instances = StatCard("Network", "info"), figure_only(StatCard("Instances"))
        stats = QHBoxLayout()
        stats.setSpacing(12)
        for card in (self._cpu, self._memory, self._traffic, self._instances):
            stats.addWidget(card, 1)
        runs, self._source_card = Section("Runs", "The release that serves now"), Section("Source", "")
        self._runs, self._source = PropertyList(110), PropertyList(110)
        runs.body.addWidget(self._runs)
        runs.body.addStretch(1)
        self._source_card.body.addWidget(self._source)
        self._source_card.body.addStretch(1)
        self._cards = QHBoxLayout()
        self._cards.setSpacing(12)
        self._cards.addWidget(runs, 1)
        self._cards.addWidget(self._source_card, 1)
        self._database: DatabaseSection | None = None
        self._connections: ConnectionsSection | None = None
        self._below = column(spacing=12)
        self._recent = DeploymentList(context, limit=5, is_wanted=lambda each: each.service_id == service_id)
        self.when_disposed(self._recent.dispose)
        self.body.addWidget(self._trouble)
        self.body.addLayout(stats)
        self.body.addLayout(self._cards)
        self.body.addLayout(self._below)
        self.body.addSpacing(4)
        self.body.addWidget(Label("Latest deployments", "md", 600))
        self.body.addWidget(self._recent)
        self.body.addStretch(1)
        self.service_changed()
        self.load_changed()

    def service_changed(self) -> None:
        service = self.service
        if service is None:
            return
        if service.state in _TROUBLE and service.state_detail:
            word, tone = service_pill(self.server.model, service)
            self._trouble.show_message(word, detail=service.state_detail, tone=tone)
        else:
            self._trouble.clear()
        running, wanted = service.containers_running, service.containers_wanted
        self._instances.set_value(str(running), f"of {wanted}", "", "text3")
        for fact in running_facts(service):
            self._runs.set(fact.key, fact.name, fact.value, mono=fact.mono)
        if service.template is None:
            self._source_card.subtitle.setText(_SOURCE_WORDS[service.settings.source.kind])
            self._source_card.subtitle.show()
            for fact in source_facts(service):
                self._source.set(fact.key, fact.name, fact.value, mono=fact.mono)
        else:
            self._show_database()

    def opened(self) -> None:
        self._load_database()

    def closed(self) -> None:
        if self._connections is not None:
            self._connections.hide_passwords()

    def _show_database(self) -> None:
        if self._database is None or self._connections is None:
            self._source_card.hide()
            self._database = DatabaseSection(self.context, self.server, self.service_id, rotated=self._load_database)
            self._connections = ConnectionsSection(self.context, self.server, self.service_id)
            self.when_disposed(self._database.dispose)
            self.when_disposed(self._connections.dispose)
            self._cards.insertWidget(0, self._database, 1)
            self._below.addWidget(self._connections)
            if self.isVisible():
                self._load_database()
        self._database.refresh()
        if self.isVisible() and self.server.model.is_live and not self._connections.is_loaded:
            self._load_database()

    def _load_database(self) -> None:
        """Read what the model does not hold; while not connected what was read stays."""
        if self._database is not None and self._connections is not None and self.server.model.is_live:
            self._database.load()
            self._connections.load()

    def load_changed(self) -> None:
        service = self.service
        load = service_load(self.server.model, service) if service else None
        samples = self.server.model.service_metrics(self.service_id)
        if load is None or not samples:
            for card in (self._cpu, self._memory, self._traffic):
                card.set_value("–")
                card.set_series(())
            return
        self._cpu.set_value(str(round(load.cpu_fraction * 100)), "%", f"{words.cores(samples[-1].cpu_cores)} cores")
        self._cpu.set_series(load.cpu_course)
        value, unit = words.split_size(load.memory_bytes)
        self._memory.set_value(
            value, unit, words.percent(load.memory_fraction), words.load_tone(load.memory_fraction, "text3")
        )
        self._memory.set_series(load.memory_course)
        course = [each.received_bytes_s + each.sent_bytes_s for each in list(samples)[-40:]]
        value, unit = words.split_size(course[-1])
        self._traffic.set_value(value, f"{unit}/s")
        self._traffic.set_series(course)
