"""Holders and scrolling bodies; rows, columns and grids come from the widgets."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QWidget


def holder(layout: QLayout) -> QWidget:
    """Give back a widget around a layout, for what is shown and hidden as one."""
    widget = QWidget()
    widget.setLayout(layout)
    return widget


def scrolling(content: QWidget) -> QScrollArea:
    """Give back a frameless area that scrolls `content` vertically and never sideways."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.viewport().setAutoFillBackground(False)
    content.setAutoFillBackground(False)
    area.setWidget(content)
    return area
