"""What few need: a line that unfolds it."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import Radius, Tone, icon_pixmap, text_width, tokens
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import PaintedButton
from godploy_desktop.ui.widgets.layouts import column


class _Handle(PaintedButton):
    def __init__(self, content: str) -> None:
        super().__init__(content)
        self.setCheckable(True)
        self.setFixedHeight(26)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(text_width(self.text(), "sm", 500)) + 30, 26)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        colours = tokens()
        tint = colours.text if self.underMouse() else colours.text2
        name = "chevron-down" if self.isChecked() else "chevron-right"
        painter.drawPixmap(2, 6, icon_pixmap(name, tint, 14))
        tone: Tone = "text" if self.underMouse() else "text2"
        painting.text(painter, QRectF(22, 0, self.width(), 26), self.text(), tone, "sm", 500)
        if self.hasFocus():
            painting.focus_ring(painter, painting.inside(QRectF(self.rect())), Radius.SM)


class Disclosure(QWidget):
    """A title that shows and hides `content`. Folded at first. `toggled` tells."""

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, name: str = "") -> None:
        super().__init__()
        self._content = content
        self.handle = _Handle(title)
        self.handle.setObjectName(name)
        self.handle.toggled.connect(self._show)
        content.hide()
        column(self.handle, content, spacing=10, parent=self)

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return self.handle.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the content."""
        self.handle.setChecked(is_open)

    def _show(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        self.handle.setAccessibleDescription("unfolded" if is_open else "folded")
        self.toggled.emit(is_open)
