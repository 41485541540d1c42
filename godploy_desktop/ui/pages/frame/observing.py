"""What every part of a page does: observe signals until it goes, and run remote work without blocking the window."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from PySide6.QtCore import QObject

from godploy_desktop.core.signal import Signal
from godploy_desktop.core.tasks import Task, TaskState
from godploy_desktop.ui.pages.frame.context import Context
from godploy_server.contract import GodployError, Problem, internal_error

T = TypeVar("T")


class _Bonds:
    """What ties a widget to the model. Apart from the widget, so that it can be ended when Qt deletes that one."""

    def __init__(self) -> None:
        self.disconnects: list[Callable[[], object]] = []
        self.reads: set[asyncio.Task[None]] = set()
        self.are_cut = False

    def cut(self) -> None:
        self.are_cut = True
        while self.disconnects:
            self.disconnects.pop()()
        for task in list(self.reads):
            task.cancel()


class Observer:
    """Mixed into widgets that watch the model. `dispose`, or the widget's deletion, ends all watching and whatever
    reading is under way; what a person started (`act`) goes on, but no longer touches the widget."""

    context: Context

    def begin_observing(self, context: Context) -> None:
        """Called once, before anything else of this class."""
        self.context = context
        self._bonds = _Bonds()
        if isinstance(self, QObject):
            self.destroyed.connect(self._bonds.cut)

    @property
    def is_disposed(self) -> bool:
        """Whether the end has come."""
        return self._bonds.are_cut

    def watch(self, signal: Signal[T], callback: Callable[[T], object]) -> None:
        """Call `callback` with what `signal` emits until `dispose`."""
        self._bonds.disconnects.append(signal.connect(callback))

    def when_disposed(self, action: Callable[[], object]) -> None:
        """Call `action` at the end."""
        self._bonds.disconnects.append(action)

    def act(
        self,
        title: str,
        work: Callable[[], Awaitable[T]],
        *,
        done: Callable[[T], object] | None = None,
        failed: Callable[[Problem], object] | None = None,
        about: str = "",
    ) -> Task[T]:
        """Run what a person asked for as a task of the workspace (so it shows in the task list and can be cancelled).

        Neither `done` nor `failed` is called after `dispose`; a task that was cancelled counts as failed.
        """
        task = self.context.workspace.tasks.run(title, lambda _progress: work(), about)
        self.attend(task, done, failed)
        return task

    def attend(
        self,
        task: Task[T],
        done: Callable[[T], object] | None = None,
        failed: Callable[[Problem], object] | None = None,
    ) -> None:
        """Call `done` or `failed` when a task ends, unless this is disposed by then."""

        def ended(changed: Task[T]) -> None:
            if self.is_disposed or changed.is_running:
                return
            if changed.state is TaskState.SUCCEEDED and done is not None:
                done(changed.result)  # type: ignore[arg-type]  # a succeeded task holds its result
            elif changed.error is not None:  # failed, or cancelled from the task list: the page goes on either way
                (failed or self.show_problem)(changed.error.problem)

        task.changed.connect(ended)

    def read(
        self,
        doing: str,
        work: Callable[[], Awaitable[T]],
        done: Callable[[T], object],
        failed: Callable[[Problem], object] | None = None,
    ) -> None:
        """Read something that the page shows; no task, because nobody asked for it. Ends with `dispose`."""

        async def run() -> None:
            try:
                result = await work()
            except GodployError as error:
                problem = error.problem
            except Exception as error:
                problem = internal_error(doing, error).problem
            else:
                done(result)
                return
            (failed or self.show_problem)(problem)

        task = asyncio.ensure_future(run())
        self._bonds.reads.add(task)
        task.add_done_callback(self._bonds.reads.discard)

    def show_problem(self, problem: Problem) -> None:
        """Show what went wrong; widgets with a place of their own for it override this."""
        self.context.shell.notify(problem.what, "err")

    def dispose(self) -> None:
        """Stop watching and reading; call it as often as you like."""
        self._bonds.cut()
