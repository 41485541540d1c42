"""Steps of a task as the step list paints them. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from godploy_desktop.core.tasks import TaskStep, TaskStepState
from godploy_desktop.ui.widgets import StepLine, StepMark

_MARKS: Final = {
    TaskStepState.WAITING: StepMark.WAITING,
    TaskStepState.RUNNING: StepMark.RUNNING,
    TaskStepState.DONE: StepMark.DONE,
    TaskStepState.SKIPPED: StepMark.SKIPPED,
    TaskStepState.FAILED: StepMark.FAILED,
    TaskStepState.CANCELLED: StepMark.CANCELLED,
}


def step_lines(steps: Iterable[TaskStep]) -> tuple[StepLine, ...]:
    """Give back one line a step."""
    return tuple(_line(step) for step in steps)


def _line(step: TaskStep) -> StepLine:
    seconds = None
    if step.started_at is not None and step.ended_at is not None:
        seconds = (step.ended_at - step.started_at).total_seconds()
    running_since = step.started_at if step.state is TaskStepState.RUNNING else None
    return StepLine(step.name, _MARKS[step.state], seconds, step.detail, running_since)
