"""One task in full: its steps live, its error, cancel; and the dialog of a problem that no page shows."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Task, TaskStep, TaskStepState
from godploy_desktop.ui.shell.qt_bridge import observe
from godploy_desktop.ui.widgets import (
    Button,
    ButtonKind,
    CopyField,
    DialogFrame,
    ErrorPanel,
    Label,
    ProgressBar,
    StepLine,
    StepList,
    StepMark,
)
from godploy_server.contract import Problem

_MARKS: dict[TaskStepState, StepMark] = {
    TaskStepState.WAITING: StepMark.WAITING,
    TaskStepState.RUNNING: StepMark.RUNNING,
    TaskStepState.DONE: StepMark.DONE,
    TaskStepState.SKIPPED: StepMark.SKIPPED,
    TaskStepState.FAILED: StepMark.FAILED,
    TaskStepState.CANCELLED: StepMark.CANCELLED,
}


def step_line(step: TaskStep) -> StepLine:
    """Give back a task's step as a StepList shows it."""
    seconds = None
    if step.started_at is not None and step.ended_at is not None:
        seconds = (step.ended_at - step.started_at).total_seconds()
    return StepLine(step.name, _MARKS[step.state], seconds, step.detail, step.started_at)


class TaskDialog(DialogFrame):
    """Follows a task; closing it leaves the task alone."""

    def __init__(self, parent: QWidget, task: Task[object]) -> None:
        super().__init__(parent, task.title, width=540)
        self._task = task
        self._message = Label("", "sm", 400, "text2", wrap=True)
        self._bar = ProgressBar()
        self._steps = StepList(task.title)
        self._error: ErrorPanel | None = None
        for widget in (self._message, self._bar, self._steps):
            self.body.addWidget(widget)
        self._cancel = Button("Cancel task", "circle-stop", ButtonKind.DANGER, on_click=task.cancel)
        self.add_left(self._cancel)
        self.add_button(Button("Close", on_click=self.cancel), is_primary=True)
        self._disconnect = observe(task.changed, self, lambda _task: self._refresh())
        self.finished.connect(lambda _result: self._disconnect())
        self._refresh()

    def _refresh(self) -> None:
        task = self._task
        self._message.setText("Cancelling…" if task.is_cancelling else task.message)
        self._message.setVisible(bool(task.message) and task.error is None)
        self._bar.setVisible(task.is_running)
        self._bar.set_fraction(task.fraction)
        self._steps.set_steps([step_line(each) for each in task.steps])
        self._steps.setVisible(bool(task.steps))
        self._cancel.setVisible(task.is_running)
        self._cancel.setEnabled(not task.is_cancelling)
        if task.error is not None and self._error is None:
            self._error = ErrorPanel(task.error.problem)
            self.body.addWidget(self._error)
            if task.report:
                self.body.addWidget(CopyField(task.report, label="Report for the authors"))
        self.refit()


class ProblemDialog(DialogFrame):
    """Shows a problem over the page."""

    def __init__(self, parent: QWidget, problem: Problem) -> None:
        super().__init__(parent, "That did not work", width=500)
        self.body.addWidget(ErrorPanel(problem))
        self.add_button(Button("Close", on_click=self.cancel), is_primary=True)
