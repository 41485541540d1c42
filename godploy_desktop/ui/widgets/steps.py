"""A list of steps that happen one after another, live: bootstrap, deployment, any task with steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import Tone, color, icon_pixmap, metrics, text_width, tokens
from godploy_desktop.ui.widgets import painting

_ROW = 34
_DETAIL = 17
_FRAME_MS = 80


class StepMark(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # was not needed
    CANCELLED = "cancelled"


_LOOK: dict[StepMark, tuple[str, Tone]] = {
    StepMark.WAITING: ("circle", "text3"),
    StepMark.RUNNING: ("loader-circle", "accent"),
    StepMark.DONE: ("circle-check", "ok"),
    StepMark.FAILED: ("circle-x", "err"),
    StepMark.SKIPPED: ("skip-forward", "text3"),
    StepMark.CANCELLED: ("ban", "warn"),
}


@dataclass(frozen=True)
class StepLine:
    """One step: `seconds` it took, or `running_since` (UTC) while it runs; `detail` is one more line under it."""

    title: str
    mark: StepMark = StepMark.WAITING
    seconds: float | None = None
    detail: str = ""
    running_since: datetime | None = None


def duration_text(seconds: float) -> str:
    """Give back a duration as a person says it: 0.4 s, 12 s, 3 m 05 s, 2 h 10 m."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} m"


class StepList(QWidget):
    """Paints the steps; a running one turns and counts its seconds."""

    def __init__(self, name: str = "Steps") -> None:
        super().__init__()
        self._name = name
        self._steps: tuple[StepLine, ...] = ()
        self._angle = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._turn)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def steps(self) -> tuple[StepLine, ...]:
        """What is shown."""
        return self._steps

    def set_steps(self, steps: Sequence[StepLine]) -> None:
        """Show these steps."""
        self._steps = tuple(steps)
        self.setAccessibleDescription("; ".join(f"{each.title}: {each.mark.value}" for each in self._steps))
        self._run_timer()
        self.updateGeometry()
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, sum(_height(each) for each in self._steps))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run_timer()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def _run_timer(self) -> None:
        if self.isVisible() and any(each.mark is StepMark.RUNNING for each in self._steps):
            self._timer.start()
        else:
            self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle + 30) % 360
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        top = 0
        for index, each in enumerate(self._steps):
            height = _height(each)
            if index < len(self._steps) - 1:
                painter.setPen(QPen(color("border"), 1))
                painter.drawLine(8, top + 27, 8, top + height + 6)
            self._paint_step(painter, each, top)
            top += height

    def _paint_step(self, painter: QPainter, step: StepLine, top: int) -> None:
        icon, tone = _LOOK[step.mark]
        pixmap = icon_pixmap(icon, getattr(tokens(), tone))
        if step.mark is StepMark.RUNNING:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.translate(8, top + 17)
            painter.rotate(self._angle)
            painter.drawPixmap(-8, -8, pixmap)
            painter.restore()
        else:
            painter.drawPixmap(0, top + 9, pixmap)
        quiet = step.mark in (StepMark.WAITING, StepMark.SKIPPED)
        seconds = _seconds(step)
        right = duration_text(seconds) if seconds is not None else ""
        if step.mark is StepMark.SKIPPED:
            right = step.mark.value
        width = text_width(right, "sm") + 4 if right else 0
        area = QRectF(26, top, self.width() - 26 - width - 8, _ROW)
        title = metrics("md", 500).elidedText(step.title, Qt.TextElideMode.ElideRight, area.width())
        painting.text(painter, area, title, "text3" if quiet else "text", "md", 500)
        area = QRectF(self.width() - width, top, width, _ROW)
        painting.text(painter, area, right, "text3", "sm", align=painting.RIGHT)
        if step.detail:
            area = QRectF(26, top + _ROW - 7, self.width() - 26, _DETAIL)
            detail = metrics("sm").elidedText(step.detail, Qt.TextElideMode.ElideRight, area.width())
            painting.text(painter, area, detail, "err" if step.mark is StepMark.FAILED else "text3", "sm")


def _height(step: StepLine) -> int:
    return _ROW + (_DETAIL if step.detail else 0)


def _seconds(step: StepLine) -> float | None:
    if step.mark is StepMark.RUNNING and step.running_since is not None:
        return max(0.0, (datetime.now(UTC) - step.running_since).total_seconds())
    return step.seconds
