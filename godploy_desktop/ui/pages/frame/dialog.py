"""The base of dialogs that ask something of a server: problems stay in the dialog, the button is busy meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.widgets import Button, ButtonKind, DialogFrame
from godploy_server.contract import Problem

T = TypeVar("T")


class AskingDialog(DialogFrame, Observer):
    """Fill `body`, then call `add_foot`; `submit` runs the work and closes with its result."""

    def __init__(
        self, context: Context, parent: QWidget, title: str, subtitle: str = "", *, width: int = 480, icon: str = ""
    ) -> None:
        super().__init__(parent, title, subtitle, width=width, icon=icon)
        self.begin_observing(context)
        self.problems = ProblemSlot()
        self.primary: Button | None = None
        self.dismiss: Button | None = None
        self.finished.connect(lambda _: self.dispose())

    def add_foot(self, text: str, name: str, on_press: Callable[[], object], *, icon: str = "") -> Button:
        """Add the problem's place, Cancel, and the primary button; give the button back."""
        self.body.addWidget(self.problems)
        self.dismiss = self.add_button(Button("Cancel", on_click=self.cancel))
        self.primary = Button(text, icon, ButtonKind.PRIMARY, on_click=on_press)
        self.primary.setObjectName(name)
        return self.add_button(self.primary, is_primary=True)

    def submit(
        self,
        title: str,
        work: Callable[[], Awaitable[T]],
        about: str = "",
        then: Callable[[T], object] = lambda _: None,
    ) -> None:
        """Run `work`; close with its result and call `then`, or show its problem here and let the person correct
        things."""

        def done(result: T) -> None:
            self.close_with(result)
            then(result)

        self.problems.clear_problem()
        if self.primary is not None:
            self.primary.set_busy(True)
        self.act(title, work, done=done, failed=self.show_problem, about=about)

    def show_problem(self, problem: Problem) -> None:
        if self.primary is not None:
            self.primary.set_busy(False)
        self.problems.show_problem(problem)
        self.refit()
