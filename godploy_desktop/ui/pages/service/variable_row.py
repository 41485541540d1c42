"""One line of the form of variables: name, value or where it comes from, who sees it, secret or not, remove."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.models.references import reference_words
from godploy_desktop.ui.models.variable_edits import SCOPE_WORDS, Draft, Scope, build_hint, scope_of
from godploy_desktop.ui.theme import font, icon, theme, tokens
from godploy_desktop.ui.widgets import CheckBox, IconButton, Label, SelectBox, column, row
from godploy_server.contract import Variable

NAME_WIDTH = 220
SCOPE_WIDTH = 132
SECRET_WIDTH = 84


class VariableRow(QWidget):
    """A secret that the server holds shows dots and is only ever replaced, never read. A reference is shown as what it
    is taken from; `is_missing` says that nothing gives that value any more. With `is_rotated` it is the password of a
    database, which only a rotation changes: another value here alone would lock everyone out."""

    changed = Signal()
    removed = Signal()

    def __init__(self, variable: Variable | None = None, *, is_missing: bool = False, is_rotated: bool = False) -> None:
        super().__init__()
        self._held = variable
        self._reference = variable.reference if variable else ""
        name = variable.name if variable else ""
        key = name or "new"
        self.name = QLineEdit(name)
        self.name.setFont(font("sm", mono=True))
        self.name.setPlaceholderText("NAME")
        self.name.setFixedWidth(NAME_WIDTH)
        self.name.setAccessibleName("Name of the variable")
        self.name.setObjectName(f"variable-name-{key}")
        self.value = QLineEdit((variable.value or "") if variable else "")
        self.value.setCursorPosition(0)  # a long value is read from its beginning
        self.value.setFont(font("sm", mono=True))
        self.value.setAccessibleName(f"Value of {name or 'the new variable'}")
        self.value.setObjectName(f"variable-value-{key}")
        self.scope = SelectBox({each.value: text for each, text in SCOPE_WORDS.items()}, _scope(variable).value)
        self.scope.setAccessibleName(f"Who sees {name or 'the new variable'}")
        self.scope.setAccessibleDescription(SCOPE_WORDS[_scope(variable)])
        self.scope.setToolTip("Run: the program sees it. Build: the build sees it.")
        self.scope.setObjectName(f"variable-scope-{key}")
        self.scope.setFixedWidth(SCOPE_WIDTH)
        self.secret = CheckBox("Secret", checked=variable.is_secret if variable else False)
        self.secret.setObjectName(f"variable-secret-{key}")
        self.secret.setFixedWidth(SECRET_WIDTH)
        self._hint = Label("", "xs", 400, "text3", wrap=True)
        remove = IconButton("trash-2", f"Remove {name or 'the new variable'}", on_click=self.removed.emit)
        remove.setObjectName(f"variable-remove-{key}")
        line = row(self.name, spacing=8)
        line.addWidget(self.value, 1)
        line.addWidget(self.scope)
        line.addWidget(self.secret)
        line.addWidget(remove)
        column(line, self._hint, spacing=4, parent=self)
        self.name.textEdited.connect(lambda _text: self._edited())
        self.value.textEdited.connect(lambda _text: self._edited())
        self.scope.chosen.connect(lambda _value: self._edited())
        self.secret.toggled.connect(lambda _on: self._edited())
        self._is_missing, self._is_rotated = is_missing, is_rotated
        if self._reference:
            self._show_reference()
        if is_rotated:
            for field in (self.name, self.value):
                field.setReadOnly(True)
            for part in (self.secret, self.scope, remove):
                part.setEnabled(False)
        self._show_secrecy()

    @property
    def reference(self) -> str:
        """What the value is taken from, "" if it stands here."""
        return self._reference

    def draft(self) -> Draft:
        """Give back what stands here."""
        scope = Scope(self.scope.value)
        if self._reference:
            return Draft(self.name.text(), None, is_secret=True, scope=scope, reference=self._reference)
        keeps = self._keeps_secret() and not self.value.text()
        return Draft(self.name.text(), None if keeps else self.value.text(), self.secret.isChecked(), scope)

    def _edited(self) -> None:
        self._show_secrecy()
        self.changed.emit()

    def _keeps_secret(self) -> bool:
        return self._held is not None and self._held.is_secret

    def _show_reference(self) -> None:
        words = reference_words(self._reference)
        self.value.setText(f"{words} — missing" if self._is_missing else words)
        self.value.setReadOnly(True)
        self.value.setFont(font("sm"))
        self.value.setAccessibleDescription("The server makes the value at each deployment")
        self.value.setProperty("invalid", self._is_missing)
        self._mark = QAction(self.value)
        self.value.addAction(self._mark, QLineEdit.ActionPosition.LeadingPosition)
        self.secret.setChecked(True)
        self.secret.setEnabled(False)
        self.secret.setToolTip("What comes from another service is always handled as a secret")
        theme().theme_changed.connect(self._retint)
        self._retint()

    def _retint(self) -> None:
        self._mark.setIcon(icon("link", tokens().err if self._is_missing else tokens().accent, 14))

    def _show_secrecy(self) -> None:
        hint = build_hint(self.draft())
        if self._is_missing:
            hint = "No service of this project gives this value: a deployment would fail. Connect another, or remove it"
        if self._is_rotated:
            hint = "The password: change it with “Rotate password” in the overview, so that the database learns of it"
        self._hint.setText(hint)
        self._hint.set_tone("err" if self._is_missing else "text3")
        self._hint.setVisible(bool(hint))
        if self._reference:
            return
        is_secret = self.secret.isChecked()
        self.value.setEchoMode(QLineEdit.EchoMode.Password if is_secret else QLineEdit.EchoMode.Normal)
        kept = "•••••••• kept" if self._is_rotated else "•••••••• kept; type to replace"
        self.value.setPlaceholderText(kept if self._keeps_secret() and is_secret else "value")


def _scope(variable: Variable | None) -> Scope:
    return scope_of(variable) if variable else Scope.RUN
