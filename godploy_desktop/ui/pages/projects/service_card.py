"""The card of one service: its state, where it is reached, its load, what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.load import service_load
from godploy_desktop.ui.models.service_words import service_pill
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.theme import State
from godploy_desktop.ui.widgets import Card, Icon, IconTile, Label, Line, Pill, Sparkline, column, row
from godploy_server.contract import Deployment, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class _Course(QVBoxLayout):
    """A name, a value and its recent course."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setSpacing(2)
        self._value = Label("–", "sm", 600)
        self._line = Sparkline(height=26)
        self.addLayout(row(Label(name, "xs", 500, "text3"), None, self._value))
        self.addWidget(self._line)

    def show_load(self, fraction: float, course: tuple[float, ...], calm: State) -> None:
        tone = words.load_tone(fraction)
        self._value.setText(words.percent(fraction))
        self._value.set_tone(tone)
        self._line.set_values(course, "warn" if tone == "warn" else "err" if tone == "err" else calm)

    def show_nothing(self) -> None:
        self._value.setText("–")
        self._value.set_tone("text3")
        self._line.set_values((), "text3")


class ServiceCard(Card):
    """Follows one service of a server; its owner calls `refresh` and `refresh_load`."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(14, clickable=True)
        self._context, self._server, self._id = context, server, service_id
        self._icon = IconTile("globe")
        self._name = Label("", 14, 600, elide=True)
        self._kind = Label("", "sm", 400, "text3", elide=True)
        self._pill = Pill("", "text3")
        self._place_icon = Icon("globe", 14, "text3")
        self._place = Label("", "sm", 400, "text2", elide=True)
        self._outside = Icon("external-link", 12, "text3")
        self._running = Label("", "sm", 500, "text2")
        self._cpu, self._memory = _Course("CPU"), _Course("Memory")
        self._commit_icon = Icon("git-commit-horizontal", 14, "text3")
        self._commit = Label("", "sm", 400, "text2", mono=True)
        self._message = Label("", "sm", 400, "text2", elide=True)
        self._when = Label("", "sm", 400, "text3")
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        head = row(self._icon, spacing=10)
        head.addLayout(column(self._name, self._kind, spacing=1), 1)
        head.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        place = row(self._place_icon, spacing=6)
        place.addWidget(self._place)
        place.addWidget(self._outside)
        place.addStretch(1)
        place.addWidget(self._running)
        place.addWidget(Label("instances", "sm", 400, "text3"))
        courses = row(spacing=16)
        courses.addLayout(self._cpu, 1)
        courses.addLayout(self._memory, 1)
        last = row(self._commit_icon, self._commit, spacing=6)
        last.addWidget(self._message, 1)
        last.addWidget(self._when)
        for part in (head, 9, place, 8, courses, 8, Line(), 9, last):
            if isinstance(part, int):
                self.body.addSpacing(part)
            elif isinstance(part, Line):
                self.body.addWidget(part)
            else:
                self.body.addLayout(part)

    def refresh(self) -> None:
        """Show how the service is now."""
        model = self._server.model
        service = model.services.get(self._id)
        if service is None:
            return
        kind = words.service_kind(service)
        state, tone = service_pill(model, service)
        self._icon.set_icon(words.service_icon(service))
        self._name.setText(service.name)
        self._kind.setText(kind)
        self._pill.set_state(state, tone)
        self._pill.setToolTip(service.state_detail)
        self.setAccessibleName(f"{service.name}, {kind}, {state}")
        self.setAccessibleDescription(service.state_detail)
        self.setObjectName(f"service-card-{service.name}")
        self._outside.setVisible(bool(service.domains))
        self._place_icon.set_icon(words.place_icon(service))
        self._place.setText(words.place_words(service))
        self._running.setText(f"{service.containers_running} / {service.containers_wanted}")
        self._show_deployment(model.latest_deployment(self._id))
        self.refresh_load()

    def refresh_load(self) -> None:
        """Show the newest load."""
        service = self._server.model.services.get(self._id)
        load = service_load(self._server.model, service) if service else None
        if load is None:
            self._cpu.show_nothing()
            self._memory.show_nothing()
            return
        self._cpu.show_load(load.cpu_fraction, load.cpu_course, "accent")
        self._memory.show_load(load.memory_fraction, load.memory_course, "info")

    def _show_deployment(self, deployment: Deployment | None) -> None:
        if deployment is None:
            self._commit_icon.set_icon("rocket")
            self._commit.hide()
            self._message.setText("Not deployed yet")
            self._when.setText("")
            return
        self._commit_icon.set_icon("git-commit-horizontal" if deployment.commit else "clock")
        self._commit.setVisible(bool(deployment.commit))
        self._commit.setText(words.short_commit(deployment.commit))
        self._message.setText(deployment.commit_message or words.trigger_words(deployment))
        self._when.setText(words.ago(deployment.created_at, self._context.now()))
