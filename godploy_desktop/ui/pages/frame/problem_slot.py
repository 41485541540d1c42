"""Where a page shows what went wrong with the last thing a person asked for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.theme import Space
from godploy_desktop.ui.widgets import ErrorPanel, clear, column
from godploy_server.contract import Problem


class ProblemSlot(QWidget):
    """Empty and without height until `show_problem`; `clear_problem` empties it again."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = column(parent=self, spacing=Space.SM)
        self.problem: Problem | None = None
        self.hide()

    def show_problem(self, problem: Problem, on_retry: Callable[[], object] | None = None) -> None:
        """Show `problem` in place of an earlier one."""
        clear(self._layout)
        self.problem = problem
        panel = ErrorPanel(problem, on_retry)
        panel.setObjectName("problem-panel")
        self._layout.addWidget(panel)
        self.show()

    def clear_problem(self) -> None:
        """Show nothing."""
        self.problem = None
        clear(self._layout)
        self.hide()
