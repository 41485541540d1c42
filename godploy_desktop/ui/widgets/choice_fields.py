"""Fields for more than a line of text: a switch, a file of this computer, a secret that can be made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLineEdit

from godploy_desktop.ui.widgets.buttons import Button, IconButton
from godploy_desktop.ui.widgets.fields import Check, Field, TextField
from godploy_desktop.ui.widgets.layouts import row
from godploy_desktop.ui.widgets.switches import Switch

YES = "yes"
"""The value of a switch that is on; "" is that of one that is off."""


class SwitchField(Field):
    """Yes or no, with a hint below."""

    def __init__(self, text: str, *, on: bool = False, hint: str = "") -> None:
        self.switch = Switch(text, on=on)
        super().__init__("", self.switch, hint)
        self.switch.setAccessibleName(text)
        self.switch.toggled.connect(lambda _on: self.changed.emit())
        self.setFocusProxy(self.switch)

    def value(self) -> str:
        return YES if self.switch.isChecked() else ""

    def set_value(self, value: str) -> None:
        self.switch.setChecked(value == YES)


class PathField(TextField):
    """A folder or file of this computer: typed, or chosen with the system's dialog, which blocks nothing."""

    def __init__(
        self,
        label: str,
        *,
        picks_folder: bool,
        filters: str = "",
        placeholder: str = "",
        hint: str = "",
        check: Check | None = None,
    ) -> None:
        self._picks_folder, self._filters = picks_folder, filters
        self.choose = Button("Choose…", "folder", on_click=self.open_dialog)
        super().__init__(label, placeholder=placeholder, hint=hint, check=check, mono=True, beside=self.choose)

    def open_dialog(self) -> QFileDialog:
        """Ask for a file or folder; what is chosen stands in the field afterwards."""
        dialog = QFileDialog(self.window(), "Choose a folder" if self._picks_folder else "Choose a file")
        mode = QFileDialog.FileMode.Directory if self._picks_folder else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, self._picks_folder)
        if self._filters:
            dialog.setNameFilter(self._filters)
        begin = Path(self.value()).expanduser() if self.value() else Path.home()
        if begin.parent.is_dir():
            dialog.setDirectory(str(begin if begin.is_dir() else begin.parent))
        dialog.fileSelected.connect(self.set_value)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog


class SecretField(TextField):
    """A secret, hidden until a person asks to see it. With `generate` another one is made up on request. The value is
    taken as it is, spaces included."""

    def __init__(
        self,
        label: str,
        *,
        generate: Callable[[], str] | None = None,
        placeholder: str = "",
        hint: str = "",
        check: Check | None = None,
    ) -> None:
        self._generate = generate
        self.reveal = IconButton("eye", f"Show {label.lower()}", on_click=lambda: self.set_revealed(not self.is_shown))
        self.again = IconButton("refresh-cw", f"Make up another {label.lower()}", on_click=self._make_up)
        self.again.setVisible(generate is not None)
        self._name = label.lower()
        super().__init__(
            label,
            placeholder=placeholder,
            hint=hint,
            check=check,
            mono=True,
            beside=row(self.reveal, self.again, spacing=2),
        )
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        if generate is not None:
            self.edit.setText(generate())

    @property
    def is_shown(self) -> bool:
        """Whether the secret can be read."""
        return self.edit.echoMode() is QLineEdit.EchoMode.Normal

    def set_revealed(self, is_revealed: bool) -> None:
        """Show or hide the secret."""
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if is_revealed else QLineEdit.EchoMode.Password)
        self.reveal.set_icon("eye-off" if is_revealed else "eye", f"{'Hide' if is_revealed else 'Show'} {self._name}")

    def value(self) -> str:
        return self.edit.text()

    def _make_up(self) -> None:
        if self._generate is not None:
            self.edit.setText(self._generate())
            self.set_revealed(True)
