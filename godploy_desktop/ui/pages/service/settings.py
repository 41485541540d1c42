"""The settings of a service: source, port, health, instances, limits, rollout; and deleting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models import forms
from godploy_desktop.ui.models.service_form import fields_of, settings_of
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.removal import confirm_removal
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CardGrid,
    CopyField,
    Form,
    Label,
    ScrollArea,
    Section,
    TextField,
    column,
    row,
)
from godploy_server.contract import ChangeService, GitSource, GodployError, Problem, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class SettingsTab(ServiceTab):
    """What is typed stays until it is saved or discarded, whatever the server reports meanwhile."""

    fills = True

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._fields = self._make_fields()
        self._held: dict[str, str] = {}
        self._note = Label("", "sm", 400, "text2")
        self._save = Button("Save", "save", ButtonKind.PRIMARY, on_click=self._save_changes)
        self._save.setObjectName("save-settings")
        self._discard = Button("Discard", "undo-2", ButtonKind.GHOST, on_click=self.discard)
        self._discard.setObjectName("discard-settings")
        self._delete = Button("Delete service", "trash-2", ButtonKind.DANGER, on_click=self._ask_delete)
        self._delete.setObjectName("delete-service")
        self._key = CopyField("", label="Deploy key, for read-only access")
        self._key.setObjectName("settings-deploy-key")
        self.body.addWidget(ScrollArea(self._lay_out()), 1)
        self.body.addLayout(row(self._note, None, self._discard, self._save))
        for name, field in self._fields.items():
            field.edit.setObjectName(f"setting-{name.replace('_', '-')}")
            field.changed.connect(self._show_state)
        self.discard()

    def _make_fields(self) -> dict[str, TextField]:
        service = self.service
        is_git = service is not None and isinstance(service.settings.source, GitSource)
        return {
            "url": TextField(
                "Repository" if is_git else "Image", check=forms.check_git_url if is_git else None, mono=True
            ),
            "branch": TextField("Branch"),
            "root": TextField("Folder in the repository", placeholder="the top"),
            "dockerfile": TextField("Dockerfile", mono=True),
            "port": TextField("Port", hint="Empty for a worker that serves nothing", check=forms.parse_port),
            "command": TextField("Command", placeholder="as the image has it", mono=True),
            "replicas": TextField("Instances"),
            "health_path": TextField("Health check path", check=forms.check_path, mono=True),
            "health_timeout": TextField("Time to become healthy, s"),
            "memory": TextField("Memory of each instance, MB", placeholder="no limit"),
            "cpus": TextField("Cores of each instance", placeholder="no limit"),
            "drain": TextField("Drain, s", hint="Longer than the longest request"),
            "settle": TextField("Settle, s", hint="Watched after the switch"),
            "build_timeout": TextField("Longest build, minutes"),
        }

    def _lay_out(self) -> QWidget:
        service = self.service
        is_git = service is not None and isinstance(service.settings.source, GitSource)
        of_source = ("url", "branch", "root", "dockerfile") if is_git else ("url",)
        source = Section("Source", "What a deployment builds")
        source.body.addWidget(Form(*(self._fields[name] for name in of_source)))
        if is_git:
            source.body.addSpacing(14)
            source.body.addWidget(self._key)
        source.body.addStretch(1)
        cards = QWidget()
        grid = CardGrid(cards, minimum_width=340)
        grid.addWidget(source)
        for title, subtitle, names in (
            ("Runs", "What is started", ("port", "command", "replicas")),
            ("Health", "When a new release takes over", ("health_path", "health_timeout")),
            ("Limits", "What one instance may use", ("memory", "cpus")),
            ("Rollout", "How a release replaces another", ("drain", "settle", "build_timeout")),
        ):
            section = Section(title, subtitle)
            section.body.addWidget(Form(*(self._fields[name] for name in names)))
            section.body.addStretch(1)
            grid.addWidget(section)
        danger = Section("Delete", "Removes the service with its containers, releases and domains.", self._delete)
        content = QWidget()
        column(cards, danger, None, spacing=12, parent=content)
        return content

    def service_changed(self) -> None:
        service = self.service
        if service is None:
            return
        fresh = fields_of(service.settings)
        if fresh != self._held and not self.is_dirty():
            self.discard()
        self._held = fresh
        self._show_state()

    def is_dirty(self) -> bool:
        """Whether a field differs from what the server holds."""
        return any(self._fields[name].edit.text() != text for name, text in self._held.items())

    def discard(self) -> None:
        """Show what the server holds."""
        service = self.service
        if service is None:
            return
        self._held = fields_of(service.settings)
        for name, text in self._held.items():
            self._fields[name].set_value(text)
        self._key.set_value(service.deploy_key)
        self.problems.clear_problem()
        self._show_state()

    def _show_state(self) -> None:
        dirty = self.is_dirty()
        self._save.setEnabled(dirty and self.server.model.is_live)
        self._discard.setVisible(dirty)
        self._delete.setEnabled(self.server.model.is_live)
        self._note.setText("Not saved yet" if dirty else "Changes take effect with the next deployment")

    def _save_changes(self) -> None:
        service = self.service
        if service is None:
            return
        try:
            texts = {name: field.edit.text() for name, field in self._fields.items()}
            settings = settings_of(service.settings, texts)
        except GodployError as error:
            self.show_problem(error.problem)
            return
        self.problems.clear_problem()
        self._save.set_busy(True)
        self.act(
            f"Save the settings of {service.name}",
            lambda: self.server.change_service(self.service_id, ChangeService(settings=settings)),
            done=self._saved,
            failed=self._failed,
            about=self.service_id,
        )

    def _saved(self, _service: Service) -> None:
        self._save.set_busy(False)
        self.discard()

    def _failed(self, problem: Problem) -> None:
        self._save.set_busy(False)
        self._show_state()
        self.show_problem(problem)

    def _ask_delete(self) -> None:
        service = self.service
        if service is None:
            return
        confirm_removal(
            self,
            self,
            title=f"Delete {service.name}?",
            text=f"Everything below goes from {self.server.name} and does not come back.",
            preview=lambda: self.server.agent.preview_service_removal(self.service_id),
            name=service.name,
            confirmed=lambda: self.act(
                f"Delete {service.name}", lambda: self.server.delete_service(self.service_id), about=self.service_id
            ),
        )
