"""One line of the form of variables: name, value, secret or not, remove."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.models.variable_edits import Draft
from godploy_desktop.ui.theme import font
from godploy_desktop.ui.widgets import CheckBox, IconButton, row
from godploy_server.contract import Variable

NAME_WIDTH = 240
SECRET_WIDTH = 84


class VariableRow(QWidget):
    """A secret that the server holds shows dots and is only ever replaced, never read."""

    changed = Signal()
    removed = Signal()

    def __init__(self, variable: Variable | None = None) -> None:
        super().__init__()
        self._held = variable
        name = variable.name if variable else ""
        self.name = QLineEdit(name)
        self.name.setFont(font("sm", mono=True))
        self.name.setPlaceholderText("NAME")
        self.name.setFixedWidth(NAME_WIDTH)
        self.name.setAccessibleName("Name of the variable")
        self.name.setObjectName(f"variable-name-{name or 'new'}")
        self.value = QLineEdit((variable.value or "") if variable else "")
        self.value.setFont(font("sm", mono=True))
        self.value.setAccessibleName(f"Value of {name or 'the new variable'}")
        self.value.setObjectName(f"variable-value-{name or 'new'}")
        self.secret = CheckBox("Secret", checked=variable.is_secret if variable else False)
        self.secret.setObjectName(f"variable-secret-{name or 'new'}")
        remove = IconButton("trash-2", f"Remove {name or 'the new variable'}", on_click=self.removed.emit)
        remove.setObjectName(f"variable-remove-{name or 'new'}")
        line = row(self.name, spacing=8, parent=self)
        line.addWidget(self.value, 1)
        line.addWidget(self.secret)
        line.addWidget(remove)
        self.secret.setFixedWidth(SECRET_WIDTH)
        self.name.textEdited.connect(lambda _text: self.changed.emit())
        self.value.textEdited.connect(lambda _text: self.changed.emit())
        self.secret.toggled.connect(lambda _on: self._show_secrecy())
        self.secret.toggled.connect(lambda _on: self.changed.emit())
        self._show_secrecy()

    def draft(self) -> Draft:
        """Give back what stands here."""
        keeps = self._keeps_secret() and not self.value.text()
        return Draft(self.name.text(), None if keeps else self.value.text(), self.secret.isChecked())

    def _keeps_secret(self) -> bool:
        return self._held is not None and self._held.is_secret

    def _show_secrecy(self) -> None:
        is_secret = self.secret.isChecked()
        self.value.setEchoMode(QLineEdit.EchoMode.Password if is_secret else QLineEdit.EchoMode.Normal)
        self.value.setPlaceholderText(
            "•••••••• kept; type to replace" if self._keeps_secret() and is_secret else "value"
        )
