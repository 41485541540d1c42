"""The variables of a service: edited together, saved together, in effect with the next deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.references import is_resolved, providers
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.models.variable_edits import change_of, is_empty
from godploy_desktop.ui.pages.database.connect_dialog import ConnectDatabaseDialog
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.loader import Loader
from godploy_desktop.ui.pages.service.tab import ServiceTab
from godploy_desktop.ui.pages.service.variable_row import NAME_WIDTH, SCOPE_WIDTH, SECRET_WIDTH, VariableRow
from godploy_desktop.ui.widgets import Button, ButtonKind, Card, ConfirmDialog, Label, column, row
from godploy_server.contract import GodployError, Problem, Service, ServiceId, SetVariables, Variable

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class VariablesTab(ServiceTab):
    """Reads them when opened; nothing typed is lost without asking."""

    deploy_asked = Signal()

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__(context, server, service_id)
        self._held: tuple[Variable, ...] = ()
        self._rows: list[VariableRow] = []
        self._lines = column(spacing=8)
        self._none = Label("No variables yet.", "sm", 400, "text3")
        self._note = Label("", "sm", 400, "text2")
        self._add = Button("Add variable", "plus", on_click=self._add_empty)
        self._add.setObjectName("add-variable")
        self._connect = Button("Connect a database", "link", on_click=self._ask_connect)
        self._connect.setObjectName("connect-a-database")
        self._save = Button("Save", "save", ButtonKind.PRIMARY, on_click=self._save_changes)
        self._save.setObjectName("save-variables")
        self._discard = Button("Discard", "undo-2", ButtonKind.GHOST, on_click=self.discard)
        self._discard.setObjectName("discard-variables")
        self._deploy = Button("Deploy to apply", "rocket", on_click=self.deploy_asked.emit)
        self._deploy.setObjectName("deploy-to-apply")
        content = QWidget()
        card = Card(16, name="Variables")
        name, value = Label("Name", "sm", 500, "text3"), Label("Value", "sm", 500, "text3")
        seen_by = Label("Seen by", "sm", 500, "text3")
        name.setFixedWidth(NAME_WIDTH)
        seen_by.setFixedWidth(SCOPE_WIDTH + SECRET_WIDTH + 32 + 2 * 8)
        head = row(name, spacing=8)
        head.addWidget(value, 1)
        head.addWidget(seen_by)
        card.body.addLayout(head)
        card.body.addSpacing(8)
        card.body.addLayout(self._lines)
        card.body.addWidget(self._none)
        card.body.addSpacing(12)
        card.body.addLayout(row(self._add, self._connect, None))
        hint = Label(
            "A secret is encrypted on the server and never shown again; a build gets it as a BuildKit secret, which "
            "leaves nothing in the image. Changes take effect with the next deployment.",
            "sm",
            400,
            "text3",
            wrap=True,
        )
        foot = row(self._note, None, self._deploy, self._discard, self._save)
        column(card, foot, hint, None, spacing=12, parent=content)
        self._loader = Loader(self, content, "the variables")
        self.body.addWidget(self._loader, 1)
        self._show_state()

    def opened(self) -> None:
        if not self.is_dirty():
            self._loader.load(lambda: self.server.agent.variables(self.service_id), self._show_held)

    def service_changed(self) -> None:
        self._show_state()
        if self.isVisible() and self.server.model.is_live and not self._loader.is_loaded:
            self.opened()

    def is_dirty(self) -> bool:
        """Whether something typed is not saved; what cannot be saved as it stands counts too."""
        try:
            return not is_empty(self._change())
        except GodployError:
            return True

    def discard(self) -> None:
        """Show what the server holds."""
        self._show_held(self._held)

    def _change(self) -> SetVariables:
        return change_of(self._held, [each.draft() for each in self._rows])

    def _show_held(self, held: tuple[Variable, ...]) -> None:
        self._held = held
        for each in list(self._rows):
            self._drop(each)
        for variable in held:
            self._append(self._row(variable))
        self.problems.clear_problem()
        self._show_state()

    def _add_empty(self) -> None:
        added = VariableRow()
        self._append(added)
        added.name.setFocus()
        self._show_state()

    def _row(self, variable: Variable) -> VariableRow:
        is_missing = bool(variable.reference) and not is_resolved(variable.reference, self._providers())
        service = self.service
        rotation = service.template.rotation if service and service.template else None
        has_data = service is not None and service.release is not None  # before, nobody knows the password yet
        return VariableRow(
            variable,
            is_missing=is_missing and self.server.model.is_live,
            is_rotated=has_data and rotation is not None and variable.name == rotation.variable,
        )

    def _providers(self) -> list[Service]:
        service = self.service
        return providers(self.server.model.services_of(service.project_id), service) if service else []

    def _ask_connect(self) -> None:
        service, found = self.service, self._providers()
        if service is None:
            return
        if not found:
            self._offer_to_make_one(Route("project", server=self.server.id, project=service.project_id))
            return
        taken = [each.name.text().strip() for each in self._rows]
        dialog = ConnectDatabaseDialog(self, self, self.server, service, found, taken)
        dialog.finished.connect(lambda held: self._connected(held) if isinstance(held, tuple) else None)
        dialog.open()

    def _offer_to_make_one(self, project: Route) -> None:
        dialog = ConfirmDialog(
            self,
            "There is no database in this project yet",
            "Make one from a template with “New service”, then connect it here.",
            confirm_text="Open the project",
            is_danger=False,
        )
        dialog.confirm.setObjectName("open-project")
        dialog.finished.connect(lambda answer: self.context.shell.go(project) if answer else None)
        dialog.open()

    def _connected(self, held: tuple[Variable, ...]) -> None:
        """Take over what the server holds now and leave alone what else was typed."""
        if not self.is_dirty():
            self._show_held(held)
        else:
            fresh = {each.name: each for each in held if each.reference and each not in self._held}
            self._held = held
            for line in [each for each in self._rows if each.name.text().strip() in fresh]:
                self._drop(line)
            for variable in fresh.values():
                self._append(self._row(variable))
        self._show_state()
        self._deploy.setVisible(self.service is not None and self.service.release is not None)

    def _append(self, added: VariableRow) -> None:
        added.changed.connect(self._show_state)
        added.removed.connect(lambda: self._remove(added))
        self._rows.append(added)
        self._lines.addWidget(added)

    def _remove(self, gone: VariableRow) -> None:
        self._drop(gone)
        self._show_state()

    def _drop(self, gone: VariableRow) -> None:
        self._rows.remove(gone)
        self._lines.removeWidget(gone)
        gone.hide()
        gone.deleteLater()

    def _show_state(self) -> None:
        dirty = self.is_dirty()
        self._none.setVisible(not self._rows)
        self._connect.setEnabled(self.server.model.is_live)
        self._save.setEnabled(dirty and self.server.model.is_live)
        self._discard.setVisible(dirty)
        service = self.service
        waits = service is not None and service.needs_deployment and service.release is not None
        self._deploy.setVisible(waits and not dirty)
        if dirty:
            self._note.setText("Not saved yet")
        else:
            self._note.setText(words.counted(len(self._rows), "variable") if self._rows else "")

    def _save_changes(self) -> None:
        try:
            change = self._change()
        except GodployError as error:
            self.show_problem(error.problem)
            return
        self.problems.clear_problem()
        self._save.set_busy(True)
        self.act(
            "Save the variables",
            lambda: self.server.set_variables(self.service_id, change),
            done=self._saved,
            failed=self._failed,
            about=self.service_id,
        )

    def _saved(self, held: tuple[Variable, ...]) -> None:
        self._save.set_busy(False)
        self._show_held(held)
        self._deploy.setVisible(self.service is not None and self.service.release is not None)

    def _failed(self, problem: Problem) -> None:
        self._save.set_busy(False)
        self._show_state()
        self.show_problem(problem)
