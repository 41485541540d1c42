"""Fields of a form: each has its label, an optional hint, and says itself what is wrong with its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QLayout, QLineEdit, QPlainTextEdit, QWidget

from godploy_desktop.ui.theme import font, icon, theme, tokens
from godploy_desktop.ui.widgets.buttons import IconButton
from godploy_desktop.ui.widgets.layouts import column, row
from godploy_desktop.ui.widgets.select_box import SelectBox
from godploy_desktop.ui.widgets.text import Label
from godploy_server.contract import GodployError

Check = Callable[[str], object]
"""Takes the value and raises GodployError if it cannot be used."""


class Field(QWidget):
    """Base: label above, control with what stands beside it, and below the hint or, in its place, what is wrong.
    `changed` tells of edits."""

    changed = Signal()

    def __init__(
        self,
        label: str,
        control: QWidget,
        hint: str = "",
        check: Check | None = None,
        beside: QWidget | QLayout | None = None,
    ) -> None:
        super().__init__()
        self.control = control
        self._hint, self._check = hint, check
        self._label = Label(label, "sm", 500, "text2")
        self._label.setBuddy(control)
        self._below = Label(hint, "sm", 400, "text3", wrap=True)
        self._below.setVisible(bool(hint))
        self._label.setVisible(bool(label))
        control.setAccessibleName(label or hint)
        line = row(spacing=6)
        line.addWidget(control, 1)
        if isinstance(beside, QLayout):
            line.addLayout(beside)
        elif beside is not None:
            line.addWidget(beside)
        self._column = column(self._label, control if beside is None else line, self._below, spacing=5, parent=self)
        self.changed.connect(self._recheck)
        self._has_error = False

    def value(self) -> str:
        """Give back what stands in the field."""
        raise NotImplementedError

    def set_value(self, value: str) -> None:
        """Put `value` into the field."""
        raise NotImplementedError

    @property
    def error(self) -> str:
        """What is said to be wrong now, "" if nothing."""
        return self._below.text() if self._has_error else ""

    def set_error(self, error: str) -> None:
        """Show what is wrong; "" shows the hint again."""
        self._has_error = bool(error)
        self._below.setText(error or self._hint)
        self._below.set_tone("err" if error else "text3")
        self._below.setVisible(bool(error or self._hint))
        self.control.setProperty("invalid", self._has_error)
        self.control.setAccessibleDescription(error or self._hint)
        self.control.style().unpolish(self.control)
        self.control.style().polish(self.control)

    def set_hint(self, hint: str) -> None:
        """Say something else below, unless an error stands there."""
        self._hint = hint
        if not self._has_error:
            self.set_error("")

    def is_valid(self) -> bool:
        """Check the value and show what is wrong, if anything."""
        if self._check is None:
            return True
        try:
            self._check(self.value())
        except GodployError as error:
            why = error.problem.why
            self.set_error(why[:1].upper() + why[1:])
            return False
        self.set_error("")
        return True

    def _recheck(self) -> None:
        """A field that was found wrong says at once when it is right; a field not yet judged is left in peace."""
        if self._has_error:
            if self._check is None:
                self.set_error("")
            else:
                self.is_valid()


class TextField(Field):
    """One line of text. `submitted` tells of Enter."""

    submitted = Signal()

    def __init__(
        self,
        label: str,
        value: str = "",
        *,
        placeholder: str = "",
        hint: str = "",
        check: Check | None = None,
        mono: bool = False,
        beside: QWidget | QLayout | None = None,
    ) -> None:
        self.edit = QLineEdit(value)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setFont(font("sm" if mono else "md", mono=mono))
        super().__init__(label, self.edit, hint, check, beside)
        self.edit.textChanged.connect(lambda _text: self.changed.emit())
        self.edit.returnPressed.connect(self.submitted)
        self.setFocusProxy(self.edit)

    def value(self) -> str:
        return self.edit.text().strip()

    def set_value(self, value: str) -> None:
        self.edit.setText(value)
        self.edit.setCursorPosition(0)  # a long value is read from its beginning


class PasswordField(TextField):
    """A secret, hidden until a person asks to see it. The value is taken as it is, spaces included."""

    def __init__(self, label: str, *, placeholder: str = "", hint: str = "", check: Check | None = None) -> None:
        super().__init__(label, "", placeholder=placeholder, hint=hint, check=check)
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._reveal = QAction("Show", self.edit)
        self._reveal.triggered.connect(lambda _checked=False: self.set_revealed(not self.is_revealed))
        self.edit.addAction(self._reveal, QLineEdit.ActionPosition.TrailingPosition)
        theme().theme_changed.connect(self._retint)
        self._retint()

    @property
    def is_revealed(self) -> bool:
        """Whether the secret is shown."""
        return self.edit.echoMode() is QLineEdit.EchoMode.Normal

    def set_revealed(self, is_revealed: bool) -> None:
        """Show or hide the secret."""
        mode = QLineEdit.EchoMode.Normal if is_revealed else QLineEdit.EchoMode.Password
        self.edit.setEchoMode(mode)
        self._retint()

    def value(self) -> str:
        return self.edit.text()

    def _retint(self) -> None:
        self._reveal.setText("Hide" if self.is_revealed else "Show")
        self._reveal.setIcon(icon("eye-off" if self.is_revealed else "eye", tokens().text3))


class NumberField(TextField):
    """A whole number from `minimum` to `maximum`; `number()` gives it back once the field is valid."""

    def __init__(self, label: str, value: int, *, minimum: int, maximum: int, unit: str = "", hint: str = "") -> None:
        self._minimum, self._maximum, self._unit = minimum, maximum, unit
        super().__init__(label, str(value), hint=hint)
        self.edit.setMaximumWidth(160)

    def number(self) -> int:
        """Give back the number. Raises ValueError while the field is not valid."""
        return int(self.value())

    def is_valid(self) -> bool:
        try:
            fits = self._minimum <= self.number() <= self._maximum
        except ValueError:
            fits = False
        unit = f" {self._unit}" if self._unit else ""
        self.set_error("" if fits else f"A whole number from {self._minimum} to {self._maximum}{unit}")
        return fits

    def _recheck(self) -> None:
        if self._has_error:
            self.is_valid()


class TextAreaField(Field):
    """Several lines of text."""

    def __init__(
        self,
        label: str,
        value: str = "",
        *,
        placeholder: str = "",
        hint: str = "",
        lines: int = 5,
        mono: bool = False,
        check: Check | None = None,
    ) -> None:
        self.edit = QPlainTextEdit(value)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setFont(font("sm" if mono else "md", mono=mono))
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(lines * 19 + 14)
        super().__init__(label, self.edit, hint, check)
        self.edit.textChanged.connect(self.changed)
        self.setFocusProxy(self.edit)

    def value(self) -> str:
        return self.edit.toPlainText()

    def set_value(self, value: str) -> None:
        self.edit.setPlainText(value)


class Select(Field):
    """One of several: `options` maps each value to the text that is shown."""

    def __init__(self, label: str, options: Mapping[str, str], value: str = "", *, hint: str = "") -> None:
        self.box = SelectBox(options, value)
        super().__init__(label, self.box, hint)
        self.box.chosen.connect(lambda _value: self.changed.emit())
        self.setFocusProxy(self.box)

    def value(self) -> str:
        return self.box.value

    def set_value(self, value: str) -> None:
        self.box.choose(value)

    def set_options(self, options: Mapping[str, str]) -> None:
        """Offer other options; the value stays if it is among them."""
        self.box.set_options(options)


class FilterField(QLineEdit):
    """A search field for what is shown on the page. `textChanged` tells of edits; Esc empties it."""

    def __init__(self, placeholder: str, width: int | None = None) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setFont(font("sm"))
        self.setClearButtonEnabled(False)
        self._lens = QAction("Search", self)
        self.addAction(self._lens, QLineEdit.ActionPosition.LeadingPosition)
        if width:
            self.setFixedWidth(width)
        theme().theme_changed.connect(self._retint)
        self._retint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def _retint(self) -> None:
        self._lens.setIcon(icon("search", tokens().text3, 14))


class CopyField(QWidget):
    """A value to take along (a key, an address) with a button that copies it."""

    def __init__(self, value: str = "", *, label: str = "", mono: bool = True) -> None:
        super().__init__()
        self._edit = QLineEdit(value)
        self._edit.setReadOnly(True)
        self._edit.setFont(font("sm", mono=mono))
        self._edit.setCursorPosition(0)
        self._edit.setAccessibleName(label or "Value to copy")
        self._copy = IconButton("copy", f"Copy {label}".strip(), on_click=self.copy)
        line = row(spacing=6)
        line.addWidget(self._edit, 1)
        line.addWidget(self._copy)
        layout = column(spacing=5, parent=self)
        if label:
            layout.addWidget(Label(label, "sm", 500, "text2"))
        layout.addLayout(line)

    def value(self) -> str:
        """Give back the value."""
        return self._edit.text()

    def set_value(self, value: str) -> None:
        """Show another value."""
        self._edit.setText(value)
        self._edit.setCursorPosition(0)
        self._copy.set_icon("copy")

    def copy(self) -> None:
        """Put the value on the clipboard."""
        QGuiApplication.clipboard().setText(self._edit.text())
        self._copy.set_icon("check")
