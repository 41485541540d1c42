"""One of a few ways, each a tile with an icon: for a choice that decides what comes below."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from godploy_desktop.ui.theme import Radius, Size, Tone, icon_pixmap, text_width, tokens
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import PaintedButton
from godploy_desktop.ui.widgets.layouts import row

_HEIGHT = 66
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)


@dataclass(frozen=True)
class Choice:
    """One tile. `tip` says more where the pointer rests."""

    value: str
    icon: str
    title: str
    tip: str = ""


class _Tile(PaintedButton):
    def __init__(self, choice: Choice) -> None:
        super().__init__(choice.title, tip=choice.tip)
        self.choice = choice
        self.setAccessibleDescription(choice.tip)
        self.setCheckable(True)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(round(text_width(self.text(), "sm", 500)) + 20, _HEIGHT)

    def nextCheckState(self) -> None:
        """Pressing never unchecks: the row of tiles decides."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS:
            event.ignore()  # Qt's buttons would move the focus by themselves
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        on, over = self.isChecked(), self.underMouse()
        fill: Tone = "accent_soft" if on else "hover" if over else "surface"
        painting.box(painter, outline, Radius.MD, fill=fill, line="accent" if on else "border2" if over else "border")
        colours = tokens()
        tint = colours.accent if on else colours.text2
        painter.drawPixmap((self.width() - Size.ICON) // 2, 15, icon_pixmap(self.choice.icon, tint))
        words = QRectF(4, 37, self.width() - 8, 18)
        painting.text(painter, words, self.text(), "text" if on else "text2", "sm", 500, align=painting.CENTRE)
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)


class ChoiceTiles(QWidget):
    """Tiles side by side; one is always chosen. Tab comes to the chosen one, arrows, Home and End go on from there.

    With `name` each tile is called `NAME-VALUE`.
    """

    chosen = Signal(str)

    def __init__(self, choices: Sequence[Choice], label: str, name: str = "") -> None:
        super().__init__()
        self.setAccessibleName(label)
        self.value = choices[0].value
        self._tiles = {each.value: _Tile(each) for each in choices}
        line = row(spacing=8, parent=self)
        for value, tile in self._tiles.items():
            tile.on_click(functools.partial(self.choose, value))
            if name:
                tile.setObjectName(f"{name}-{value}")
            line.addWidget(tile, 1)
        self._show_choice()

    def choose(self, value: str) -> None:
        """Choose a tile; tells `chosen` if it is another one."""
        if value in self._tiles and value != self.value:
            self.value = value
            self._show_choice()
            self.chosen.emit(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        values = list(self._tiles)
        index = values.index(self.value)
        target = {
            int(Qt.Key.Key_Left): index - 1,
            int(Qt.Key.Key_Up): index - 1,
            int(Qt.Key.Key_Right): index + 1,
            int(Qt.Key.Key_Down): index + 1,
            int(Qt.Key.Key_Home): 0,
            int(Qt.Key.Key_End): len(values) - 1,
        }.get(event.key())
        if target is None:
            super().keyPressEvent(event)
            return
        self.choose(values[max(0, min(len(values) - 1, target))])
        self._tiles[self.value].setFocus(Qt.FocusReason.TabFocusReason)

    def _show_choice(self) -> None:
        for value, tile in self._tiles.items():
            is_chosen = value == self.value
            tile.setChecked(is_chosen)
            tile.setFocusPolicy(Qt.FocusPolicy.TabFocus if is_chosen else Qt.FocusPolicy.NoFocus)
        self.setFocusProxy(self._tiles[self.value])
