"""What is read: labels, icons, dots, pills, lines."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from godploy_desktop.ui.theme import Size, State, TextSize, Tone, color, font, icon_pixmap, text_width, theme, tokens
from godploy_desktop.ui.widgets import painting

_SOFT: dict[str, Tone] = {
    "ok": "ok_soft",
    "warn": "warn_soft",
    "err": "err_soft",
    "info": "info_soft",
    "accent": "accent_soft",
    "violet": "violet_soft",
}


def soft(tone: Tone) -> Tone:
    """Give back the ground that a state tone stands on."""
    return _SOFT.get(tone, "hover")


class Label(QLabel):
    """Text in a tone of the theme. Plain text always; `elide` shortens it with … instead of widening its parent."""

    def __init__(
        self,
        content: str = "",
        size: TextSize | int = "md",
        weight: int = 400,
        tone: Tone = "text",
        *,
        mono: bool = False,
        elide: bool = False,
        wrap: bool = False,
        selectable: bool = False,
    ) -> None:
        super().__init__(content)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(font(size, weight, mono=mono))
        self._tone: Tone = tone
        self._elide = elide
        if wrap:
            self.setWordWrap(True)
        if elide:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme().theme_changed.connect(self._retint)
        self._retint()

    def set_tone(self, tone: Tone) -> None:
        """Change the tone."""
        if tone != self._tone:
            self._tone = tone
            self._retint()

    def setText(self, content: str) -> None:
        if content != self.text():  # a live page sets the same text again and again
            super().setText(content)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(24, hint.width()), hint.height()) if self._elide else hint

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._is_cut():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(color(self._tone))
        short = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), short)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and self._is_cut() and not self.toolTip():
            self.setToolTip(self.text())
            handled = super().event(event)
            self.setToolTip("")
            return handled
        return super().event(event)

    def _is_cut(self) -> bool:
        return self._elide and self.fontMetrics().horizontalAdvance(self.text()) > self.width()

    def _retint(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, color(self._tone))
        self.setPalette(palette)


class Icon(QWidget):
    """One Lucide icon in a tone of the theme. Decoration: it has no accessible name of its own."""

    def __init__(self, name: str, size: int = Size.ICON, tone: Tone = "text2") -> None:
        super().__init__()
        self._name, self._size, self._tone = name, size, tone
        self.setFixedSize(size, size)

    def set_icon(self, name: str, tone: Tone | None = None) -> None:
        """Show another icon, and another tone if given."""
        self._name, self._tone = name, tone or self._tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, icon_pixmap(self._name, getattr(tokens(), self._tone), self._size))


class IconTile(QWidget):
    """An icon on a small rounded ground: the head of a card."""

    def __init__(self, name: str, size: int = 34, tone: Tone = "text2") -> None:
        super().__init__()
        self._name, self._tone = name, tone
        self.setFixedSize(size, size)

    def set_icon(self, name: str, tone: Tone | None = None) -> None:
        """Show another icon, and another tone if given."""
        self._name, self._tone = name, tone or self._tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.box(painter, painting.inside(QRectF(self.rect())), 8, fill=soft(self._tone), line="border")
        inset = (self.width() - Size.ICON) // 2
        painter.drawPixmap(inset, inset, icon_pixmap(self._name, getattr(tokens(), self._tone)))


class Mark(QWidget):
    """The mark of the application."""

    def __init__(self, size: int = 30) -> None:
        super().__init__()
        self.setFixedSize(size, size)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, icon_pixmap("godploy", "#ffffff", self.width()))


class Dot(QWidget):
    """A state as a dot. Say the state in words beside it too: colour alone is not enough."""

    def __init__(self, tone: State = "ok", size: int = 8, *, halo: bool = False) -> None:
        super().__init__()
        self._tone: State = tone
        self._size, self._halo = size, halo
        self.setFixedSize(size + 6, size + 6)

    def set_tone(self, tone: State) -> None:
        """Change the state."""
        if tone != self._tone:
            self._tone = tone
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        middle = QPointF(self.width() / 2, self.height() / 2)
        if self._halo:
            painter.setOpacity(0.22)
            painting.dot(painter, middle, self._size / 2 + 2.5, self._tone)
            painter.setOpacity(1)
        painting.dot(painter, middle, self._size / 2, self._tone)


class Pill(QWidget):
    """A state in a word, on a soft ground."""

    def __init__(self, content: str = "", tone: Tone = "ok", *, dot: bool = True) -> None:
        super().__init__()
        self._content, self._tone, self._dot = "", tone, dot
        self.set_state(content, tone)

    @property
    def content(self) -> str:
        """The word that is shown."""
        return self._content

    def set_state(self, content: str, tone: Tone) -> None:
        """Show another word and tone."""
        if (content, tone) == (self._content, self._tone) and self.accessibleName():
            return
        self._content, self._tone = content, tone
        self.setAccessibleName(content)
        self.setFixedSize(math.ceil(text_width(content, "sm", 500)) + (30 if self._dot else 18), Size.PILL)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.box(painter, QRectF(self.rect()), Size.PILL / 2, fill=soft(self._tone))
        left = 9.0
        if self._dot:
            painting.dot(painter, QPointF(12, Size.PILL / 2), 3, self._tone)
            left = 21.0
        area = QRectF(left, 0, self.width() - left, Size.PILL)
        tone: Tone = "text2" if self._tone == "text3" else self._tone
        painting.text(painter, area, self._content, tone, "sm", 500)


class Line(QWidget):
    """A hairline, horizontal unless `vertical`."""

    def __init__(self, *, vertical: bool = False, length: int | None = None) -> None:
        super().__init__()
        if vertical:
            self.setFixedWidth(1)
            if length:
                self.setFixedHeight(length)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), color("border"))


class Surface(QWidget):
    """A plain ground in a tone, for parts of the window that are not cards."""

    def __init__(self, tone: Tone = "surface") -> None:
        super().__init__()
        self._tone: Tone = tone

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), color(self._tone))
