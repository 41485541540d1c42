"""The part that shows lines: paints the visible rows only, whatever the log's length; selects, copies, wraps."""

from __future__ import annotations

import re
import time

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from godploy_desktop.ui.theme import color, font, theme
from godploy_desktop.ui.widgets.log_view.ansi import plain_text
from godploy_desktop.ui.widgets.log_view.known_lines import KnownLines
from godploy_desktop.ui.widgets.log_view.pages import PageStore
from godploy_desktop.ui.widgets.log_view.picture import Picture
from godploy_desktop.ui.widgets.log_view.rows import Rows
from godploy_desktop.ui.widgets.log_view.selection import Place, Selection
from godploy_desktop.ui.widgets.log_view.strips import Strip, StripPainter
from godploy_desktop.ui.widgets.menus import MenuEntry, open_menu

_LEFT = 16
_SLICE_S = 0.002
"""How long one turn of painting what came may take; the rest waits for the next turn of the window's loop."""

MOST_COPIED_LINES = 100_000
"""More than this is not put on the clipboard; saving writes everything."""


class LogArea(QAbstractScrollArea):
    """Shows `rows`. While it follows, the newest line stays at the bottom; scrolling up ends that."""

    following_changed = Signal(bool)
    copied = Signal(int)  # lines

    def __init__(self, store: PageStore) -> None:
        super().__init__()
        self.rows = Rows(store)
        self.is_following = True
        self.wraps = False
        self.paint_count = 0
        self.paint_s = 0.0  # how long the latest painting took
        self.placeholder = ""  # shown while there are no rows
        self._selection = Selection()
        self._lines = KnownLines(store)
        self._painting = StripPainter(self._lines, self._selection)
        self._cell, self._row = self._painting.cell, self._painting.row
        self._picture = Picture(self._painting.paint)
        self._fitted = 0  # characters that the bar below allows for
        self._is_ready = False  # the picture is whole and waits to be seen
        self._is_behind = False  # more came since the picture was begun
        self._turns = QTimer(self)
        self._turns.timeout.connect(self._paint_on)
        self._drag = QTimer(self)
        self._drag.setInterval(40)
        self._drag.timeout.connect(self._drag_on)
        self._drag_place = QPoint()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Log")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setViewport(QWidget())  # see ScrollArea
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        # set ranges come with signals blocked, so the bar cannot be told to appear
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().setSingleStep(1)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self._repaint())
        theme().theme_changed.connect(self._forget_colours)

    def sizeHint(self) -> QSize:
        return QSize(480, 240)

    # what is shown

    def refresh(self) -> None:
        """Take what the store has now."""
        bar = self.verticalScrollBar()
        gone = self.rows.take_away_gone()
        bar.blockSignals(True)
        value = bar.value() - gone
        bar.setPageStep(self._visible_rows())
        bar.setRange(0, self._last_top())
        bar.setValue(bar.maximum() if self.is_following else max(0, value))
        bar.blockSignals(False)
        if self._is_ready or (self._turns.isActive() and self._picture.is_begun):
            self._is_behind = True
        else:
            self._picture.drop()
            self._turns.start()

    def set_following(self, is_following: bool) -> None:
        """Keep the newest line in sight, or hold still."""
        if is_following != self.is_following:
            self.is_following = is_following
            self.following_changed.emit(is_following)
        if is_following:
            self.refresh()

    def set_wraps(self, wraps: bool) -> None:
        """Break long lines at the edge, or scroll sideways."""
        self.wraps = wraps
        self.horizontalScrollBar().setValue(0)
        self.refresh()
        self._fit_width()

    def set_mark(self, mark: re.Pattern[str] | None) -> None:
        """Mark every match of `mark` in what is seen."""
        self._painting.mark = mark
        self._repaint()

    def show_line(self, number: int) -> None:
        """Bring a line into the middle and mark it as the one that a search stands on."""
        self._painting.current_line = number
        self.set_following(False)
        row = self.rows.row_of(number)
        self.verticalScrollBar().setValue(max(0, row - self._visible_rows() // 2))
        self._repaint()

    @property
    def current_line(self) -> int:
        """The line that a search stands on, or where the view begins."""
        if self._painting.current_line >= 0:
            return self._painting.current_line
        return self.rows.number(self.verticalScrollBar().value()) if len(self.rows) else 0

    def forget_current_line(self) -> None:
        """Begin the next search at what is seen."""
        self._painting.current_line = -1

    def visible_text(self) -> list[str]:
        """Give back what is painted now, a row each."""
        return [self._lines.text(strip.number)[strip.start : strip.end] for strip in self._strips()]

    # measures

    def _visible_rows(self) -> int:
        return max(1, self.viewport().height() // self._row)

    def _columns(self) -> int:
        return max(8, int((self.viewport().width() - _LEFT - 8) / self._cell))

    def _last_top(self) -> int:
        """The row at the top when the last one stands at the bottom."""
        count, room = len(self.rows), self._visible_rows()
        if not self.wraps:
            return max(0, count - room)
        row = count
        while row > 0 and room > 0:
            row -= 1
            room -= self._height_of(self.rows.number(row))
        return row if room >= 0 else min(row + 1, max(0, count - 1))

    def _height_of(self, number: int) -> int:
        """How many rows a line takes while lines are wrapped."""
        return max(1, -(-len(self._lines.text(number)) // self._columns()))

    def _strips(self) -> list[Strip]:
        """What is to be painted, from the top."""
        count, height = len(self.rows), self.viewport().height()
        value = self.verticalScrollBar().value()
        at_end = self.is_following and value >= self.verticalScrollBar().maximum()
        full = count >= self._visible_rows() if not self.wraps else self.verticalScrollBar().maximum() > 0
        if at_end and full:
            return self._strips_up_from(count - 1)
        strips: list[Strip] = []
        top = 4.0 if value == 0 else 0.0
        row = value
        while row < count and top < height:
            for start, end in self._breaks(self.rows.number(row)):
                strips.append(Strip(top, self.rows.number(row), start, end))
                top += self._row
            row += 1
        return strips

    def _strips_up_from(self, row: int) -> list[Strip]:
        strips: list[Strip] = []
        top = float(self.viewport().height())
        while row >= 0 and top > 0:
            number = self.rows.number(row)
            for start, end in reversed(self._breaks(number)):
                top -= self._row
                strips.append(Strip(top, number, start, end))
            row -= 1
        return strips[::-1]

    def _breaks(self, number: int) -> list[tuple[int, int | None]]:
        if not self.wraps:
            return [(0, None)]
        columns = self._columns()
        return [(index * columns, (index + 1) * columns) for index in range(self._height_of(number))]

    def _place_at(self, point: QPoint) -> Place | None:
        strips = self._strips()
        if not strips:
            return None
        strip = next((each for each in strips if each.top <= point.y() < each.top + self._row), None)
        if strip is None:
            strip = strips[0] if point.y() < strips[0].top else strips[-1]
        content = self._lines.text(strip.number)[strip.start : strip.end]
        x = point.x() - _LEFT + self.horizontalScrollBar().value()
        return Place(strip.number, strip.start + self._painting.column_at(content, x))

    # events

    def _scrolled(self, value: int) -> None:
        self._repaint()
        is_at_end = value >= self.verticalScrollBar().maximum()
        if is_at_end != self.is_following:
            self.is_following = is_at_end
            self.following_changed.emit(is_at_end)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()
        self._fit_width()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y() > 0 and self.verticalScrollBar().maximum() > 0:
            self.set_following(False)
        super().wheelEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or place is None:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._selection.extend(place)
        else:
            self._selection.begin(place)
        self._repaint()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        if place is not None:
            self._selection.select_word(place, self._lines.text(place.number))
            self._repaint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        self._drag_place = event.position().toPoint()
        outside = not self.viewport().rect().contains(self._drag_place)
        if outside and not self._drag.isActive():
            self._drag.start()
        elif not outside:
            self._drag.stop()
        self._extend_to(self._drag_place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag.stop()
        super().mouseReleaseEvent(event)

    def _drag_on(self) -> None:
        step = -1 if self._drag_place.y() < 0 else 1 if self._drag_place.y() > self.viewport().height() else 0
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + step * 2)
        self._extend_to(self._drag_place)

    def _extend_to(self, point: QPoint) -> None:
        place = self._place_at(point)
        if place is not None:
            self._selection.extend(place)
            self._repaint()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        open_menu(
            [
                MenuEntry("Copy", self.copy, "copy", is_enabled=not self._selection.is_empty),
                MenuEntry("Select all", self.select_all, "list"),
                MenuEntry(""),
                MenuEntry("Do not wrap lines" if self.wraps else "Wrap lines", self.toggle_wraps, "wrap-text"),
                MenuEntry("Jump to the end", lambda: self.set_following(True), "arrow-down-to-line"),
            ],
            self,
            event.globalPos(),
        )

    def toggle_wraps(self) -> None:
        """Wrap if it does not, and the other way round."""
        self.set_wraps(not self.wraps)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() == Qt.Key.Key_End:
            self.set_following(True)
        elif event.key() == Qt.Key.Key_Home:
            self.set_following(False)
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_Escape and not self._selection.is_empty:
            self._selection.clear()
            self._repaint()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.viewport().update()
        return super().event(event)

    # selection

    def select_all(self) -> None:
        """Select every line that is shown."""
        if len(self.rows):
            last = self.rows.number(len(self.rows) - 1)
            self._selection.begin(Place(self.rows.number(0), 0))
            self._selection.extend(Place(last, 1_000_000))
            self._repaint()

    def selected_text(self) -> str:
        """Give back what is selected as it reads, at most MOST_COPIED_LINES lines."""
        if self._selection.is_empty:
            return ""
        start, end = self._selection.bounds
        first, last = self.rows.row_of(start.number), self.rows.row_of(end.number)
        lines = []
        for row in range(first, min(last + 1, len(self.rows), first + MOST_COPIED_LINES)):
            number = self.rows.number(row)
            if number > end.number:
                break
            left, right = self._selection.columns_in(number)
            lines.append(plain_text(self.rows.store.line(number))[left:right])
        return "\n".join(lines)

    def copy(self) -> None:
        """Put what is selected on the clipboard."""
        content = self.selected_text()
        if content:
            QGuiApplication.clipboard().setText(content)
            self.copied.emit(content.count("\n") + 1)

    # painting

    def _forget_colours(self) -> None:
        self._painting.forget_colours()
        self._repaint()

    def _fit_width(self) -> None:
        self._fitted = self._painting.widest
        bar = self.horizontalScrollBar()
        room = self.viewport().width() - _LEFT - 8
        wanted = 0 if self.wraps else max(0, int(self._painting.widest * self._cell) - room)
        if bar.maximum() != wanted:
            bar.setPageStep(room)
            bar.setSingleStep(int(self._cell * 4))
            bar.setRange(0, wanted)

    def _repaint(self) -> None:
        """What a person did is painted at once and whole."""
        self._picture.drop()
        self._is_ready = self._is_behind = False
        self.viewport().update()

    def _paint_on(self) -> None:
        """What came is painted in turns, and seen once the picture is whole."""
        if not self._picture.is_begun:
            self._begin_picture()
        if self._picture.advance(_SLICE_S):
            self._turns.stop()
            self._is_ready = True
            self.viewport().update()

    def _begin_picture(self) -> None:
        self._painting.left = _LEFT - self.horizontalScrollBar().value()
        self._painting.width = self.viewport().width()
        size, ratio = self.viewport().size(), self.viewport().devicePixelRatio()
        self._picture.begin(self._strips(), color("surface"), size, ratio)

    def paintEvent(self, _event: QPaintEvent) -> None:
        self.paint_count += 1
        fits = self._picture.fits(self.viewport().size(), self.viewport().devicePixelRatio())
        if not fits or (self._is_behind and not self._is_ready):  # asked for by the system, amid the turns
            self._picture.drop()
            self._is_behind = False
        if not self._picture.is_begun:
            self._begin_picture()
        self._picture.advance()
        self._turns.stop()
        self._is_ready = False
        began = time.perf_counter()
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, self._picture.pixmap)
        if not len(self.rows) and self.placeholder:
            painter.setFont(font("sm"))
            painter.setPen(color("text3"))
            painter.drawText(self.viewport().rect(), int(Qt.AlignmentFlag.AlignCenter), self.placeholder)
        painter.end()
        if self._painting.widest != self._fitted:
            QTimer.singleShot(0, self, self._fit_width)
        self.paint_s = self._picture.paint_s + time.perf_counter() - began
        if self._is_behind:
            self._is_behind = False
            QTimer.singleShot(0, self, self.refresh)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._turns.stop()
        self._is_ready = self._is_behind = False
        self._picture.free()
