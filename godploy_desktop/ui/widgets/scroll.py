"""A scroll area without frame or ground, for pages and dialogs, and bringing something in it into sight."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class ScrollArea(QScrollArea):
    """Scrolls `content` vertically; its width follows the area. The focused part is brought into sight."""

    def __init__(self, content: QWidget | None = None) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # a viewport of our own: asked for Qt's, PySide loads every widget class to find out which one it is (0.1 s)
        ground = QWidget()
        self.setViewport(ground)
        ground.setAutoFillBackground(False)
        if content is not None:
            self.set_content(content)

    def set_content(self, content: QWidget) -> None:
        """Scroll this widget."""
        self.setWidget(content)
        content.setAutoFillBackground(False)

    def focusNextPrevChild(self, forwards: bool) -> bool:
        moved = super().focusNextPrevChild(forwards)
        focused = self.focusWidget()
        if moved and focused is not None:
            self.ensureWidgetVisible(focused, 24, 24)
        return moved


def bring_into_sight(widget: QWidget) -> None:
    """Scroll whatever `widget` is in until it can be seen, once what changes now is laid out."""

    def scroll() -> None:
        around = widget.parentWidget()
        while around is not None:
            if isinstance(around, QScrollArea):
                around.ensureWidgetVisible(widget, 24, 24)
            around = around.parentWidget()

    QTimer.singleShot(0, widget, scroll)
