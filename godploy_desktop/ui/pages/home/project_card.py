"""The card of one project on the dashboard: state, its services, what was deployed last, and on which server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.service_words import service_pill
from godploy_desktop.ui.models.summaries import newest, project_state
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.widgets import Card, Dot, Icon, IconTile, Label, Line, Pill, clear, column, row
from godploy_server.contract import ProjectId, Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_SHOWN_SERVICES = 4


class ProjectCard(Card):
    """Follows one project of a server; its owner calls `refresh`."""

    def __init__(self, context: Context, server: Server, project_id: ProjectId) -> None:
        super().__init__(14, clickable=True)
        self._context, self._server, self._id = context, server, project_id
        self._name = Label("", 14, 600, elide=True)
        self._place = Label("", "sm", 400, "text3", elide=True)
        self._pill = Pill("", "text3")
        self._services = column(spacing=6)
        self._commit = Label("", "sm", 400, "text2", mono=True)
        self._message = Label("", "sm", 400, "text2", elide=True)
        self._when = Label("", "sm", 400, "text3")
        head = row(IconTile("folder-kanban"), spacing=10)
        head.addLayout(column(self._name, self._place, spacing=1), 1)
        head.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        last = row(Icon("git-commit-horizontal", 14, "text3"), self._commit, spacing=6)
        last.addWidget(self._message, 1)
        last.addWidget(self._when)
        self.body.addLayout(head)
        self.body.addSpacing(12)
        self.body.addLayout(self._services)
        self.body.addStretch(1)
        self.body.addSpacing(10)
        self.body.addWidget(Line())
        self.body.addSpacing(9)
        self.body.addLayout(last)
        self.refresh()

    def refresh(self) -> None:
        """Show how the project is now."""
        model = self._server.model
        project = model.projects.get(self._id)
        if project is None:
            return
        services = model.services_of(self._id)
        state, tone = project_state(services)
        self._name.setText(project.name)
        self._place.setText(f"{self._server.name} · {words.counted(len(services), 'service')}")
        self._pill.set_state(state, tone if model.is_live else "text3")
        self.setAccessibleName(f"{project.name} on {self._server.name}, {state}")
        self.setObjectName(f"project-card-{project.name}")
        self._show_services(services)
        deployment = newest(each for of in services for each in model.deployments_of(of.id))
        self._commit.setText(words.short_commit(deployment.commit) if deployment else "")
        self._commit.setVisible(bool(deployment and deployment.commit))
        if deployment is None:
            self._message.setText("Nothing deployed yet")
            self._when.setText("")
            return
        self._message.setText(deployment.commit_message or words.trigger_words(deployment))
        self._when.setText(words.ago(deployment.created_at, self._context.now()))

    def _show_services(self, services: list[Service]) -> None:
        clear(self._services)
        if not services:
            self._services.addWidget(Label("No services yet", "sm", 400, "text3"))
        shown = services if len(services) <= _SHOWN_SERVICES else services[: _SHOWN_SERVICES - 1]
        for service in shown:
            state, tone = service_pill(self._server.model, service)
            place = words.service_kind(service) if service.template else words.place_words(service)
            line = row(Dot(tone, 7), Icon(words.service_icon(service), 14, "text3"), spacing=6)
            line.addWidget(Label(service.name, "sm", 500, "text2"))
            line.addWidget(Label(place, "sm", 400, "text3", elide=True), 1)
            line.addWidget(Label(state, "sm", 400, "text3"))
            self._services.addLayout(line)
        if len(shown) < len(services):
            more = Label(f"and {len(services) - len(shown)} more", "sm", 400, "text3")
            more.setIndent(20)
            self._services.addWidget(more)
