"""The settings of a service: source, builder, what runs, health, limits, rollout, storage; and deleting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.sources import folder_source, this_computer
from godploy_desktop.ui.models.service_form import fields_of, settings_of
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.removal import confirm_removal
from godploy_desktop.ui.pages.service.source_section import SourceSection
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.pages.service_forms.builder import BuilderForm
from godploy_desktop.ui.pages.service_forms.running import running_fields
from godploy_desktop.ui.pages.service_forms.sources import call, side_by_side
from godploy_desktop.ui.pages.service_forms.storage import mounts_field, ports_field
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CardGrid,
    Field,
    Form,
    Label,
    ScrollArea,
    Section,
    are_valid,
    column,
    fields_in_use,
    row,
)
from godploy_server.contract import ChangeService, GodployError, Problem, Service, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_PREFIX = "setting"
_RUNNING = (
    ("Runs", "What is started", (("port", "replicas"), ("command",))),
    ("Health", "When a new release takes over", (("health_path", "health_timeout"), ("health_command",))),
    ("Limits", "What one instance may use", (("memory", "cpus"),)),
    (
        "Rollout",
        "How a release replaces another",
        (("strategy",), ("drain", "settle"), ("stop_grace", "build_timeout")),
    ),
)


class SettingsTab(ServiceTab):
    """What is typed stays until it is saved or discarded, whatever the server reports meanwhile."""

    fills = True

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._held: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._note = Label("", "sm", 400, "text2")
        self._save = Button("Save", "save", ButtonKind.PRIMARY, on_click=self._save_changes)
        self._save.setObjectName("save-settings")
        self._discard = Button("Discard", "undo-2", ButtonKind.GHOST, on_click=self.discard)
        self._discard.setObjectName("discard-settings")
        self._delete = self._delete_button()
        self._scroll = ScrollArea()
        self._source: SourceSection | None = None
        self._build()
        self.body.addWidget(self._scroll, 1)
        self.body.addLayout(row(self._note, None, self._discard, self._save))
        self.discard()

    def _delete_button(self) -> Button:
        made = Button("Delete service", "trash-2", ButtonKind.DANGER, on_click=self._ask_delete)
        made.setObjectName("delete-service")
        return made

    def _build(self) -> None:
        """Make the fields that a service with this kind of source has."""
        service = self.service
        self._kind = service.settings.source.kind if service is not None else "image"
        self._is_built = self._kind != "image"
        if self._source is not None:
            self._source.dispose()
        self._source = SourceSection(self.context, self.server, self.service_id, _PREFIX)
        self._source.problem.connect(self.show_problem)
        self.when_disposed(self._source.dispose)
        self._builder = BuilderForm(_PREFIX) if self._is_built else None
        self._fields: dict[str, Field] = {
            **self._source.by_key,
            **(self._builder.by_key if self._builder else {}),
            **running_fields(_PREFIX),
            "mounts": mounts_field(_PREFIX),
            "ports": ports_field(_PREFIX),
        }
        call({key: self._fields[key] for key in ("mounts", "ports")}, _PREFIX)
        self._content = self._lay_out(self._source)
        self._scroll.set_content(self._content)
        for field in self._fields.values():
            field.changed.connect(self._show_state)

    def _lay_out(self, source: SourceSection) -> QWidget:
        cards = QWidget()
        grid = CardGrid(cards, minimum_width=340)
        grid.addWidget(source)
        if self._builder is not None:
            section = Section("Builder", "What turns the source into an image")
            section.body.addWidget(self._builder)
            section.body.addStretch(1)
            grid.addWidget(section)
        for title, subtitle, lines in _RUNNING:
            section = Section(title, subtitle)
            section.body.addWidget(Form(*(side_by_side(*(self._fields[name] for name in line)) for line in lines)))
            section.body.addStretch(1)
            grid.addWidget(section)
        self._fields["build_timeout"].setVisible(self._is_built)
        storage = Section("Storage and ports", "What the container sees of the server")
        storage.body.addWidget(Form(self._fields["mounts"], self._fields["ports"], spacing=20))
        danger = Section("Delete", "Removes the service with its containers, releases and domains.", self._delete)
        content = QWidget()
        column(cards, storage, danger, None, spacing=12, parent=content)
        return content

    def service_changed(self) -> None:
        service = self.service
        if service is None:
            return
        if service.settings.source.kind != self._kind:  # changed elsewhere: other fields are wanted
            self._delete = self._delete_button()
            self._build()
            self.discard()
            return
        fresh = fields_of(service.settings)
        if fresh != self._held and not self.is_dirty():
            self.discard()
        self._held = fresh
        self._show_state()

    def is_dirty(self) -> bool:
        """Whether a field differs from what the server holds."""
        return any(field.value() != self._shown.get(name) for name, field in self._fields.items())

    def discard(self) -> None:
        """Show what the server holds."""
        service = self.service
        if service is None:
            return
        self._held = fields_of(service.settings)
        for name, field in self._fields.items():
            field.set_value(self._held[name])
            field.set_error("")
        self._shown = {name: field.value() for name, field in self._fields.items()}
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
        is_valid = are_valid(fields_in_use(self._content))
        try:
            texts = self._held | {name: field.value() for name, field in self._fields.items()}
            if texts.get("folder") != self._held.get("folder"):
                texts["folder"] = folder_source(texts["folder"], texts["root"]).path
            settings = settings_of(service.settings, texts, this_computer())
        except GodployError as error:
            self.show_problem(error.problem)
            return
        if not is_valid:
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
