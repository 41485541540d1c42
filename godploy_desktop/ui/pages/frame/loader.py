"""A part of a page that has to be read first: loading, the problem with a way to try again, or its contents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from PySide6.QtWidgets import QStackedLayout, QWidget

from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.theme import Space
from godploy_desktop.ui.widgets import LoadingPanel, column
from godploy_server.contract import Problem

T = TypeVar("T")


class Loader(QWidget):
    """Shows `content` once `load` has read what it needs; `owner` runs the reading."""

    def __init__(self, owner: Observer, content: QWidget, what: str) -> None:
        super().__init__()
        self._owner, self._what = owner, what
        self._stack = QStackedLayout(self)
        self._loading = LoadingPanel(f"Reading {what}…")
        self._problems = ProblemSlot()
        failed = QWidget()
        column(self._problems, None, parent=failed, spacing=Space.MD)
        for each in (self._loading, failed, content):
            self._stack.addWidget(each)
        self.is_loaded = False

    def load(self, work: Callable[[], Awaitable[T]], show: Callable[[T], object]) -> None:
        """Read with `work`, give the result to `show` and show the contents. While an earlier result is shown it
        stays in sight until the new one is there."""
        if not self.is_loaded:
            self._stack.setCurrentIndex(0)

        def done(result: T) -> None:
            self.is_loaded = True
            show(result)
            self._stack.setCurrentIndex(2)

        def failed(problem: Problem) -> None:
            if self.is_loaded:
                self._owner.show_problem(problem)
                return
            self._problems.show_problem(problem, lambda: self.load(work, show))
            self._stack.setCurrentIndex(1)

        self._owner.read(f"Reading {self._what}", work, done, failed)
