"""Whether the deploy key works: the server asks the git host for the source, and says what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.core.tasks import Task
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.git.host_key_offer import HostKeyOffer
from godploy_desktop.ui.theme import Space
from godploy_desktop.ui.widgets import Button, Icon, Label, column, row
from godploy_server.contract import Cancelled, Problem, ServiceId, SourceCheck

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server


class SourceCheckLine(QWidget, Observer):
    """A button, and what came of it. While the server asks, the button cancels. `prefix` begins the objects' names."""

    def __init__(self, context: Context, server: Server, service_id: ServiceId, prefix: str) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._id = server, service_id
        self._task: Task[SourceCheck] | None = None
        self._button = Button("Test the key", "plug-zap", on_click=self._press)
        self._button.setObjectName(f"{prefix}-test-key")
        self._icon = Icon("circle-check", 16, "ok")
        self._words = Label("", "sm", 400, "text2", wrap=True)
        self._words.setObjectName(f"{prefix}-key-result")
        self._problems = ProblemSlot()
        self._offer = HostKeyOffer(context, server, self._ask, confirm="Trust it and test again")
        self._result = QWidget()
        line = row(spacing=Space.SM, parent=self._result)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._words, 1)
        column(row(self._button, None), self._result, self._problems, self._offer, spacing=Space.SM, parent=self)
        self._icon.hide()
        self._result.hide()
        self.when_disposed(self._end)
        self.watch(server.model.changed, self._changed)
        self._button.setEnabled(server.model.is_live)

    @property
    def problem(self) -> Problem | None:
        """What the last test failed with."""
        return self._problems.problem

    def _changed(self, change: Change) -> None:
        if change.aspect in (Aspect.CONNECTION, Aspect.EVERYTHING):
            self._button.setEnabled(self._server.model.is_live)

    def _press(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
        else:
            self._ask()

    def _ask(self) -> None:
        service = self._server.model.services.get(self._id)
        self._show("The server asks the git host…", None)
        self._button.set_content("Cancel", "x")
        self._task = self.act(
            f"Test the deploy key of {service.name if service else 'the service'}",
            lambda: self._server.agent.check_source(self._id),
            done=lambda found: self._show(f"{found.detail}.", True),
            failed=self.show_problem,
            about=self._id,
        )

    def show_problem(self, problem: Problem) -> None:
        if problem.code == Cancelled.code:
            self._show("", None)
            self._rest()
            return
        self._show("", False, problem)

    def _show(self, words: str, works: bool | None, problem: Problem | None = None) -> None:
        """Show what came of it; None: nothing yet."""
        self._words.setText(words)
        self._words.setAccessibleName(words)
        self._result.setVisible(bool(words))
        self._icon.setVisible(bool(works))
        self._problems.clear_problem()
        if problem is not None:
            self._problems.show_problem(problem)
        self._offer.offer(problem)
        if works is not None:
            self._rest()

    def _rest(self) -> None:
        self._button.set_content("Test the key", "plug-zap")

    def _end(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
