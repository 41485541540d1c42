"""The bell's list: what runs, with progress and cancel, and how the latest ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QWidget

from godploy_desktop.core.tasks import Task, Tasks, TaskState
from godploy_desktop.ui.shell.overlay import Overlay
from godploy_desktop.ui.theme import Radius, State, color
from godploy_desktop.ui.widgets import (
    Icon,
    IconButton,
    Label,
    Line,
    ProgressBar,
    ScrollArea,
    Spinner,
    clear,
    column,
    duration_text,
    painting,
    row,
)

_WIDTH = 380
_MOST_HEIGHT = 460

_LOOK: dict[TaskState, tuple[str, State, str]] = {
    TaskState.RUNNING: ("loader-circle", "accent", "Running"),
    TaskState.SUCCEEDED: ("circle-check", "ok", "Done"),
    TaskState.FAILED: ("circle-alert", "err", "Failed"),
    TaskState.CANCELLED: ("ban", "text3", "Cancelled"),
}


class TaskPopover(Overlay):
    """Under the bell. `on_show` is called with a task that a person wants to see."""

    def __init__(
        self, window: QWidget, tasks: Tasks, anchor: QPoint, on_show: Callable[[Task[object]], object]
    ) -> None:
        super().__init__(window, dims=False)
        self.setAccessibleName("Tasks")
        self._tasks, self._anchor, self._on_show = tasks, anchor, on_show
        self._card = _PopoverCard(self)
        content = QWidget()
        self._rows = column(spacing=0, parent=content)
        self._scroll = ScrollArea(content)
        title = row(Label("Tasks", "md", 600), None, margins=(16, 12, 12, 10))
        column(title, Line(), self._scroll, spacing=0, margins=(1, 1, 1, 6), parent=self._card)
        self._shown: dict[int, _TaskRow] = {}
        self._disconnects = [tasks.added.connect(lambda _task: self._rebuild()), tasks.changed.connect(self._update)]
        self.closed.connect(self._stop)
        self._rebuild()

    def _stop(self) -> None:
        for disconnect in self._disconnects:
            disconnect()

    def _rebuild(self) -> None:
        clear(self._rows)
        self._shown.clear()
        for task in newest_first(self._tasks.all):
            line = _TaskRow(task, self._on_show, self.close_overlay)
            self._shown[task.id] = line
            self._rows.addWidget(line)
        if not self._shown:
            empty = Label("Nothing has run yet", "sm", 400, "text3")
            empty.setContentsMargins(16, 14, 16, 14)
            self._rows.addWidget(empty)
        self._rows.addStretch(1)
        self.place_contents()

    def _update(self, task: Task[object]) -> None:
        if task.id in self._shown:
            self._shown[task.id].refresh()

    def place_contents(self) -> None:
        count = max(1, len(self._shown))
        height = min(56 + count * 66, _MOST_HEIGHT, self.height() - self._anchor.y() - 24)
        left = min(self._anchor.x() - _WIDTH // 2, self.width() - _WIDTH - 16)
        self._card.setGeometry(max(16, left), self._anchor.y(), _WIDTH, height)


def newest_first(tasks: Sequence[Task[object]]) -> list[Task[object]]:
    """Give back running tasks first, then ended ones, each newest first."""
    return sorted(tasks, key=lambda task: (not task.is_running, -task.id))


class _PopoverCard(QWidget):
    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.card_box(painter, QRectF(self.rect()), Radius.LG, color("border2"), "raised")


class _TaskRow(QWidget):
    def __init__(
        self, task: Task[object], on_show: Callable[[Task[object]], object], close: Callable[[], None]
    ) -> None:
        super().__init__()
        self._task, self._on_show, self._close = task, on_show, close
        self.setFixedHeight(66)
        self.setAccessibleName(task.title)
        self._icon = Icon("circle", 16)
        self._spinner = Spinner(16)
        self._title = Label(task.title, "sm", 500, elide=True)
        self._message = Label("", "xs", 400, "text3", elide=True)
        self._bar = ProgressBar(height=3)
        self._time = Label("", "xs", 400, "text3")
        self._cancel = IconButton("x", f"Cancel {task.title}", on_click=task.cancel, size=26)
        words = column(self._title, self._message, self._bar, spacing=3)
        line = row(self._icon, self._spinner, spacing=10, margins=(16, 8, 10, 8), parent=self)
        line.addLayout(words, 1)
        line.addWidget(self._time)
        line.addWidget(self._cancel)
        if task.error is not None or task.is_running:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_time)
        self.refresh()

    def refresh(self) -> None:
        task = self._task
        icon, tone, word = _LOOK[task.state]
        self._icon.set_icon(icon, tone)
        self._icon.setVisible(not task.is_running)
        self._spinner.setVisible(task.is_running)
        self._message.setText("Cancelling…" if task.is_cancelling else task.message or word)
        self._message.set_tone("err" if task.state is TaskState.FAILED else "text3")
        self._bar.setVisible(task.is_running)
        self._bar.set_fraction(task.fraction)
        self._cancel.setVisible(task.is_running)
        self._cancel.setEnabled(not task.is_cancelling)
        self._show_time()
        if task.is_running:
            self._clock.start()
        else:
            self._clock.stop()

    def _show_time(self) -> None:
        until = self._task.ended_at or datetime.now(UTC)
        self._time.setText(duration_text((until - self._task.started_at).total_seconds()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self._close()
        self._on_show(self._task)
