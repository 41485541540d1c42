"""A secret to take along: dots until a person asks to see it, copied without being shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.models.push_words import MASK
from godploy_desktop.ui.theme import font
from godploy_desktop.ui.widgets import IconButton, Label, column, row

Read = Callable[[Callable[[str], object]], object]
"""Reads the secret and calls what it is given with it."""


class HiddenValue(QWidget):
    """`read` is asked for the secret each time that it is shown or copied; it is not kept."""

    def __init__(self, label: str, name: str, read: Read) -> None:
        super().__init__()
        self._label, self._read = label.lower(), read
        self._edit = QLineEdit(MASK)
        self._edit.setReadOnly(True)
        self._edit.setFont(font("sm", mono=True))
        self._edit.setAccessibleName(label)
        self._edit.setObjectName(name)
        self._reveal = IconButton("eye", f"Show the {self._label}", on_click=self._toggle)
        self._reveal.setObjectName(f"reveal-{name}")
        self._copy = IconButton("copy", f"Copy the {self._label}", on_click=lambda: read(self._copied))
        self._copy.setObjectName(f"copy-{name}")
        line = row(spacing=6)
        line.addWidget(self._edit, 1)
        line.addWidget(self._reveal)
        line.addWidget(self._copy)
        column(Label(label, "sm", 500, "text2"), line, spacing=5, parent=self)
        self._is_shown = False

    def hide_value(self) -> None:
        """Show dots again."""
        self._show(MASK, is_shown=False)

    def set_readable(self, is_readable: bool) -> None:
        """Whether the secret can be asked for now."""
        self._reveal.setEnabled(is_readable)
        self._copy.setEnabled(is_readable)

    def _toggle(self) -> None:
        if self._is_shown:
            self.hide_value()
        else:
            self._read(lambda value: self._show(value, is_shown=True))

    def _copied(self, value: str) -> None:
        QGuiApplication.clipboard().setText(value)
        self._copy.set_icon("check")

    def _show(self, value: str, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._edit.setText(value)
        self._edit.setCursorPosition(0)
        verb = "Hide" if is_shown else "Show"
        self._reveal.set_icon("eye-off" if is_shown else "eye", f"{verb} the {self._label}")
        self._copy.set_icon("copy")
