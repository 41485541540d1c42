"""Steps of a task as the step list paints them. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
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


def step_lines(steps: Iterable[TaskStep], now: datetime) -> tuple[StepLine, ...]:
    """Give back one line a step; a running one shows its seconds until `now`."""
    return tuple(_line(step, now) for step in steps)


def _line(step: TaskStep, now: datetime) -> StepLine:
    seconds = None
    if step.started_at is not None and (step.ended_at is not None or step.state is TaskStepState.RUNNING):
        seconds = max(0.0, ((step.ended_at or now) - step.started_at).total_seconds())
    return StepLine(step.name, _MARKS[step.state], seconds, step.detail)
