"""The card of one server: connection, load, what it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.connection_words import connection_state
from godploy_desktop.ui.models.load import servers_load
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.widgets import Card, Icon, IconTile, Label, Line, Meter, Pill, column, row

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class ServerCard(Card):
    """Follows one server; its owner calls `refresh` and `refresh_load`."""

    def __init__(self, context: Context, server: Server) -> None:
        super().__init__(14, clickable=True)
        self._context, self._server = context, server
        self.setObjectName(f"server-card-{server.name}")
        self._pill = Pill("", "text3")
        self._meters: dict[str, tuple[Label, Meter]] = {}
        self._holds, self._versions = Label("", "sm", 400, "text2", elide=True), Label("", "sm", 400, "text3")
        address = server.profile.address
        head = row(IconTile("laptop" if server.is_embedded else "server"), spacing=10)
        head.addLayout(
            column(Label(server.name, 14, 600, elide=True), Label(address, "sm", 400, "text3", elide=True), spacing=1),
            1,
        )
        head.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        meters = row(spacing=16)
        for name in ("CPU", "Memory", "Disk"):
            value, meter = Label("–", "sm", 600), Meter()
            self._meters[name] = (value, meter)
            meters.addLayout(column(row(Label(name, "xs", 500, "text3"), None, value), meter, spacing=4), 1)
        foot = row(Icon("layers", 14, "text3"), spacing=6)
        foot.addWidget(self._holds, 1)
        foot.addWidget(self._versions)
        self.body.addLayout(head)
        self.body.addSpacing(12)
        self.body.addLayout(meters)
        self.body.addSpacing(12)
        self.body.addWidget(Line())
        self.body.addSpacing(9)
        self.body.addLayout(foot)
        self.refresh()

    def refresh(self) -> None:
        """Show how the server is now."""
        model, profile = self._server.model, self._server.profile
        state, tone = connection_state(model)
        self._pill.set_state(state, tone)
        self.setAccessibleName(f"{self._server.name}, {profile.address}, {state}")
        if not model.is_known and not profile.agent_version:
            self._holds.setText("Not set up yet")
        else:
            projects, services = len(model.projects), len(model.services)
            self._holds.setText(f"{words.counted(projects, 'project')}, {words.counted(services, 'service')}")
        self._versions.setText(
            f"Docker {model.info.docker_version}" if model.info and model.info.docker_version else ""
        )
        self.refresh_load()

    def refresh_load(self) -> None:
        """Show the newest load; old figures are not shown as if they were true."""
        model = self._server.model
        load = servers_load([model]) if model.is_live else None
        if load is None:
            for value, meter in self._meters.values():
                value.setText("–")
                meter.set_fraction(0.0)
            return
        newest = model.metrics[-1]
        disk = newest.disk_used_bytes / max(1, newest.disk_total_bytes)
        for name, fraction in (("CPU", load.cpu_fraction), ("Memory", load.memory_fraction), ("Disk", disk)):
            value, meter = self._meters[name]
            value.setText(words.percent(fraction))
            value.set_tone(words.load_tone(fraction))
            meter.set_fraction(fraction)
