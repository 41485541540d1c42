"""The steps of a task, live, with a way to cancel it and to try again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Task, TaskState
from godploy_desktop.ui.models.step_lines import step_lines
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.widgets import Button, Label, ProgressBar, StepList, column, row

_TICK_MS = 500


class TaskSteps(QWidget, Observer):
    """Give it a task with `show_task`; `on_retry` is offered when that failed or was cancelled."""

    def __init__(self, context: Context, name: str, on_retry: Callable[[], object] | None = None) -> None:
        super().__init__()
        self.begin_observing(context)
        self._on_retry = on_retry
        self.task: Task[Any] | None = None
        self._message = Label("", "sm", 400, "text2", elide=True)
        self._bar = ProgressBar()
        self._steps = StepList(name)
        self._cancel = Button("Cancel", "circle-x", on_click=self._cancel_task)
        self._cancel.setObjectName("cancel-task")
        self._retry = Button("Try again", "rotate-cw", on_click=lambda: self._on_retry and self._on_retry())
        self._retry.setObjectName("retry-task")
        self.problems = ProblemSlot()
        line = row(spacing=8)
        line.addWidget(self._message, 1)
        line.addWidget(self._retry)
        line.addWidget(self._cancel)
        self._timer = QTimer(self)  # the seconds of the running step count up
        self._timer.timeout.connect(self._tick)
        column(line, self._bar, self._steps, self.problems, spacing=12, parent=self)
        self.hide()

    def show_task(self, task: Task[Any]) -> None:
        """Follow this task from now on."""
        self.task = task
        self.problems.clear_problem()
        self.watch(task.changed, self._refresh)
        self._refresh(task)
        self.show()

    def _refresh(self, task: Task[Any]) -> None:
        if task is not self.task:
            return
        self._steps.set_steps(step_lines(task.steps, datetime.now(UTC)))
        self._message.setText("Cancelling…" if task.is_cancelling else task.message)
        self._bar.set_fraction(task.fraction)
        self._bar.setVisible(task.is_running)
        self._timer.start(_TICK_MS) if task.is_running else self._timer.stop()
        self._cancel.setVisible(task.is_running)
        self._cancel.setEnabled(not task.is_cancelling)
        is_undone = task.state in (TaskState.FAILED, TaskState.CANCELLED)
        self._retry.setVisible(is_undone and self._on_retry is not None)
        if task.state is TaskState.FAILED and task.error is not None and self.problems.problem is None:
            self._message.setText("")
            self.problems.show_problem(task.error.problem)
        if task.state is TaskState.SUCCEEDED:
            self._message.setText("Done")

    def _tick(self) -> None:
        if self.task is not None:
            self._steps.set_steps(step_lines(self.task.steps, datetime.now(UTC)))

    def _cancel_task(self) -> None:
        if self.task is not None:
            self.task.cancel()
