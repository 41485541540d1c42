"""The overview of a service: its state in words, load, what runs, where it is reached, what was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.load import service_load
from godploy_desktop.ui.models.service_words import service_pill
from godploy_desktop.ui.pages.everywhere.deployment_list import DeploymentList
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.layout import figure_only
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import Banner, Label, PropertyList, Section, StatCard
from godploy_server.contract import DockerfileBuilder, GitSource, ImageSource, Service, ServiceId, ServiceState

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

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
        runs, source = Section("Runs", "The release that serves now"), Section("Source", "What a deployment builds")
        self._runs, self._source = PropertyList(110), PropertyList(110)
        runs.body.addWidget(self._runs)
        runs.body.addStretch(1)
        source.body.addWidget(self._source)
        source.body.addStretch(1)
        cards = QHBoxLayout()
        cards.setSpacing(12)
        cards.addWidget(runs, 1)
        cards.addWidget(source, 1)
        self._recent = DeploymentList(context, limit=5, is_wanted=lambda each: each.service_id == service_id)
        self.when_disposed(self._recent.dispose)
        self.body.addWidget(self._trouble)
        self.body.addLayout(stats)
        self.body.addLayout(cards)
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
        self._show_runs(service)
        self._show_source(service)

    def _show_runs(self, service: Service) -> None:
        self._runs.set("release", "Release", str(service.release) if service.release is not None else "none yet")
        self._runs.set("state", "State", service.state_detail or words.service_state(service.state)[0])
        hosts = ", ".join(each.host for each in service.domains)
        self._runs.set("domains", "Domains", hosts or "none")
        self._runs.set("port", "Port", str(service.settings.port) if service.settings.port else "serves nothing")
        limits = service.settings.limits
        memory = words.size(limits.memory_bytes) if limits.memory_bytes else "no memory limit"
        cpus = f"{limits.cpus:g} {'core' if limits.cpus == 1 else 'cores'}" if limits.cpus else "no CPU limit"
        self._runs.set("limits", "Each instance", f"{memory}, {cpus}")

    def _show_source(self, service: Service) -> None:
        source, builder = service.settings.source, service.settings.builder
        if isinstance(source, GitSource):
            self._source.set("repository", "Repository", source.url, mono=True)
            self._source.set("branch", "Branch", source.branch)
            self._source.set("root", "Folder", source.root or "the top")
            if isinstance(builder, DockerfileBuilder):
                self._source.set("dockerfile", "Dockerfile", builder.path, mono=True)
        elif isinstance(source, ImageSource):
            self._source.set("image", "Image", source.image, mono=True)
        health = service.settings.health
        self._source.set("health", "Health check", f"GET {health.path}, within {health.timeout_s} s")

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
