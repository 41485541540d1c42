"""Holders and switchers; rows, columns, grids and scroll areas come from the widgets."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from godploy_desktop.ui.widgets import Sparkline, StatCard


def holder(layout: QLayout) -> QWidget:
    """Give back a widget around a layout, for what is shown and hidden as one."""
    widget = QWidget()
    widget.setLayout(layout)
    return widget


class Switcher(QWidget):
    """Shows one of its parts, and is as high as that one (a stack is as high as its highest)."""

    def __init__(self, parts: dict[str, QWidget]) -> None:
        super().__init__()
        self._parts = parts
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in parts.values():
            part.hide()
            layout.addWidget(part)

    def show_part(self, key: str) -> None:
        """Show the part of that name and hide the others."""
        for name, part in self._parts.items():
            part.setVisible(name == key)


def figure_only(card: StatCard) -> StatCard:
    """Give back `card` without its course, for a figure that has none."""
    for course in card.findChildren(Sparkline):
        course.setFixedWidth(0)  # its height stays, so that cards side by side keep their lines level
    return card
