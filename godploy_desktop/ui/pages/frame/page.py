"""The base of every page: crumbs, a place for problems, a scrolling body, and the end of all watching."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.theme import Space
from godploy_desktop.ui.widgets import ConfirmDialog, ScrollArea, open_dialog_of
from godploy_server.contract import Problem

MARGINS = (Space.XL, Space.LG, Space.XL, Space.LG)


class Page(QWidget, Observer):
    """One page. `body` is where it puts its widgets; with `scrolls` False the page fills the window and its parts
    scroll themselves."""

    crumbs_changed = Signal()

    def __init__(self, context: Context, *, scrolls: bool = True) -> None:
        super().__init__()
        self.begin_observing(context)
        self.crumbs: tuple[Crumb, ...] = ()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.problems = ProblemSlot()
        content = QWidget()
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(*MARGINS)
        self.body.setSpacing(Space.MD)
        self.body.addWidget(self.problems)
        outer.addWidget(ScrollArea(content) if scrolls else content)

    def set_crumbs(self, *crumbs: Crumb) -> None:
        """Say where the page is; the window shows it above."""
        if crumbs != self.crumbs:
            self.crumbs = crumbs
            self.crumbs_changed.emit()

    def show_problem(self, problem: Problem) -> None:
        self.problems.show_problem(problem)

    def show_route(self, route: Route) -> bool:
        """Go to another part of the same page; False when `route` is not on this page."""
        del route
        return False

    def has_unsaved(self) -> bool:
        """Whether something typed would be lost by leaving."""
        return False

    def discard(self) -> None:
        """Drop what was typed; the person said so."""

    def may_leave(self, go_on: Callable[[], object]) -> bool:
        """Whether nothing would be lost. If something would, asks the person, and calls `go_on` after a yes."""
        if not self.has_unsaved():
            return True
        if open_dialog_of(self.window()) is None:
            dialog = ConfirmDialog(
                self, "Leave without saving?", "What you changed here is not saved yet.", confirm_text="Discard changes"
            )
            dialog.confirm.setObjectName("confirm-discard")
            dialog.finished.connect(lambda answer: self._discard_and(go_on) if answer else None)
            dialog.open()
        return False

    def _discard_and(self, go_on: Callable[[], object]) -> None:
        self.discard()
        go_on()

    def focus_first(self) -> None:
        """Put the keyboard where a person would begin."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.focusNextChild()
