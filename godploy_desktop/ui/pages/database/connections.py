"""How to connect to a database: each of its outputs, passwords as dots until a person asks, each with a way to copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.models.database_words import hides_something, public_warning, reach_words
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.loader import Loader
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.theme import font
from godploy_desktop.ui.widgets import Icon, IconButton, Label, Section, clear, column, row
from godploy_server.contract import Connection, Problem, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_NAME_WIDTH: Final = 110
_REACH_WIDTH: Final = 116


class ConnectionRow(QWidget):
    """One output. `reveal` and `copy` are called with its name; `show_value` shows what was asked for."""

    def __init__(self, connection: Connection, reveal: Callable[[], object], copy: Callable[[], object]) -> None:
        super().__init__()
        self._hidden = connection
        self.is_revealed = False
        name = connection.name
        title = Label(name, "sm", 500, "text", elide=True)
        title.setFixedWidth(_NAME_WIDTH)
        words, tone = reach_words(connection)
        reach = Label(words, "sm", 400, tone)
        reach.setFixedWidth(_REACH_WIDTH)
        self._value = QLineEdit()
        self._value.setReadOnly(True)
        self._value.setFont(font("sm", mono=True))
        self._value.setAccessibleName(f"Value of {name}")
        self._value.setObjectName(f"connection-{name}")
        self._reveal = IconButton("eye", f"Show the password in {name}", on_click=reveal)
        self._reveal.setObjectName(f"reveal-{name}")
        self._copy = IconButton("copy", f"Copy {name} with its password", on_click=copy)
        self._copy.setObjectName(f"copy-{name}")
        self._hides = hides_something(connection)
        line = row(title, spacing=8)
        problem = connection.problem
        said = f"{_capital(problem.why)}. {problem.next_step}." if problem else ""
        missing = Label(said, "sm", 400, "text3", wrap=True)
        line.addWidget(missing, 1)
        line.addWidget(self._value, 1)
        line.addWidget(self._reveal)
        line.addWidget(self._copy)
        line.addWidget(reach)
        column(line, parent=self)
        missing.setVisible(problem is not None)
        for each in (self._value, self._reveal, self._copy):
            each.setVisible(problem is None)
        self._reveal.setEnabled(self._hides)
        self.hide_value()

    def show_value(self, value: str) -> None:
        """Show the value with its password."""
        self.is_revealed = True
        self._show(value)

    def hide_value(self) -> None:
        """Show dots again."""
        self.is_revealed = False
        self._show(self._hidden.value)

    def show_copied(self) -> None:
        """Mark that the value is on the clipboard."""
        self._copy.set_icon("check")

    def _show(self, value: str) -> None:
        self._value.setText(value)
        self._value.setCursorPosition(0)
        verb = "Hide" if self.is_revealed else "Show"
        self._reveal.set_icon("eye-off" if self.is_revealed else "eye", f"{verb} the password in {self._hidden.name}")


class ConnectionsSection(QWidget, Observer):
    """Reads the connections when `load` is called; a password is only read when a person shows or copies it."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, service_id
        self._problems = ProblemSlot()
        self._rows: dict[str, ConnectionRow] = {}
        self._lines = column(spacing=8)
        self._warning = Label("", "sm", 400, "text2", wrap=True)
        warn = row(Icon("triangle-alert", 14, "warn"), spacing=8)
        warn.addWidget(self._warning, 1)
        self._warn_line = QWidget()
        column(warn, margins=(0, 10, 0, 0), parent=self._warn_line)
        content = QWidget()
        column(self._lines, self._warn_line, parent=content, spacing=0)
        self._loader = Loader(self, content, "the connections")
        section = Section("Connections", "A password is read only when it is shown or copied")
        section.body.addWidget(self._problems)
        section.body.addWidget(self._loader)
        column(section, parent=self)
        self._shown: tuple[Connection, ...] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether they were read."""
        return self._loader.is_loaded

    def load(self) -> None:
        """Read them, without passwords."""
        self._loader.load(lambda: self._server.agent.connections(self._id), self._show)

    def hide_passwords(self) -> None:
        """Show dots everywhere again."""
        for each in self._rows.values():
            each.hide_value()

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)

    def _show(self, connections: tuple[Connection, ...]) -> None:
        service = self._server.model.services.get(self._id)
        warning = public_warning(service, self._server.name) if service else ""
        self._warning.setText(warning)
        self._warn_line.setVisible(bool(warning))
        if connections == self._shown:
            return
        self._shown = connections
        clear(self._lines)
        self._rows = {}
        for each in connections:
            made = ConnectionRow(each, partial(self._reveal, each.name), partial(self._copy, each.name))
            self._rows[each.name] = made
            self._lines.addWidget(made)
        if not connections:
            self._lines.addWidget(Label("Its template names no connections.", "sm", 400, "text3"))

    def _reveal(self, name: str) -> None:
        if self._rows[name].is_revealed:
            self._rows[name].hide_value()
        else:
            self._with_password(name, self._rows[name].show_value)

    def _copy(self, name: str) -> None:
        line = self._rows[name]

        def take(value: str) -> None:
            QGuiApplication.clipboard().setText(value)
            line.show_copied()

        self._with_password(name, take)

    def _with_password(self, name: str, use: Callable[[str], object]) -> None:
        def found(connections: tuple[Connection, ...]) -> None:
            wanted = next((each for each in connections if each.name == name), None)
            if wanted is not None and wanted.problem is not None:
                self.show_problem(wanted.problem)
            elif wanted is not None and name in self._rows:
                use(wanted.value)

        self._problems.clear_problem()
        self.read("Reading the password", lambda: self._server.agent.connections(self._id, reveal=True), found)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
