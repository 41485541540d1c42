"""How one row of a log is painted: marks and selection under it, then its pieces, each in its ink."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from godploy_desktop.ui.theme import Size, color, font, metrics, tokens
from godploy_desktop.ui.widgets.log_view.ansi import PLAIN, Ink
from godploy_desktop.ui.widgets.log_view.inks import ink_colour, ink_ground
from godploy_desktop.ui.widgets.log_view.known_lines import KnownLines
from godploy_desktop.ui.widgets.log_view.selection import Selection

_WIDEST = 4000
"""A longer line is not scrolled to its end sideways; it is wrapped, searched and copied whole."""


@dataclass(frozen=True)
class Strip:
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


class StripPainter:
    """Paints strips of `lines`; `left` and `width` (px) say where, `mark` and `current_line` what stands out."""

    def __init__(self, lines: KnownLines, selection: Selection) -> None:
        measure = metrics("sm", mono=True)
        self.cell = measure.horizontalAdvance("M")
        self.row = Size.LOG_ROW
        self.left = 0.0
        self.width = 0
        self.widest = 0  # characters of the widest line painted until now
        self.mark: re.Pattern[str] | None = None
        self.current_line = -1  # the line that a search stands on
        self._baseline = (self.row + measure.ascent() - measure.descent()) / 2
        self._lines = lines
        self._selection = selection
        self._looks: dict[int, _Look] = {}

    def forget_colours(self) -> None:
        """The theme has changed."""
        self._looks.clear()

    def x_of(self, content: str, column: int) -> float:
        """How far right a character begins; characters that are not ASCII may be wider than a cell."""
        if content.isascii():
            return self.cell * min(column, len(content))
        return metrics("sm", mono=True).horizontalAdvance(content[:column])

    def column_at(self, content: str, x: float) -> int:
        """Which character of `content` lies at `x` px."""
        if content.isascii():
            return min(len(content), max(0, round(x / self.cell)))
        return next((each for each in range(len(content)) if self.x_of(content, each + 1) > x), len(content))

    def paint(self, painter: QPainter, strip: Strip) -> None:
        """Paint one strip on a ground that is there already."""
        whole = self._lines.text(strip.number)
        shown = whole[strip.start : strip.end]
        self.widest = max(self.widest, min(len(whole), _WIDEST))
        if strip.number == self.current_line:
            painter.fillRect(QRectF(0, strip.top, self.width, self.row), color("hover"))
        self._paint_marks(painter, strip, shown)
        self._paint_selection(painter, strip, shown)
        self._paint_text(painter, strip, whole, shown)

    def _paint_text(self, painter: QPainter, strip: Strip, whole: str, shown: str) -> None:
        at, bold, is_ascii = 0, False, shown.isascii()
        painter.setFont(font("sm", mono=True))
        for span in self._lines.spans(strip.number):
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
            x = self.left + (self.cell * column if is_ascii else self.x_of(shown, column))
            if x > self.width:
                break
            if span.ink.bold is not bold:
                bold = span.ink.bold
                painter.setFont(font("sm", 600 if bold else 400, mono=True))
            self._paint_piece(painter, piece, self._look_of(span.ink), x, strip.top)

    def _look_of(self, ink: Ink) -> _Look:
        look = self._looks.get(id(ink))  # by identity: hashing six fields for every piece would cost more than its text
        if look is None:
            look = self._looks[id(ink)] = _Look(ink, QPen(ink_colour(ink, tokens())), ink_ground(ink, tokens()))
        return look

    def _paint_piece(self, painter: QPainter, piece: str, look: _Look, x: float, top: float) -> None:
        if look.ground is not None:
            painter.fillRect(QRectF(x, top, self.x_of(piece, len(piece)), self.row), look.ground)
        painter.setPen(look.pen)
        painter.drawText(QPointF(x, top + self._baseline), piece)
        if look.ink.underline:
            bottom = top + self.row - 3
            painter.drawLine(QPointF(x, bottom), QPointF(x + self.x_of(piece, len(piece)), bottom))

    def _paint_marks(self, painter: QPainter, strip: Strip, shown: str) -> None:
        if self.mark is None:
            return
        ground = QColor(color("warn"))
        ground.setAlpha(130 if strip.number == self.current_line else 70)
        for match in self.mark.finditer(shown):
            if match.end() > match.start():
                x = self.left + self.x_of(shown, match.start())
                end = self.left + self.x_of(shown, match.end())
                painter.fillRect(QRectF(x, strip.top + 1, end - x, self.row - 2), ground)

    def _paint_selection(self, painter: QPainter, strip: Strip, shown: str) -> None:
        if self._selection.is_empty or not self._selection.touches(strip.number):
            return
        begin, end = self._selection.columns_in(strip.number)
        begin = max(0, begin - strip.start)
        last = len(shown) if end is None else min(len(shown), end - strip.start)
        goes_on = end is None or self._selection.bounds[1].number > strip.number
        width = self.x_of(shown, last) - self.x_of(shown, begin) + (self.cell if goes_on else 0)
        if width > 0:
            x = self.left + self.x_of(shown, begin)
            painter.fillRect(QRectF(x, strip.top, width, self.row), color("selection"))
