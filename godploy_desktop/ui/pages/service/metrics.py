"""The load of a service over the last hour, live: CPU, memory, network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedLayout, QWidget

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.load import points
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import ChartSeries, EmptyState, Label, LineChart, Section, column
from godploy_server.contract import ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class MetricsTab(ServiceTab):
    """Three charts out of the model's ring; nothing is asked of the server."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._cpu = LineChart(format_value=lambda value: f"{value:g}", least=0.1, height=160, name="CPU in cores")
        self._memory = LineChart(format_value=words.size, thousand=1024, height=160, name="Memory")
        self._network = LineChart(format_value=words.rate, least=4096.0, thousand=1024, height=160, name="Network")
        self._cpu_now, self._memory_now, self._network_now = (Label("", "sm", 500, "text2") for _ in range(3))
        charts = QWidget()
        layout = column(spacing=12, parent=charts)
        for title, chart, now in (
            ("CPU, cores", self._cpu, self._cpu_now),
            ("Memory", self._memory, self._memory_now),
            ("Network", self._network, self._network_now),
        ):
            section = Section(title, "", now)
            section.body.addWidget(chart)
            layout.addWidget(section)
        layout.addStretch(1)
        self._stack = QStackedLayout()
        self._stack.addWidget(charts)
        self._stack.addWidget(
            EmptyState("activity", "Nothing measured yet", "Load appears here while the service runs.")
        )
        self.body.addLayout(self._stack, 1)
        self.load_changed()

    def load_changed(self) -> None:
        samples = self.server.model.service_metrics(self.service_id)
        self._stack.setCurrentIndex(0 if samples else 1)
        if not samples or not (self.isVisible() or not self._cpu_now.text()):
            return
        newest = samples[-1]
        self._cpu.set_series([ChartSeries("CPU", "accent", points(samples, lambda each: each.cpu_cores))])
        self._memory.set_series([ChartSeries("Memory", "info", points(samples, lambda each: float(each.memory_bytes)))])
        self._network.set_series(
            [
                ChartSeries("Received", "info", points(samples, lambda each: each.received_bytes_s)),
                ChartSeries("Sent", "ok", points(samples, lambda each: each.sent_bytes_s)),
            ]
        )
        self._cpu_now.setText(words.cores(newest.cpu_cores))
        self._memory_now.setText(f"{words.size(newest.memory_bytes)} of {words.size(newest.memory_limit_bytes)}")
        self._network_now.setText(f"{words.rate(newest.received_bytes_s)} in, {words.rate(newest.sent_bytes_s)} out")

    def opened(self) -> None:
        self.load_changed()
