"""Yes or no: a switch that acts at once, a check box that is part of a form."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from godploy_desktop.ui.theme import Tone, icon_pixmap, text_width, tokens
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import PaintedButton


class Switch(PaintedButton):
    """On or off, at once. `toggled` tells."""

    def __init__(self, content: str, *, on: bool = False, tip: str = "") -> None:
        super().__init__(content, tip=tip)
        self.setCheckable(True)
        self.setChecked(on)
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(text_width(self.text(), "md")) + 48, 28)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        on = self.isChecked()
        track = QRectF(1, 5, 32, 18)
        fill: Tone = "accent" if on else "border2"
        if not self.isEnabled():
            painter.setOpacity(0.5)
        painting.box(painter, track, 9, fill=fill)
        painting.dot(painter, QPointF(24 if on else 10, 14), 6.5, "on_accent" if on else "surface")
        painting.text(painter, QRectF(42, 0, self.width(), 28), self.text(), "text")
        if self.hasFocus():
            painting.focus_ring(painter, track, 9)


class CheckBox(PaintedButton):
    """Part of a form. `toggled` tells."""

    def __init__(self, content: str, *, checked: bool = False, tip: str = "") -> None:
        super().__init__(content, tip=tip)
        self.setCheckable(True)
        self.setChecked(checked)
        self.setFixedHeight(26)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(text_width(self.text(), "md")) + 30, 26)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        if not self.isEnabled():
            painter.setOpacity(0.5)
        square = QRectF(1.5, 5.5, 15, 15)
        on = self.isChecked()
        line: Tone = "accent" if on else "text3" if self.underMouse() else "border2"
        painting.box(painter, square, 4, fill="accent" if on else "surface", line=line)
        if on:
            painter.drawPixmap(3, 7, icon_pixmap("check", tokens().on_accent, 12))
        painting.text(painter, QRectF(26, 0, self.width(), 26), self.text(), "text")
        if self.hasFocus():
            painting.focus_ring(painter, square, 4)
