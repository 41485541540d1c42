"""Strokes that several widgets share: rounded boxes, cards with their shadow, focus rings, centred text."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPaintDevice, QPainter, QPen

from godploy_desktop.ui.theme import TextSize, Tone, color, font, tokens

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


def smooth_painter(device: QPaintDevice) -> QPainter:
    """Give back a painter on `device` with antialiasing."""
    painter = QPainter(device)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return painter


def inside(rect: QRectF) -> QRectF:
    """Give back `rect` drawn in by half a pixel, where a 1 px line is sharp."""
    return rect.adjusted(0.5, 0.5, -0.5, -0.5)


def box(
    painter: QPainter,
    rect: QRectF,
    radius: float,
    *,
    fill: Tone | None = None,
    line: Tone | None = None,
    width: float = 1,
) -> None:
    """Draw a rounded box; without `fill` or `line` that part stays empty."""
    painter.setPen(QPen(color(line), width) if line else Qt.PenStyle.NoPen)
    painter.setBrush(color(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect, radius, radius)


def focus_ring(painter: QPainter, rect: QRectF, radius: float) -> None:
    """Draw the ring that says where the keyboard is: an accent line with a soft halo inside it."""
    halo = QColor(color("accent"))
    halo.setAlpha(60)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(halo, 3))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius - 1, radius - 1)
    painter.setPen(QPen(color("accent"), 1))
    painter.drawRoundedRect(rect, radius, radius)


def blend(first: QColor, second: QColor, share: float) -> QColor:
    """Give back the colour `share` (0.0 to 1.0) of the way from `first` to `second`."""
    keep = 1.0 - share
    return QColor(
        round(first.red() * keep + second.red() * share),
        round(first.green() * keep + second.green() * share),
        round(first.blue() * keep + second.blue() * share),
    )


def card_box(painter: QPainter, rect: QRectF, radius: float, line: QColor, fill: Tone = "surface") -> None:
    """Draw a card: a hairline in dark themes, a hairline over a soft painted shadow in light ones."""
    rect = inside(rect)
    if tokens().shadow:
        rect.adjust(0, 0, 0, -1.5)
        painter.setPen(Qt.PenStyle.NoPen)
        for offset, alpha in ((1.5, 5), (1.0, 7), (0.5, 10)):
            painter.setBrush(QColor(16, 24, 40, alpha))
            painter.drawRoundedRect(rect.translated(0, offset), radius, radius)
    painter.setPen(line)
    painter.setBrush(color(fill))
    painter.drawRoundedRect(rect, radius, radius)


def dot(painter: QPainter, centre: QPointF, radius: float, tone: Tone) -> None:
    """Draw a filled circle."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(tone))
    painter.drawEllipse(centre, radius, radius)


def text(
    painter: QPainter,
    rect: QRectF,
    content: str,
    tone: Tone,
    size: TextSize | int = "md",
    weight: int = 400,
    *,
    align: Qt.AlignmentFlag = LEFT,
    mono: bool = False,
) -> None:
    """Write one line of text inside `rect`."""
    painter.setPen(color(tone))
    painter.setFont(font(size, weight, mono=mono))
    painter.drawText(rect, int(align), content)
