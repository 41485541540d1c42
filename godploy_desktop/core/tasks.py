"""Everything long is a Task: title, steps or a fraction, cancel, result or error. The window, the task list, the
headless command and the tests see the same objects."""

from __future__ import annotations

import asyncio
import itertools
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Generic, TypeVar

from godploy_desktop.core.signal import Signal
from godploy_server.contract import Cancelled, GodployError, internal_error

T = TypeVar("T")

_log = logging.getLogger(__name__)
_ids = itertools.count(1)

KEPT_FINISHED = 50
"""How many finished tasks the list remembers; older ones are forgotten."""


class TaskState(Enum):
    """Where a task stands. Everything but RUNNING is final."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskStepState(Enum):
    """Where one step of a task stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"  # it was already so
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class TaskStep:
    """One step as a step list shows it. `key` tells steps apart, `name` is read by a person."""

    key: str
    name: str
    state: TaskStepState = TaskStepState.WAITING
    detail: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Progress:
    """What the work of a task reports through. All calls are cheap and come from the loop's thread."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.steps: tuple[TaskStep, ...] = ()
        self.fraction: float | None = None
        self.message = ""

    def plan(self, steps: dict[str, str]) -> None:
        """Say which steps will come: key to name, in order. They show as waiting."""
        self.steps = tuple(TaskStep(key, name) for key, name in steps.items())
        self._changed()

    def begin(self, key: str, name: str = "", detail: str = "") -> None:
        """Begin a step; one that was not planned is appended. The step that ran until now is done."""
        now = datetime.now(UTC)
        steps = [
            replace(each, state=TaskStepState.DONE, ended_at=now) if each.state is TaskStepState.RUNNING else each
            for each in self.steps
        ]
        if not any(each.key == key for each in steps):
            steps.append(TaskStep(key, name or key))
        self.steps = tuple(
            replace(each, state=TaskStepState.RUNNING, started_at=now, ended_at=None, detail=detail)
            if each.key == key
            else each
            for each in steps
        )
        self._changed()

    def put(self, step: TaskStep) -> None:
        """Show a step exactly as given: in place of the one with its key, else at the end."""
        if any(each.key == step.key for each in self.steps):
            self.steps = tuple(step if each.key == step.key else each for each in self.steps)
        else:
            self.steps = (*self.steps, step)
        self._changed()

    def detail(self, key: str, detail: str) -> None:
        """Say something about a step without changing its state."""
        self._update(key, detail=detail)

    def end(self, key: str, state: TaskStepState = TaskStepState.DONE, detail: str | None = None) -> None:
        """End a step as done, skipped, failed or cancelled."""
        if detail is None:
            self._update(key, state=state, ended_at=datetime.now(UTC))
        else:
            self._update(key, state=state, ended_at=datetime.now(UTC), detail=detail)

    def say(self, message: str) -> None:
        """Set the one line that a task without steps shows under its title."""
        self.message = message
        self._changed()

    def at(self, fraction: float | None) -> None:
        """Set how much is done: 0.0 to 1.0, None when unknown."""
        self.fraction = None if fraction is None else min(1.0, max(0.0, fraction))
        self._changed()

    def close(self, state: TaskStepState) -> None:
        """End whatever step still runs in `state`."""
        now = datetime.now(UTC)
        self.steps = tuple(
            replace(each, state=state, ended_at=now) if each.state is TaskStepState.RUNNING else each
            for each in self.steps
        )

    def _update(self, key: str, **values: object) -> None:
        self.steps = tuple(
            replace(each, **values) if each.key == key else each  # type: ignore[arg-type]  # names checked by callers
            for each in self.steps
        )
        self._changed()


class Task(Generic[T]):
    """One long operation. Observe `changed`; await `wait()` for the result or the GodployError."""

    def __init__(self, title: str, work: Callable[[Progress], Awaitable[T]], about: str = "") -> None:
        self.id = next(_ids)
        self.title = title
        self.about = about  # id of the server or service that it concerns, "" for none
        self.changed: Signal[Task[T]] = Signal()
        self.state = TaskState.RUNNING
        self.started_at = datetime.now(UTC)
        self.ended_at: datetime | None = None
        self.result: T | None = None
        self.error: GodployError | None = None
        self.report = ""  # what a person copies into a bug report; set for unexpected errors only
        self.progress = Progress(lambda: self.changed.emit(self))
        self._is_cancelling = False
        self._has_begun = False
        self._runner = asyncio.ensure_future(self._run(work))

    @property
    def steps(self) -> tuple[TaskStep, ...]:
        """The steps in order."""
        return self.progress.steps

    @property
    def fraction(self) -> float | None:
        """0.0 to 1.0; from the steps where the work gives none; None when unknown."""
        if self.progress.fraction is not None or not self.steps:
            return self.progress.fraction
        ended = (TaskStepState.DONE, TaskStepState.SKIPPED)
        return sum(each.state in ended for each in self.steps) / len(self.steps)

    @property
    def message(self) -> str:
        """The line under the title: what is being done now, or how it ended."""
        if self.error is not None:
            return self.error.problem.what
        running = next((each for each in self.steps if each.state is TaskStepState.RUNNING), None)
        return self.progress.message or (running.name if running else "")

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.state is TaskState.RUNNING

    @property
    def is_cancelling(self) -> bool:
        """Whether cancel was asked for and the work has not ended yet."""
        return self._is_cancelling and self.is_running

    def cancel(self) -> None:
        """Ask the work to stop; `state` becomes CANCELLED once it has cleaned up. No effect on an ended task."""
        if self.is_running:
            self._is_cancelling = True
            if self._has_begun:
                self._runner.cancel()
            self.changed.emit(self)

    async def wait(self) -> T:
        """Give back the result; raises the task's error (Cancelled if it was cancelled). Cancelling the caller does
        not cancel the task."""
        return await asyncio.shield(self._runner)

    async def _run(self, work: Callable[[Progress], Awaitable[T]]) -> T:
        try:
            self._has_begun = True
            if self._is_cancelling:
                raise asyncio.CancelledError
            self.result = await work(self.progress)
        except asyncio.CancelledError:
            self.error = Cancelled(
                f"{self.title} was cancelled", "it was asked to stop", "Start it again when you want"
            )
            self._end(TaskState.CANCELLED, TaskStepState.CANCELLED)
            raise self.error from None
        except GodployError as error:
            self.error = error
            self._end(TaskState.FAILED, TaskStepState.FAILED)
            raise
        except Exception as error:
            self.report = f"{self.title}\n\n{traceback.format_exc()}"
            _log.exception("%s failed unexpectedly", self.title)
            self.error = internal_error(self.title, error)
            self._end(TaskState.FAILED, TaskStepState.FAILED)
            raise self.error from error
        self._end(TaskState.SUCCEEDED, TaskStepState.DONE)
        return self.result

    def _end(self, state: TaskState, steps: TaskStepState) -> None:
        self.progress.close(steps)
        self.state, self.ended_at = state, datetime.now(UTC)
        self.changed.emit(self)


class Tasks:
    """All tasks of the application, running ones and the latest that ended."""

    def __init__(self) -> None:
        self.all: list[Task[object]] = []
        self.added: Signal[Task[object]] = Signal()
        self.changed: Signal[Task[object]] = Signal()  # of any task in the list

    @property
    def running(self) -> list[Task[object]]:
        """Those that have not ended."""
        return [each for each in self.all if each.is_running]

    def run(self, title: str, work: Callable[[Progress], Awaitable[T]], about: str = "") -> Task[T]:
        """Start `work` as a task. Its error is never lost: it stays on the task, whether or not anyone waits."""
        task: Task[T] = Task(title, work, about)
        task._runner.add_done_callback(_retrieve)
        listed: Task[object] = task  # type: ignore[assignment]  # observers only read it
        self.all.append(listed)
        listed.changed.connect(self.changed.emit)
        finished = [each for each in self.all if not each.is_running]
        for old in finished[: max(0, len(finished) - KEPT_FINISHED)]:
            self.all.remove(old)
        self.added.emit(listed)
        return task

    async def cancel_all(self) -> None:
        """Cancel what runs and wait until all of it has cleaned up."""
        running = self.running
        for task in running:
            task.cancel()
        await asyncio.gather(*(each.wait() for each in running), return_exceptions=True)


def _retrieve(runner: asyncio.Future[T]) -> None:
    if not runner.cancelled():
        runner.exception()
