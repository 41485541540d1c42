"""A new password for a database: made up or one's own; who has to be deployed again; how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.models.database_words import (
    dependents_words,
    listed,
    redeploy_words,
    rotated_words,
    rotation_words,
)
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.dialog import AskingDialog
from godploy_desktop.ui.pages.frame.layout import Switcher
from godploy_desktop.ui.widgets import CheckBox, Form, Icon, Label, PasswordField, Select, Spinner, column, row
from godploy_server.contract import BadInput, Problem, RemovalPreview, Rotated, RotatePassword, Service

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_LEAST = 8


class RotateDialog(AskingDialog):
    """Stays open with the result; `is_done` says afterwards that the password was changed."""

    def __init__(self, context: Context, parent: QWidget, server: Server, service: Service) -> None:
        super().__init__(
            context, parent, f"Change the password of {service.name}", rotation_words(service), icon="key-round"
        )
        self._server, self._service = server, service
        self.is_done = False
        self._how = Select("New password", {"generated": "Made up: long and random", "own": "My own"})
        self._how.box.setObjectName("rotate-how")
        self._password = PasswordField("Password", hint=f"{_LEAST} characters or more", check=check_password)
        self._password.edit.setObjectName("rotate-own-password")
        self._users = Label("Reading who refers to it…", "sm", 400, "text2", wrap=True)
        self._redeploy = CheckBox("", checked=True)
        self._redeploy.setObjectName("rotate-redeploys")
        self._warning = Label("", "sm", 400, "warn", wrap=True)
        self._form = Form(self._how, self._password)
        asking, working, ended = QWidget(), QWidget(), QWidget()
        self._names: tuple[str, ...] = ()
        column(self._form, 4, self._users, self._redeploy, self._warning, spacing=8, parent=asking)
        column(row(Spinner(), Label("Changing the password…", "md", 400, "text2"), None), parent=working)
        self._result = Label("", "md", 400, "text", wrap=True)
        line = row(Icon("circle-check", 16, "ok"), spacing=10)
        line.addWidget(self._result, 1)
        column(line, parent=ended)
        self._parts = Switcher({"asking": asking, "working": working, "ended": ended})
        self._parts.show_part("asking")
        self.body.addWidget(self._parts)
        self._foot_button = self.add_foot("Change password", "confirm-rotate", self._press)
        self._how.changed.connect(self._show_how)
        self._redeploy.toggled.connect(self._show_warning)
        self._redeploy.hide()
        self._warning.hide()
        self._show_how()
        self.read(
            "Reading who refers to it", lambda: server.agent.preview_service_removal(service.id), self._show_users
        )

    def _show_how(self) -> None:
        self._password.setVisible(self._how.value() == "own")
        self.refit()

    def _show_users(self, preview: RemovalPreview) -> None:
        self._names = preview.dependents
        self._users.setText(dependents_words(preview.dependents))
        if preview.dependents:
            self._users.setText(f"{dependents_words(preview.dependents)} {', '.join(preview.dependents)}.")
            self._redeploy.setText(redeploy_words(preview.dependents))
            self._redeploy.setAccessibleName(self._redeploy.text())
            self._redeploy.updateGeometry()
            self._redeploy.show()
        self.refit()

    def _show_no_users(self, problem: Problem) -> None:
        self._users.setText(f"Who refers to it could not be read: {problem.why}. They are deployed again all the same.")
        self.refit()

    def _show_warning(self, redeploys: bool) -> None:
        self._warning.setText(f"Until {listed(self._names)} are deployed again, they cannot log in.")
        self._warning.setVisible(not redeploys)
        self.refit()

    def _press(self) -> None:
        if self.is_done:
            self.close_with(None)
            self.context.shell.go(Route("deployments"))
            return
        is_own = self._how.value() == "own"
        if is_own and not self._password.is_valid():
            return
        request = RotatePassword(self._password.value() if is_own else None, self._redeploy.isChecked())
        self.problems.clear_problem()
        self._show_part("working")
        self._foot_button.set_busy(True)
        self.refit()
        self.act(
            f"Change the password of {self._service.name}",
            lambda: self._server.rotate(self._service.id, request),
            done=self._show_result,
            failed=self._show_failure,
            about=self._service.id,
        )

    def _show_failure(self, problem: Problem) -> None:
        self._show_part("asking")
        self.show_problem(problem)

    def _show_part(self, key: str) -> None:
        """Once it was asked for, closing the dialog takes nothing back."""
        self._parts.show_part(key)
        if self.dismiss is not None:
            self.dismiss.set_content("Cancel" if key == "asking" else "Close")

    def _show_result(self, rotated: Rotated) -> None:
        self.is_done = True
        self._result.setText(rotated_words(rotated))
        self._show_part("ended")
        self._foot_button.set_busy(False)
        self._foot_button.set_content("Show deployments")
        self._foot_button.setVisible(bool(rotated.deployments))
        self.refit()


def check_password(text: str) -> str:
    """Give back a password that can be used: long enough, no control characters; raises BadInput."""
    if len(text) < _LEAST or not text.isprintable():
        raise BadInput(
            "The password cannot be used",
            f"a password has {_LEAST} characters or more and no line breaks",
            "Choose another one",
        )
    return text
