"""What lies over the whole window for a moment: it follows the window's size, and goes with Esc or a click beside."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.theme import tokens


class Overlay(QWidget):
    """Base: place contents in `place_contents`; `closed` tells once, then it deletes itself."""

    closed = Signal()

    def __init__(self, window: QWidget, *, dims: bool) -> None:
        super().__init__(window)
        self._dims = dims
        self._is_open = False
        self._before: QWidget | None = None
        self.hide()

    def open(self) -> None:
        """Show it; gives back at once."""
        self._before = self.window().focusWidget()
        self._is_open = True
        self.window().installEventFilter(self)
        self._fit()
        self.show()
        self.raise_()

    def close_overlay(self) -> None:
        """Take it away and give the keyboard back."""
        if not self._is_open:
            return
        self._is_open = False
        self.window().removeEventFilter(self)
        self.hide()
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
            self._before = None
        self.closed.emit()
        self.deleteLater()

    def place_contents(self) -> None:
        """Set the geometry of what lies inside; called whenever the window changes its size."""

    def _fit(self) -> None:
        self.setGeometry(self.window().rect())
        self.place_contents()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and self._is_open:
            self._fit()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.close_overlay()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._dims:
            QPainter(self).fillRect(self.rect(), QColor(4, 6, 10, 150 if tokens().is_dark else 80))
