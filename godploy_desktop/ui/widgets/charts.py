"""Courses over time: the small one of a card, the large one with axes and a read-out under the pointer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import State, color, text_width, tokens
from godploy_desktop.ui.widgets import painting

_CLOSE_PX = 3
_LEAST_SPAN = timedelta(minutes=1)


def smooth_path(points: Sequence[QPointF]) -> QPainterPath:
    """Give back a curve through `points` that never overshoots between two of them; points that lie close are joined
    by straight lines, which look the same and are painted several times as fast."""
    path = QPainterPath(points[0])
    if points[-1].x() - points[0].x() < _CLOSE_PX * len(points):
        for point in points[1:]:
            path.lineTo(point)
        return path
    for before, after in itertools.pairwise(points):
        middle = (before.x() + after.x()) / 2
        path.cubicTo(QPointF(middle, before.y()), QPointF(middle, after.y()), after)
    return path


def _fill_under(
    painter: QPainter, path: QPainterPath, points: Sequence[QPointF], bottom: float, colour: QColor
) -> None:
    area = QPainterPath(path)
    area.lineTo(points[-1].x(), bottom)
    area.lineTo(points[0].x(), bottom)
    area.closeSubpath()
    top, end = QColor(colour), QColor(colour)
    top.setAlpha(60 if tokens().is_dark else 42)
    end.setAlpha(0)
    gradient = QLinearGradient(0, path.boundingRect().top(), 0, bottom)
    gradient.setColorAt(0, top)
    gradient.setColorAt(1, end)
    painter.fillPath(area, gradient)


class Sparkline(QWidget):
    """A course without axes; the newest value is marked. Fewer than two values draw a flat line."""

    def __init__(self, tone: State = "accent", height: int = 26, *, maximum: float | None = None) -> None:
        """`maximum` fixes the top of the scale, for values that must be comparable; otherwise it fits the values."""
        super().__init__()
        self._values: list[float] = []
        self._tone: State = tone
        self._maximum = maximum
        self.setFixedHeight(height)
        self.setMinimumWidth(48)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_values(self, values: Sequence[float], tone: State | None = None) -> None:
        """Show `values`, oldest first."""
        self._values = list(values)
        self._tone = tone or self._tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        width, height = self.width() - 3.0, self.height() - 4.0
        if len(self._values) < 2:
            painter.setPen(QPen(color("border2"), 1.5, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(0, height), QPointF(width, height))
            return
        low, high = self._scale()
        reach = (high - low) or 1.0
        shown = _averaged(self._values, max(2, int(width / 2)))
        step = width / (len(shown) - 1)
        points = [
            QPointF(index * step, 2 + height - (value - low) / reach * height * 0.92)
            for index, value in enumerate(shown)
        ]
        path = smooth_path(points)
        colour = color(self._tone)
        _fill_under(painter, path, points, self.height(), colour)
        painter.strokePath(path, QPen(colour, 1.5))
        painting.dot(painter, points[-1], 2, self._tone)

    def _scale(self) -> tuple[float, float]:
        if self._maximum is not None:
            return 0.0, self._maximum
        low, high = min(self._values), max(self._values)
        return min(low, high * 0.6), high


def _averaged(values: Sequence[float], most: int) -> Sequence[float]:
    """Give back at most `most` values: the mean of each run, and the newest as it is."""
    if len(values) <= most:
        return values
    size = math.ceil(len(values) / (most - 1))
    means = [sum(run) / len(run) for run in (values[at : at + size] for at in range(0, len(values), size))]
    return [*means, values[-1]] if len(means) < most else means


@dataclass(frozen=True)
class ChartSeries:
    """One line of a chart: its name, tone, and points, oldest first."""

    name: str
    tone: State
    points: Sequence[tuple[datetime, float]]


def axis_steps(maximum: float, wanted: int = 4, *, thousand: int = 1000) -> list[float]:
    """Give back round values from 0 to at least `maximum`, about `wanted` of them: 1, 2 or 5 times a power of ten, in
    units that are powers of `thousand` (1024 for bytes)."""
    if maximum <= 0:
        return [0.0, 1.0]
    if thousand != 1000:
        unit = float(thousand) ** max(0, math.floor(math.log(maximum, thousand)))
        return [step * unit for step in axis_steps(maximum / unit, wanted)]
    raw = maximum / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw - 1e-12)
    count = math.ceil(maximum / step - 1e-9)
    return [step * index for index in range(count + 1)]


class LineChart(QWidget):
    """Lines over time with both axes. The pointer shows the moment and every line's value there."""

    def __init__(
        self,
        *,
        format_value: Callable[[float], str] = lambda value: f"{value:g}",
        maximum: float | None = None,
        least: float = 0.0,
        thousand: int = 1000,
        height: int = 180,
        name: str = "Chart",
    ) -> None:
        """`maximum` fixes the top of the scale; otherwise the values do, but it never falls below `least`, so that
        idling does not look like work. `thousand` is 1024 for bytes."""
        super().__init__()
        self._least, self._thousand = least, thousand
        self._format = format_value
        self._maximum = maximum
        self._series: Sequence[ChartSeries] = ()
        self._pointer: float | None = None
        self.setMinimumHeight(height)
        self.setMouseTracking(True)
        self.setAccessibleName(name)

    def sizeHint(self) -> QSize:
        return QSize(420, self.minimumHeight())

    def set_series(self, series: Sequence[ChartSeries]) -> None:
        """Show these lines."""
        self._series = tuple(each for each in series if each.points)
        latest = [f"{each.name} {self._format(each.points[-1][1])}" for each in self._series]
        self.setAccessibleDescription(", ".join(latest))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position().x()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        top = max((value for each in self._series for _, value in each.points), default=0.0)
        highest = self._maximum if self._maximum is not None else max(top * 1.08, self._least)
        steps = axis_steps(highest, thousand=self._thousand)
        labels = [self._format(step) for step in steps]
        left = max(text_width(label, "xs") for label in labels) + 10
        plot = QRectF(left, 8, self.width() - left - 8, self.height() - 32)
        for step, label in zip(steps, labels, strict=True):
            y = plot.bottom() - step / steps[-1] * plot.height()
            painter.setPen(QPen(color("border"), 1))
            painter.drawLine(QPointF(plot.left(), round(y) + 0.5), QPointF(plot.right(), round(y) + 0.5))
            painting.text(painter, QRectF(0, y - 8, left - 8, 16), label, "text3", "xs", align=painting.RIGHT)
        if not self._series:
            painting.text(painter, plot, "No samples yet", "text3", "sm", align=painting.CENTRE)
            return
        end = max(each.points[-1][0] for each in self._series)
        start = min(end - _LEAST_SPAN, *(each.points[0][0] for each in self._series))
        seconds = (end - start).total_seconds()
        self._paint_times(painter, plot, start, seconds)
        for index, each in enumerate(self._series):
            points = [
                QPointF(
                    plot.left() + (at - start).total_seconds() / seconds * plot.width(),
                    plot.bottom() - min(value, steps[-1]) / steps[-1] * plot.height(),
                )
                for at, value in _thinned(each.points, int(plot.width()))
            ]
            colour = color(each.tone)
            path = smooth_path(points)
            if index == 0:
                _fill_under(painter, path, points, plot.bottom(), colour)
            painter.strokePath(path, QPen(colour, 1.5))
            if len(points) == 1:
                painting.dot(painter, points[0], 2.5, each.tone)
        if self._pointer is not None and plot.left() <= self._pointer <= plot.right():
            self._paint_read_out(painter, plot, start, seconds, steps[-1])

    def _paint_times(self, painter: QPainter, plot: QRectF, start: datetime, seconds: float) -> None:
        count = max(1, min(6, int(plot.width() // 110)))
        pattern = "%H:%M:%S" if seconds < 600 else "%H:%M" if seconds < 86_400 else "%d %b %H:%M"
        for index in range(count + 1):
            x = plot.left() + plot.width() * index / count
            moment = datetime.fromtimestamp(start.timestamp() + seconds * index / count).astimezone()
            label = moment.strftime(pattern)
            width = text_width(label, "xs")
            area = QRectF(min(max(x - width / 2, plot.left()), plot.right() - width), plot.bottom() + 6, width + 2, 16)
            painting.text(painter, area, label, "text3", "xs")

    def _paint_read_out(self, painter: QPainter, plot: QRectF, start: datetime, seconds: float, top: float) -> None:
        pointer = self._pointer or 0.0
        wanted = start.timestamp() + (pointer - plot.left()) / plot.width() * seconds
        lines: list[tuple[State, str]] = []
        at = start
        for each in self._series:
            at, value = min(each.points, key=lambda point: abs(point[0].timestamp() - wanted))
            x = plot.left() + (at - start).total_seconds() / seconds * plot.width()
            y = plot.bottom() - min(value, top) / top * plot.height()
            painting.dot(painter, QPointF(x, y), 3.5, each.tone)
            lines.append((each.tone, f"{each.name}  {self._format(value)}"))
        x = plot.left() + (at - start).total_seconds() / seconds * plot.width()
        painter.setPen(QPen(color("border2"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(round(x) + 0.5, plot.top()), QPointF(round(x) + 0.5, plot.bottom()))
        title = at.astimezone().strftime("%H:%M:%S")
        width = max(text_width(title, "xs", 500), *(text_width(line, "xs") + 12 for _, line in lines)) + 20
        height = 16 * (len(lines) + 1) + 10
        left = x + 10 if x + 10 + width < plot.right() else x - 10 - width
        area = QRectF(left, plot.top() + 4, width, height)
        painting.box(painter, painting.inside(area), 6, fill="raised", line="border2")
        painting.text(painter, QRectF(left + 10, area.top() + 5, width, 16), title, "text2", "xs", 500)
        for index, (tone, line) in enumerate(lines, start=1):
            y = area.top() + 5 + 16 * index
            painting.dot(painter, QPointF(left + 13, y + 8), 3, tone)
            painting.text(painter, QRectF(left + 22, y, width, 16), line, "text", "xs")


def _thinned(points: Sequence[tuple[datetime, float]], most: int) -> Sequence[tuple[datetime, float]]:
    """Keep at most about one point a pixel: the highest of each bucket, so that no peak is lost."""
    if len(points) <= max(2, most):
        return points
    size = math.ceil(len(points) / most)
    return [max(points[start : start + size], key=lambda point: point[1]) for start in range(0, len(points), size)]
