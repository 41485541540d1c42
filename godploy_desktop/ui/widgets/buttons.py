"""What is pressed: buttons, chips, the switch between tabs. All painted, all reachable by Tab, all with a name."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from godploy_desktop.ui.theme import Radius, Size, Tone, icon_pixmap, text_width, tokens
from godploy_desktop.ui.widgets import painting


class ButtonKind(StrEnum):
    """How much a button asks to be pressed."""

    PLAIN = "plain"
    PRIMARY = "primary"  # at most one in sight
    GHOST = "ghost"
    DANGER = "danger"


class PaintedButton(QAbstractButton):
    """Base of every painted button: hand cursor, Tab focus, a name for screen readers, Enter as well as Space."""

    def __init__(self, content: str = "", *, name: str = "", tip: str = "") -> None:
        super().__init__()
        self.setText(content)
        self.setAccessibleName(name or content or tip)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def on_click(self, action: Callable[[], object]) -> None:
        """Call `action` with nothing whenever the button is pressed."""
        self.clicked.connect(lambda _checked=False: action())


class Button(PaintedButton):
    """Text, an icon, or both. `busy` shows that what it started is still under way and takes no second press."""

    def __init__(
        self,
        content: str = "",
        icon: str = "",
        kind: ButtonKind = ButtonKind.PLAIN,
        *,
        tip: str = "",
        trailing_icon: str = "",
        on_click: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(content, tip=tip)
        self._icon, self.kind, self._trailing, self._is_busy = icon, kind, trailing_icon, False
        self._resize()
        if on_click is not None:
            self.on_click(on_click)

    def set_content(self, content: str, icon: str | None = None) -> None:
        """Change the text, and the icon if given."""
        self.setText(content)
        self.setAccessibleName(content or self.toolTip())
        if icon is not None:
            self._icon = icon
        self._resize()
        self.update()

    def set_busy(self, is_busy: bool) -> None:
        """Mark that the work behind the button is under way."""
        self._is_busy = is_busy
        self.setEnabled(not is_busy)
        self.update()

    def _resize(self) -> None:
        if not self.text():
            self.setFixedSize(Size.CONTROL, Size.CONTROL)
            return
        width = text_width(self.text(), "md", 500) + 24 + (22 if self._icon else 0) + (20 if self._trailing else 0)
        self.setFixedSize(math.ceil(width), Size.CONTROL)

    def _tones(self) -> tuple[Tone | None, Tone | None, Tone, Tone]:
        """Fill, line, text and icon tones for the state it is in."""
        over, down = self.underMouse() and self.isEnabled(), self.isDown()
        if not self.isEnabled():
            ghost = self.kind is ButtonKind.GHOST
            return (None if ghost else "hover"), (None if ghost else "border"), "text3", "text3"
        match self.kind:
            case ButtonKind.PRIMARY:
                return ("accent_hover" if over else "accent"), None, "on_accent", "on_accent"
            case ButtonKind.GHOST:
                return ("hover" if over else None), None, ("text" if over else "text2"), "text2"
            case ButtonKind.DANGER:
                return ("err_soft" if over or down else "surface"), ("err" if over else "border"), "err", "err"
            case ButtonKind.PLAIN:
                fill: Tone = "active" if down else "hover" if over else "surface"
                return fill, ("border2" if over else "border"), "text", "text2"

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        fill, line, text_tone, icon_tone = self._tones()
        painting.box(painter, outline, Radius.MD, fill=fill, line=line)
        left = 12
        name = "loader-circle" if self._is_busy and self._icon else self._icon
        if name:
            inset = left if self.text() else (self.width() - Size.ICON) // 2
            painter.drawPixmap(inset, 8, icon_pixmap(name, getattr(tokens(), icon_tone)))
            left += 22
        area = QRectF(left, 0, self.width() - left, self.height())
        painting.text(painter, area, self.text(), text_tone, "md", 500)
        if self._trailing:
            painter.drawPixmap(self.width() - 26, 9, icon_pixmap(self._trailing, tokens().text3, 14))
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)


class IconButton(Button):
    """A square ghost button with an icon only; `tip` is its name too. `count` shows a small number at its corner."""

    def __init__(self, icon: str, tip: str, *, on_click: Callable[[], object] | None = None, size: int = 32) -> None:
        super().__init__("", icon, ButtonKind.GHOST, tip=tip, on_click=on_click)
        self._count = 0
        self._badge: Tone = "accent"
        self.setFixedSize(size, size)

    def set_icon(self, icon: str, tip: str = "") -> None:
        """Show another icon, and another name if given."""
        self._icon = icon
        if tip:
            self.setToolTip(tip)
            self.setAccessibleName(tip)
        self.update()

    def set_count(self, count: int, tone: Tone = "accent") -> None:
        """Show `count` at the corner; 0 hides it."""
        self._count, self._badge = count, tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        fill, _, _, icon_tone = self._tones()
        if self.isChecked():
            fill, icon_tone = "active", "accent"
        painting.box(painter, outline, Radius.MD, fill=fill)
        inset = (self.width() - Size.ICON) // 2
        painter.drawPixmap(inset, inset, icon_pixmap(self._icon, getattr(tokens(), icon_tone)))
        if self._count:
            label = str(self._count) if self._count < 100 else "99+"
            width = max(15.0, text_width(label, 9, 600) + 7)
            area = QRectF(self.width() - width - 1, 1, width, 15)
            painting.box(painter, area, 7.5, fill=self._badge)
            painting.text(painter, area, label, "on_accent", 9, 600, align=painting.CENTRE)
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)


class NavButton(PaintedButton):
    """One destination of the sidebar: icon, text, and a count or word at the right."""

    def __init__(self, icon: str, content: str, badge: str = "", *, tip: str = "") -> None:
        super().__init__(content, tip=tip)
        self._icon, self._badge = icon, badge
        self.setCheckable(True)
        self.setFixedHeight(Size.NAVIGATION)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(text_width(self.text(), "md", 500)) + 90, Size.NAVIGATION)

    def set_badge(self, badge: str) -> None:
        """Show `badge` at the right; "" hides it."""
        if badge != self._badge:
            self._badge = badge
            self.update()

    def nextCheckState(self) -> None:
        """Pressing never unchecks: the shell checks the button of the page that is shown."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        on = self.isChecked()
        if on or self.underMouse():
            painting.box(painter, outline, Radius.MD, fill="active" if on else "hover")
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)
        colours = tokens()
        painter.drawPixmap(10, 9, icon_pixmap(self._icon, colours.accent if on else colours.text2))
        area = QRectF(36, 0, self.width() - 36, self.height())
        painting.text(painter, area, self.text(), "text" if on else "text2", "md", 500)
        if self._badge:
            width = text_width(self._badge, "xs", 500) + 12
            badge = QRectF(self.width() - width - 8, 8, width, 18)
            painting.box(painter, badge, 9, fill="border2" if on else "hover")
            painting.text(painter, badge, self._badge, "text2", "xs", 500, align=painting.CENTRE)


class SearchBox(PaintedButton):
    """Looks like a search field, opens the command palette."""

    def __init__(self, content: str = "Search…", keys: tuple[str, ...] = ("Ctrl", "K")) -> None:
        super().__init__(content, name="Search or run a command")
        self._keys = keys
        self.setFixedHeight(Size.NAVIGATION)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, Size.NAVIGATION)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        painting.box(painter, outline, Radius.MD, fill="surface", line="border2" if self.underMouse() else "border")
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.MD)
        painter.drawPixmap(10, 9, icon_pixmap("search", tokens().text3))
        painting.text(painter, QRectF(36, 0, self.width() - 36, self.height()), self.text(), "text3")
        right = self.width() - 8.0
        for key in reversed(self._keys):
            width = text_width(key, "xs", 500) + 10
            area = QRectF(right - width, 8.5, width, 17)
            painting.box(painter, area, 4, fill="hover", line="border2")
            painting.text(painter, area, key, "text2", "xs", 500, align=painting.CENTRE)
            right -= width + 4


class Chip(PaintedButton):
    """A small choice that stays pressed: a filter, with a dot in its tone and a count."""

    def __init__(self, content: str, tone: Tone | None = None, count: str = "") -> None:
        super().__init__(content)
        self._tone, self._count = tone, count
        self.setCheckable(True)
        self._resize()

    def set_count(self, count: str) -> None:
        """Show `count` behind the text; "" hides it."""
        if count != self._count:
            self._count = count
            self._resize()
            self.update()

    def _resize(self) -> None:
        shown = self.text() + (f"  {self._count}" if self._count else "")
        self.setFixedSize(math.ceil(text_width(shown, "sm", 500)) + (31 if self._tone else 20), Size.CHIP)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        outline = painting.inside(QRectF(self.rect()))
        on = self.isChecked()
        fill: Tone | None = "active" if on else "hover" if self.underMouse() else None
        painting.box(painter, outline, Radius.SM, fill=fill, line="border2" if on else "border")
        left = 10.0
        if self._tone:
            painting.dot(painter, QPointF(13, Size.CHIP / 2), 3, self._tone)
            left = 21.0
        area = QRectF(left, 0, self.width(), Size.CHIP)
        painting.text(painter, area, self.text(), "text" if on else "text2", "sm", 500)
        if self._count:
            area.setLeft(left + text_width(self.text() + "  ", "sm", 500))
            painting.text(painter, area, self._count, "text3", "sm", 500)
        if self.hasFocus():
            painting.focus_ring(painter, outline, Radius.SM)


class _Tab(PaintedButton):
    def __init__(self, content: str, count: str = "") -> None:
        super().__init__(content)
        self._count = count
        self.setCheckable(True)
        self._resize()

    def set_count(self, count: str) -> None:
        self._count = count
        self._resize()
        self.update()

    def nextCheckState(self) -> None:
        """`Tabs` says which one is checked."""

    def _resize(self) -> None:
        count = text_width(self._count, "xs", 500) + 19 if self._count else 0
        self.setFixedSize(math.ceil(text_width(self.text(), "md", 500) + count), Size.TAB)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        on = self.isChecked()
        tone: Tone = "text" if on or self.underMouse() else "text2"
        painting.text(painter, QRectF(0, 0, self.width(), self.height() - 2), self.text(), tone, "md", 500)
        if self._count:
            left = text_width(self.text(), "md", 500) + 6
            area = QRectF(left, 10, text_width(self._count, "xs", 500) + 13, 17)
            painting.box(painter, area, 8, fill="hover")
            painting.text(painter, area, self._count, "text2", "xs", 500, align=painting.CENTRE)
        if on:
            painting.box(painter, QRectF(0, self.height() - 2, self.width(), 2), 1, fill="accent")
        if self.hasFocus():
            painting.focus_ring(painter, QRectF(self.rect()).adjusted(0.5, 6.5, -0.5, -6.5), 4)


class Tabs(QWidget):
    """A row of tabs over a hairline; left and right arrows move along. `changed` carries the key of the new tab."""

    changed = Signal(str)

    def __init__(self, tabs: dict[str, str], current: str = "") -> None:
        """`tabs` maps a key to the text that is shown."""
        super().__init__()
        self._tabs = {key: _Tab(content) for key, content in tabs.items()}
        self._current = ""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(22)
        for key, tab in self._tabs.items():
            layout.addWidget(tab)
            tab.on_click(functools.partial(self.set_current, key))
        layout.addStretch(1)
        self.setFixedHeight(Size.TAB + 1)
        self.set_current(current or next(iter(tabs)))

    @property
    def current(self) -> str:
        """The key of the tab that is chosen."""
        return self._current

    def set_current(self, key: str) -> None:
        """Choose a tab; tells `changed` if that is another one."""
        if key == self._current or key not in self._tabs:
            return
        self._current = key
        for each, tab in self._tabs.items():
            tab.setChecked(each == key)
        self.changed.emit(key)

    def set_count(self, key: str, count: str) -> None:
        """Show a count behind a tab; "" hides it."""
        self._tabs[key].set_count(count)

    def set_shown(self, key: str, is_shown: bool) -> None:
        """Show or leave out a tab; the current one should be another."""
        self._tabs[key].setHidden(not is_shown)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {int(Qt.Key.Key_Left): -1, int(Qt.Key.Key_Right): 1}.get(event.key())
        if step is None:
            super().keyPressEvent(event)
            return
        keys = [key for key, tab in self._tabs.items() if not tab.isHidden() or key == self._current]
        self.set_current(keys[(keys.index(self._current) + step) % len(keys)])
        self._tabs[self._current].setFocus(Qt.FocusReason.TabFocusReason)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.box(painter, QRectF(0, self.height() - 1, self.width(), 1), 0, fill="border")
