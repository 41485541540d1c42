"""What a database is: template and version, who uses it; another version, another password."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.database_words import dependents_words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.models.service_facts import source_facts
from godploy_desktop.ui.pages.database.rotate_dialog import RotateDialog
from godploy_desktop.ui.pages.database.version_dialog import VersionDialog
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.widgets import Button, Card, IconTile, Label, PropertyList, clear, column, row
from godploy_server.contract import Problem, RemovalPreview, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class DatabaseSection(Card, Observer):
    """Follows a service made from a template; its owner calls `refresh`. `rotated` is called after a new password."""

    def __init__(
        self, context: Context, server: Server, service_id: ServiceId, *, rotated: Callable[[], object]
    ) -> None:
        super().__init__(16, name="Database")
        self.begin_observing(context)
        self._server, self._id, self._rotated = server, service_id, rotated
        self._icon = IconTile("database", 38)
        self._title, self._about = Label("", "md", 600), Label("", "sm", 400, "text3", elide=True)
        self._facts = PropertyList(110)
        self._users = Label("", "sm", 400, "text3")
        self._links = row(spacing=10)
        users = QWidget()
        column(self._users, self._links, spacing=4, parent=users)
        self._version = Button("Change version…", "arrow-up", on_click=self._ask_version)
        self._version.setObjectName("change-version")
        self._rotate = Button("Rotate password…", "key-round", on_click=self._ask_rotate)
        self._rotate.setObjectName("rotate-password")
        head = row(self._icon, spacing=12)
        head.addLayout(column(self._title, self._about, spacing=1), 1)
        self.body.addLayout(head)
        self.body.addSpacing(14)
        self.body.addWidget(self._facts)
        self.body.addSpacing(12)
        self.body.addWidget(users)
        self.body.addStretch(1)
        self.body.addSpacing(14)
        self.body.addLayout(row(self._version, self._rotate, None))
        self.dependents: tuple[str, ...] = ()
        self.refresh()

    def refresh(self) -> None:
        """Show how it is now."""
        service = self._server.model.services.get(self._id)
        if service is None or service.template is None:
            return
        self._icon.set_icon(words.service_icon(service))
        self._title.setText(words.service_kind(service))
        self._about.setText(f"Made from the template “{service.template.name}”")
        for fact in source_facts(service):
            self._facts.set(fact.key, fact.name, fact.value, mono=fact.mono)
        is_live, is_pending = self._server.model.is_live, self._id in self._server.model.pending
        self._version.setEnabled(is_live)
        self._rotate.setEnabled(is_live and not is_pending and service.template.rotation is not None)
        self._rotate.setToolTip("" if service.template.rotation else "Its template does not say how")

    def load(self) -> None:
        """Read who refers to it."""
        self.read(
            "Reading who uses it",
            lambda: self._server.agent.preview_service_removal(self._id),
            self._show_dependents,
            lambda _problem: self._users.setText("Who refers to it could not be read."),
        )

    def show_problem(self, problem: Problem) -> None:
        self.context.shell.notify(problem.what, "err")

    def _show_dependents(self, preview: RemovalPreview) -> None:
        self.dependents = preview.dependents
        self._users.setText(dependents_words(preview.dependents))
        clear(self._links)
        service = self._server.model.services.get(self._id)
        of_project = {each.name: each for each in self._server.model.services_of(service.project_id)} if service else {}
        for name in preview.dependents:
            known = of_project.get(name)
            if known is None:
                self._links.addWidget(Label(name, "md", 400, "text2"))
                continue
            link = Link(partial(self._open, known), name)
            link.setObjectName(f"dependent-{name}")
            self._links.addWidget(link)
        self._links.addStretch(1)

    def _open(self, service: Service) -> None:
        place = Route(
            "service", server=self._server.id, project=service.project_id, service=service.id, tab="variables"
        )
        self.context.shell.go(place)

    def _ask_rotate(self) -> None:
        service = self._server.model.services.get(self._id)
        if service is None:
            return
        dialog = RotateDialog(self.context, self, self._server, service)
        dialog.finished.connect(lambda _: self._rotated() if dialog.is_done else None)
        dialog.open()

    def _ask_version(self) -> None:
        service = self._server.model.services.get(self._id)
        if service is not None:
            VersionDialog(self.context, self, self._server, service).open()
