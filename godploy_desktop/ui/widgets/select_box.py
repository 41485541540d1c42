"""A painted drop-down list; its menu opens without blocking anything."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy

from godploy_desktop.ui.theme import Radius, Size, icon, icon_pixmap, metrics, text_width, tokens
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import PaintedButton


class SelectBox(PaintedButton):
    """Shows the chosen option; opens with a click, Space, Enter or Down, steps with Up and Down."""

    chosen = Signal(str)

    def __init__(self, options: Mapping[str, str], value: str = "") -> None:
        super().__init__("", name="Choose")
        self._options = dict(options)
        self.value = value if value in self._options else next(iter(self._options), "")
        self.setFixedHeight(Size.CONTROL)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._menu = QMenu(self)
        self.on_click(self.open_menu)

    def sizeHint(self) -> QSize:
        widest = max((text_width(each) for each in self._options.values()), default=60.0)
        return QSize(int(widest) + 48, Size.CONTROL)

    def set_options(self, options: Mapping[str, str]) -> None:
        """Offer other options; the value stays if it is among them."""
        self._options = dict(options)
        if self.value not in self._options:
            self.value = next(iter(self._options), "")
        self.updateGeometry()
        self.update()

    def choose(self, value: str) -> None:
        """Choose an option; tells `chosen` if it is another one."""
        if value in self._options and value != self.value:
            self.value = value
            self.setAccessibleDescription(self._options[value])
            self.update()
            self.chosen.emit(value)

    def open_menu(self) -> None:
        """Show the options under the box."""
        self._menu.clear()
        self._menu.setMinimumWidth(self.width())
        for key, content in self._options.items():
            action = QAction(content, self._menu)
            if key == self.value:
                action.setIcon(icon("check", tokens().accent, 14))
            action.triggered.connect(lambda _checked=False, key=key: self.choose(key))
            self._menu.addAction(action)
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {int(Qt.Key.Key_Up): -1, int(Qt.Key.Key_Down): 1}.get(event.key())
        if step is None or not self._options:
            super().keyPressEvent(event)
            return
        keys = list(self._options)
        self.choose(keys[max(0, min(len(keys) - 1, keys.index(self.value) + step))])

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        painting.box(painter, outline, Radius.MD, fill="surface", line="border2" if self.underMouse() else "border")
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)
        area = QRectF(10, 0, self.width() - 38, self.height())
        shown = self._options.get(self.value, "")
        short = metrics("md").elidedText(shown, Qt.TextElideMode.ElideRight, area.width())
        painting.text(painter, area, short, "text" if self.isEnabled() else "text3")
        painter.drawPixmap(self.width() - 24, 9, icon_pixmap("chevron-down", tokens().text3, 14))
