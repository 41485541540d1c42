"""A painted table of rows: deployments, servers, variables. It has its natural height; a ScrollArea scrolls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import Radius, Size, TextSize, Tone, color, icon_pixmap, metrics, text_width, tokens
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.text import soft

_HEAD = 30
_PAD = 12


@dataclass(frozen=True)
class Column:
    """One column: `width` px, or with `stretch` a share of the rest. It is left out below `hidden_below` px."""

    title: str
    width: int = 0
    stretch: int = 0
    align_right: bool = False
    hidden_below: int = 0


@dataclass(frozen=True)
class Cell:
    """What stands in one place: text, with `sub` as a second line; `pill` draws it as a state."""

    content: str
    tone: Tone = "text"
    sub: str = ""
    icon: str = ""
    dot: Tone | None = None
    pill: bool = False
    mono: bool = False
    weight: int = 400


@dataclass(frozen=True)
class Row:
    """One row. `key` is what `activated` tells."""

    key: str
    cells: tuple[Cell, ...]


class Table(QWidget):
    """Up and Down move, Enter or a click activate, a right click or the menu key asks for a menu."""

    activated = Signal(str)
    menu_requested = Signal(str, QPoint)

    def __init__(
        self, columns: Sequence[Column], *, row_height: int = 44, show_head: bool = True, name: str = ""
    ) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._rows: tuple[Row, ...] = ()
        self._row_height = row_height
        self._head = _HEAD if show_head else 0
        self._current = 0
        self._hover = -1
        self.is_clickable = True
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the one that was current stays so, wherever it is now."""
        key = self._rows[self._current].key if self._current < len(self._rows) else None
        self._rows = tuple(rows)
        keys = [each.key for each in self._rows]
        self._current = keys.index(key) if key in keys else 0
        self.setFixedHeight(self.sizeHint().height())
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, self._head + len(self._rows) * self._row_height)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def row_rect(self, index: int) -> QRectF:
        """Give back where a row is, in the widget's own px."""
        return QRectF(0, self._head + index * self._row_height, self.width(), self._row_height)

    def _describe(self) -> None:
        if self._rows:
            said = ", ".join(cell.content for cell in self._rows[self._current].cells if cell.content)
            self.setAccessibleDescription(f"Row {self._current + 1} of {len(self._rows)}: {said}")

    def _row_at(self, y: float) -> int:
        index = int((y - self._head) // self._row_height)
        return index if y >= self._head and 0 <= index < len(self._rows) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hover = self._row_at(event.position().y())
        if hover != self._hover:
            self._hover = hover
            clickable = hover >= 0 and self.is_clickable
            self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = -1
        self.update()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._row_at(event.position().y())
        if index >= 0:
            self._move_to(index)
            if event.button() is Qt.MouseButton.RightButton:
                self.menu_requested.emit(self._rows[index].key, event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self._row_at(event.position().y())
        if index >= 0 and index == self._current and event.button() is Qt.MouseButton.LeftButton:
            self.activated.emit(self._rows[index].key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._rows) - 1
        if last < 0:
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Up:
                self._move_to(max(0, self._current - 1))
            case Qt.Key.Key_Down:
                self._move_to(min(last, self._current + 1))
            case Qt.Key.Key_Home:
                self._move_to(0)
            case Qt.Key.Key_End:
                self._move_to(last)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self.activated.emit(self._rows[self._current].key)
            case Qt.Key.Key_Menu:
                place = self.mapToGlobal(self.row_rect(self._current).center().toPoint())
                self.menu_requested.emit(self._rows[self._current].key, place)
            case _:
                super().keyPressEvent(event)

    def _move_to(self, index: int) -> None:
        self._current = index
        self._describe()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def _places(self) -> list[tuple[int, Column, float, float]]:
        """Index, column, left and width of every column that is shown."""
        shown = [(index, each) for index, each in enumerate(self._columns) if self.width() >= each.hidden_below]
        fixed = sum(each.width for _, each in shown)
        shares = sum(each.stretch for _, each in shown) or 1
        rest = max(0, self.width() - fixed - 2 * _PAD - _PAD * (len(shown) - 1))
        places, left = [], float(_PAD)
        for index, each in shown:
            width = each.width + rest * each.stretch / shares
            places.append((index, each, left, width))
            left += width + _PAD
        return places

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        places = self._places()
        if self._head:
            for _, column, left, width in places:
                align = painting.RIGHT if column.align_right else painting.LEFT
                painting.text(painter, QRectF(left, 0, width, _HEAD), column.title, "text3", "xs", 500, align=align)
            painter.fillRect(QRectF(0, _HEAD - 1, self.width(), 1), color("border"))
        first = max(0, (event.rect().top() - self._head) // self._row_height)
        last = min(len(self._rows), (event.rect().bottom() - self._head) // self._row_height + 1)
        for index in range(first, last):
            self._paint_row(painter, index, places)

    def _paint_row(self, painter: QPainter, index: int, places: list[tuple[int, Column, float, float]]) -> None:
        area = self.row_rect(index)
        if index == self._hover and self.is_clickable:
            painting.box(painter, area.adjusted(0, 1, 0, -2), Radius.SM, fill="hover")
        if index < len(self._rows) - 1:
            painter.fillRect(QRectF(0, area.bottom() - 1, self.width(), 1), color("border"))
        cells = self._rows[index].cells
        for number, column, left, width in places:
            if number < len(cells):
                _paint_cell(painter, cells[number], QRectF(left, area.top(), width, area.height()), column.align_right)
        if self.hasFocus() and index == self._current:
            painting.focus_ring(painter, area.adjusted(0.5, 1.5, -0.5, -2.5), Radius.SM)


def _paint_cell(painter: QPainter, cell: Cell, area: QRectF, align_right: bool) -> None:
    if cell.pill:
        _paint_pill(painter, cell, area)
        return
    if cell.dot:
        painting.dot(painter, QPointF(area.left() + 4, area.center().y()), 3.5, cell.dot)
        area = area.adjusted(16, 0, 0, 0)
    if cell.icon:
        place = QPointF(area.left(), area.center().y() - Size.ICON / 2)
        icon_tone: Tone = "text3" if cell.tone == "text" else cell.tone
        painter.drawPixmap(place, icon_pixmap(cell.icon, getattr(tokens(), icon_tone)))
        area = area.adjusted(24, 0, 0, 0)
    align = painting.RIGHT if align_right else painting.LEFT
    size: TextSize = "sm" if cell.mono else "md"
    measure = metrics(size, cell.weight, mono=cell.mono)
    content = measure.elidedText(cell.content, Qt.TextElideMode.ElideRight, area.width())
    upper = area
    if cell.sub:
        half = area.height() / 2
        upper = QRectF(area.left(), area.top() + 4, area.width(), half - 3)
        lower = QRectF(area.left(), area.top() + half, area.width(), half - 4)
        sub = metrics("sm").elidedText(cell.sub, Qt.TextElideMode.ElideRight, area.width())
        painting.text(painter, lower, sub, "text3", "sm", align=align)
    painting.text(painter, upper, content, cell.tone, size, cell.weight, align=align, mono=cell.mono)


def _paint_pill(painter: QPainter, cell: Cell, area: QRectF) -> None:
    width = min(area.width(), text_width(cell.content, "sm", 500) + 30)
    box = QRectF(area.left(), area.center().y() - Size.PILL / 2, width, Size.PILL)
    painting.box(painter, box, Size.PILL / 2, fill=soft(cell.tone))
    painting.dot(painter, QPointF(box.left() + 12, box.center().y()), 3, cell.tone)
    tone: Tone = "text2" if cell.tone == "text3" else cell.tone
    painting.text(painter, box.adjusted(21, 0, -4, 0), cell.content, tone, "sm", 500)
