"""How far something is: a meter of a share, a progress bar, a spinner. They move only while they are seen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import State, Tone, color
from godploy_desktop.ui.widgets import painting

_FRAME_MS = 40


class Moving(QWidget):
    """Base of what moves: `phase` (0.0 to 1.0) runs once in `period_ms` while the widget is seen and `is_moving`."""

    def __init__(self, period_ms: int) -> None:
        super().__init__()
        self.phase = 0.0
        self._step = _FRAME_MS / period_ms
        self._is_moving = True
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._tick)

    def set_moving(self, is_moving: bool) -> None:
        """Stop or go on."""
        self._is_moving = is_moving
        if is_moving and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        self.phase = (self.phase + self._step) % 1.0
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        if self._is_moving:
            self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)


class Spinner(Moving):
    """Something is under way."""

    def __init__(self, size: int = 16, tone: Tone = "accent") -> None:
        super().__init__(period_ms=900)
        self._tone: Tone = tone
        self.setFixedSize(size, size)
        self.setAccessibleName("Under way")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        area = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        painter.setPen(QPen(color("border2"), 2))
        painter.drawEllipse(area)
        painter.setPen(QPen(color(self._tone), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(area, int(-self.phase * 360 * 16), 100 * 16)


class ProgressBar(Moving):
    """How far a task is: a share, or, while that is unknown, a part that wanders."""

    def __init__(self, tone: State = "accent", height: int = 4) -> None:
        super().__init__(period_ms=1400)
        self._tone: State = tone
        self._fraction: float | None = None
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_fraction(self, fraction: float | None, tone: State | None = None) -> None:
        """Show `fraction` (0.0 to 1.0), or with None that it is not known."""
        self._fraction = fraction
        self._tone = tone or self._tone
        self.set_moving(fraction is None)
        self.setAccessibleDescription("" if fraction is None else f"{fraction:.0%}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        area, radius = QRectF(self.rect()), self.height() / 2
        painting.box(painter, area, radius, fill="active")
        if self._fraction is None:
            width = area.width() * 0.3
            left = (area.width() + width) * self.phase - width
            area = area.intersected(QRectF(left, 0, width, area.height()))
        else:
            area.setWidth(area.width() * min(1.0, max(0.0, self._fraction)))
        if area.width() > 0:
            painting.box(painter, area, radius, fill=self._tone)


class Meter(QWidget):
    """How full something is; turns amber at `warn_at` and red at `err_at`."""

    def __init__(self, tone: State = "accent", *, warn_at: float = 0.8, err_at: float = 0.95, height: int = 6) -> None:
        super().__init__()
        self._tone: State = tone
        self._warn_at, self._err_at = warn_at, err_at
        self._fraction = 0.0
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, self.height())

    def set_fraction(self, fraction: float) -> None:
        """Show `fraction` (0.0 to 1.0)."""
        self._fraction = min(1.0, max(0.0, fraction))
        self.setAccessibleDescription(f"{self._fraction:.0%}")
        self.update()

    @property
    def tone(self) -> State:
        """The tone that the share has now."""
        if self._fraction >= self._err_at:
            return "err"
        return "warn" if self._fraction >= self._warn_at else self._tone

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        area, radius = QRectF(self.rect()), self.height() / 2
        painting.box(painter, area, radius, fill="active")
        area.setWidth(max(self.height() if self._fraction else 0.0, area.width() * self._fraction))
        if area.width() > 0:
            painting.box(painter, area, radius, fill=self.tone)
