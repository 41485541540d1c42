"""Text that leads somewhere: looks like the link of a page, works with the keyboard."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPaintEvent

from godploy_desktop.ui.theme import Tone, text_width
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import PaintedButton

_HEIGHT = 20


class Link(PaintedButton):
    """Calls `on_press`."""

    def __init__(self, on_press: Callable[[], object], text: str = "") -> None:
        super().__init__(text)
        self.on_click(on_press)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setAccessibleName(text)
        self.setFixedSize(math.ceil(text_width(text)) + 2, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        tone: Tone = "accent_hover" if self.underMouse() else "accent"
        painting.text(painter, QRectF(self.rect()), self.text(), tone)
        if self.hasFocus():
            painting.focus_ring(painter, QRectF(self.rect()).adjusted(-1, 0, 1, 0), 4)
