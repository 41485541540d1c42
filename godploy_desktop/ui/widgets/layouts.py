"""Layouts in one line: a row, a column, and a grid of cards that finds its own number of columns."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QLayoutItem, QVBoxLayout, QWidget

Part = QWidget | QLayout | int | None
"""A widget, a layout, a gap in px, or None: the rest of the room."""

Margins = tuple[int, int, int, int]


def row(*parts: Part, spacing: int = 8, margins: Margins = (0, 0, 0, 0), parent: QWidget | None = None) -> QHBoxLayout:
    """Give back a horizontal layout of `parts`, each centred vertically. With `parent` it becomes that one's layout."""
    made = QHBoxLayout(parent) if parent is not None else QHBoxLayout()
    _fill(made, parts, spacing, margins, centred=True)
    return made


def column(
    *parts: Part, spacing: int = 8, margins: Margins = (0, 0, 0, 0), parent: QWidget | None = None
) -> QVBoxLayout:
    """Give back a vertical layout of `parts`. With `parent` it becomes that one's layout."""
    made = QVBoxLayout(parent) if parent is not None else QVBoxLayout()
    _fill(made, parts, spacing, margins, centred=False)
    return made


def _fill(layout: QBoxLayout, parts: tuple[Part, ...], spacing: int, margins: Margins, *, centred: bool) -> None:
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        elif centred:
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        else:
            layout.addWidget(part)


def clear(layout: QLayout) -> None:
    """Take everything out of `layout` and delete the widgets."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear(inner)


class CardGrid(QLayout):
    """Equal columns, as many as fit at `minimum_width` px each but no more than `most_columns`; every row as high as
    its highest card."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        minimum_width: int = 300,
        spacing: int = 12,
        most_columns: int | None = None,
    ) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._minimum_width, self._most_columns = minimum_width, most_columns
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def columns_in(self, width: int) -> int:
        """Give back how many columns `width` px holds."""
        fitting = max(1, (width + self.spacing()) // (self._minimum_width + self.spacing()))
        return min(fitting, self._most_columns) if self._most_columns else fitting

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        width = min(self._minimum_width, 240)
        return QSize(width, max((item.minimumSize().height() for item in self._items), default=0))

    def _place(self, rect: QRect, *, move: bool) -> int:
        shown = [item for item in self._items if not item.isEmpty()]
        columns = self.columns_in(rect.width())
        gap = self.spacing()
        width = (rect.width() - gap * (columns - 1)) / columns
        top = rect.y()
        for start in range(0, len(shown), columns):
            line = shown[start : start + columns]
            height = max(_height_of(item, round(width)) for item in line)
            if move:
                for index, item in enumerate(line):
                    left = round(rect.x() + index * (width + gap))
                    right = round(rect.x() + index * (width + gap) + width)
                    item.setGeometry(QRect(left, top, right - left, height))
            top += height + gap
        return max(0, top - gap - rect.y()) if shown else 0


def _height_of(item: QLayoutItem, width: int) -> int:
    wanted = item.heightForWidth(width) if item.hasHeightForWidth() else item.sizeHint().height()
    return max(wanted, item.minimumSize().height())
