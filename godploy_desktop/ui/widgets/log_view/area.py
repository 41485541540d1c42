"""The part that shows lines: paints the visible rows only, whatever the log's length; selects, copies, wraps."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from godploy_desktop.ui.theme import Size, color, font, metrics, theme, tokens
from godploy_desktop.ui.widgets.log_view.ansi import PLAIN, Ink, Span, plain_text, spans_of
from godploy_desktop.ui.widgets.log_view.inks import ink_colour, ink_ground
from godploy_desktop.ui.widgets.log_view.pages import PageStore
from godploy_desktop.ui.widgets.log_view.rows import Rows
from godploy_desktop.ui.widgets.log_view.selection import Place, Selection
from godploy_desktop.ui.widgets.menus import MenuEntry, open_menu

_LEFT = 16
_KNOWN_LINES = 2000
MOST_COPIED_LINES = 100_000
"""More than this is not put on the clipboard; saving writes everything."""


@dataclass(frozen=True)
class _Strip:
    """One painted row: characters `start` to `end` of a line, at `top` px."""

    top: float
    number: int
    start: int
    end: int | None


@dataclass(frozen=True)
class _Look:
    """An ink in the theme in use."""

    ink: Ink  # held, so that its identity stays its own
    pen: QPen
    ground: QColor | None


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
        self.mark: re.Pattern[str] | None = None
        self.placeholder = ""  # shown while there are no rows
        self._current_line = -1  # the line that a search stands on
        self._selection = Selection()
        self._spans: OrderedDict[int, list[Span]] = OrderedDict()
        self._widest = 0
        self._looks: dict[int, _Look] = {}
        self._drag = QTimer(self)
        self._drag.setInterval(40)
        self._drag.timeout.connect(self._drag_on)
        self._drag_place = QPoint()
        measure = metrics("sm", mono=True)
        self._cell = measure.horizontalAdvance("M")
        self._row = Size.LOG_ROW
        self._baseline = (self._row + measure.ascent() - measure.descent()) / 2
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
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self.viewport().update())
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
        self.viewport().update()

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
        self.mark = mark
        self.viewport().update()

    def show_line(self, number: int) -> None:
        """Bring a line into the middle and mark it as the one that a search stands on."""
        self._current_line = number
        self.set_following(False)
        row = self.rows.row_of(number)
        self.verticalScrollBar().setValue(max(0, row - self._visible_rows() // 2))
        self.viewport().update()

    @property
    def current_line(self) -> int:
        """The line that a search stands on, or where the view begins."""
        if self._current_line >= 0:
            return self._current_line
        return self.rows.number(self.verticalScrollBar().value()) if len(self.rows) else 0

    def forget_current_line(self) -> None:
        """Begin the next search at what is seen."""
        self._current_line = -1

    def visible_text(self) -> list[str]:
        """Give back what is painted now, a row each."""
        return [self._plain(strip.number)[strip.start : strip.end] for strip in self._strips()]

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
        return max(1, -(-sum(len(span.content) for span in self._spans_of(number)) // self._columns()))

    def _strips(self) -> list[_Strip]:
        """What is to be painted, from the top."""
        count, height = len(self.rows), self.viewport().height()
        value = self.verticalScrollBar().value()
        at_end = self.is_following and value >= self.verticalScrollBar().maximum()
        full = count >= self._visible_rows() if not self.wraps else self.verticalScrollBar().maximum() > 0
        if at_end and full:
            return self._strips_up_from(count - 1)
        strips: list[_Strip] = []
        top = 4.0 if value == 0 else 0.0
        row = value
        while row < count and top < height:
            for start, end in self._breaks(self.rows.number(row)):
                strips.append(_Strip(top, self.rows.number(row), start, end))
                top += self._row
            row += 1
        return strips

    def _strips_up_from(self, row: int) -> list[_Strip]:
        strips: list[_Strip] = []
        top = float(self.viewport().height())
        while row >= 0 and top > 0:
            number = self.rows.number(row)
            for start, end in reversed(self._breaks(number)):
                top -= self._row
                strips.append(_Strip(top, number, start, end))
            row -= 1
        return strips[::-1]

    def _breaks(self, number: int) -> list[tuple[int, int | None]]:
        if not self.wraps:
            return [(0, None)]
        columns = self._columns()
        return [(index * columns, (index + 1) * columns) for index in range(self._height_of(number))]

    def _spans_of(self, number: int) -> list[Span]:
        spans = self._spans.get(number)
        if spans is None:
            try:
                spans = spans_of(self.rows.store.line(number))
            except IndexError:  # it went between two paints
                return []
            self._spans[number] = spans
            if len(self._spans) > _KNOWN_LINES:
                self._spans.popitem(last=False)
        return spans

    def _plain(self, number: int) -> str:
        return "".join(span.content for span in self._spans_of(number))

    def _x_of(self, content: str, column: int) -> float:
        """How far right a character begins; characters that are not ASCII may be wider than a cell."""
        if content.isascii():
            return self._cell * min(column, len(content))
        return metrics("sm", mono=True).horizontalAdvance(content[:column])

    def _column_at(self, content: str, x: float) -> int:
        if content.isascii():
            return min(len(content), max(0, round(x / self._cell)))
        return next((each for each in range(len(content)) if self._x_of(content, each + 1) > x), len(content))

    def _place_at(self, point: QPoint) -> Place | None:
        strips = self._strips()
        if not strips:
            return None
        strip = next((each for each in strips if each.top <= point.y() < each.top + self._row), None)
        if strip is None:
            strip = strips[0] if point.y() < strips[0].top else strips[-1]
        content = self._plain(strip.number)[strip.start : strip.end]
        x = point.x() - _LEFT + self.horizontalScrollBar().value()
        return Place(strip.number, strip.start + self._column_at(content, x))

    # events

    def _scrolled(self, value: int) -> None:
        self.viewport().update()
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
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        if place is not None:
            self._selection.select_word(place, self._plain(place.number))
            self.viewport().update()

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
            self.viewport().update()

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
            self.viewport().update()
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
            self.viewport().update()

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
        self._looks.clear()
        self.viewport().update()

    def _fit_width(self) -> None:
        bar = self.horizontalScrollBar()
        room = self.viewport().width() - _LEFT - 8
        wanted = 0 if self.wraps else max(0, int(self._widest * self._cell) - room)
        if bar.maximum() != wanted:
            bar.setPageStep(room)
            bar.setSingleStep(int(self._cell * 4))
            bar.setRange(0, wanted)

    def paintEvent(self, _event: QPaintEvent) -> None:
        began = time.perf_counter()
        self.paint_count += 1
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), color("surface"))
        painter.setFont(font("sm", mono=True))
        if not len(self.rows) and self.placeholder:
            painter.setFont(font("sm"))
            painter.setPen(color("text3"))
            painter.drawText(self.viewport().rect(), int(Qt.AlignmentFlag.AlignCenter), self.placeholder)
        widest = self._widest
        for strip in self._strips():
            self._paint_strip(painter, strip)
        painter.end()
        if self._widest != widest:
            QTimer.singleShot(0, self, self._fit_width)
        self.paint_s = time.perf_counter() - began

    def _paint_strip(self, painter: QPainter, strip: _Strip) -> None:
        spans = self._spans_of(strip.number)
        whole = self._plain(strip.number)
        shown = whole[strip.start : strip.end]
        self._widest = max(self._widest, min(len(whole), 4000))
        left = _LEFT - self.horizontalScrollBar().value()
        if strip.number == self._current_line:
            painter.fillRect(QRectF(0, strip.top, self.viewport().width(), self._row), color("hover"))
        self._paint_marks(painter, strip, shown, left)
        self._paint_selection(painter, strip, shown, left)
        at = 0
        bold = False
        is_ascii, right = shown.isascii(), self.viewport().width()
        for span in spans:
            begin, end = max(at, strip.start), at + len(span.content)
            if strip.end is not None:
                end = min(end, strip.end)
            at += len(span.content)
            if begin >= end:
                continue
            piece = whole[begin:end]
            if piece.isspace() and span.ink is PLAIN:
                continue
            column = begin - strip.start
            x = left + (self._cell * column if is_ascii else self._x_of(shown, column))
            if x > right:
                break
            if span.ink.bold is not bold:
                bold = span.ink.bold
                painter.setFont(font("sm", 600 if bold else 400, mono=True))
            self._paint_piece(painter, piece, self._look_of(span.ink), x, strip.top)
        if bold:
            painter.setFont(font("sm", mono=True))

    def _look_of(self, ink: Ink) -> _Look:
        look = self._looks.get(id(ink))  # by identity: hashing six fields for every piece would cost more than its text
        if look is None:
            look = self._looks[id(ink)] = _Look(ink, QPen(ink_colour(ink, tokens())), ink_ground(ink, tokens()))
        return look

    def _paint_piece(self, painter: QPainter, piece: str, look: _Look, x: float, top: float) -> None:
        if look.ground is not None:
            painter.fillRect(QRectF(x, top, self._x_of(piece, len(piece)), self._row), look.ground)
        painter.setPen(look.pen)
        painter.drawText(QPointF(x, top + self._baseline), piece)
        if look.ink.underline:
            bottom = top + self._row - 3
            painter.drawLine(QPointF(x, bottom), QPointF(x + self._x_of(piece, len(piece)), bottom))

    def _paint_marks(self, painter: QPainter, strip: _Strip, shown: str, left: float) -> None:
        if self.mark is None:
            return
        ground = QColor(color("warn"))
        ground.setAlpha(130 if strip.number == self._current_line else 70)
        for match in self.mark.finditer(shown):
            if match.end() > match.start():
                x = left + self._x_of(shown, match.start())
                end = left + self._x_of(shown, match.end())
                painter.fillRect(QRectF(x, strip.top + 1, end - x, self._row - 2), ground)

    def _paint_selection(self, painter: QPainter, strip: _Strip, shown: str, left: float) -> None:
        if self._selection.is_empty or not self._selection.touches(strip.number):
            return
        begin, end = self._selection.columns_in(strip.number)
        begin = max(0, begin - strip.start)
        last = len(shown) if end is None else min(len(shown), end - strip.start)
        goes_on = end is None or self._selection.bounds[1].number > strip.number
        width = self._x_of(shown, last) - self._x_of(shown, begin) + (self._cell if goes_on else 0)
        if width > 0:
            painter.fillRect(QRectF(left + self._x_of(shown, begin), strip.top, width, self._row), color("selection"))
