"""A section of a server's settings that lists what the server keeps: read when asked, changed while connected."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.loader import Loader
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.widgets import Button, Label, Section, column
from godploy_server.contract import Problem

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

T = TypeVar("T")


class KeptListSection(QWidget, Observer, Generic[T]):
    """What is kept is in `lines`, one a line, or `none` says that there is nothing. `needing` are the buttons of the
    lines that need the server; `add` is that of the section."""

    def __init__(
        self, context: Context, server: Server, title: str, hint: str, *, add: Button, none: str, named: str
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self.server = server
        self.problems = ProblemSlot()
        self.lines = column(spacing=10)
        self.none = Label(none, "sm", 400, "text3", wrap=True)
        self.needing: list[QWidget] = []
        self._add = add
        content = QWidget()
        self.content = column(self.lines, self.none, spacing=8, parent=content)
        self._loader = Loader(self, content, named)
        section = Section(title, hint, add)
        section.body.addWidget(self.problems)
        section.body.addWidget(self._loader)
        column(section, parent=self)
        self.watch(server.model.changed, self._changed)
        self.show_state()

    def read_kept(self) -> Awaitable[tuple[T, ...]]:
        """Ask the server for what it keeps. A subclass says how."""
        raise NotImplementedError

    def show_kept(self, kept: tuple[T, ...]) -> None:
        """Show what was read. A subclass says how."""
        raise NotImplementedError

    def load(self) -> None:
        """Read it; while not connected what was read stays."""
        if self.server.model.is_live:
            self._loader.load(self.read_kept, self.show_kept)

    def show_problem(self, problem: Problem) -> None:
        """Show a problem above the list."""
        self.problems.show_problem(problem)
        self.show_state()

    def show_state(self) -> None:
        """Let what needs the server be pressed while it is there alone."""
        is_live = self.server.model.is_live
        for each in (self._add, *self.needing):
            each.setEnabled(is_live)

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.CONNECTION, Aspect.EVERYTHING):
            self.show_state()
            if self.isVisible() and not self._loader.is_loaded:
                self.load()
