"""Ctrl+K: type a few letters of a page, project, service, server or action, press Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.shell.actions import Action, ActionRegistry
from godploy_desktop.ui.shell.overlay import Overlay
from godploy_desktop.ui.theme import Radius, color, font, icon_pixmap, metrics, text_width, tokens
from godploy_desktop.ui.widgets import Icon, Line, ScrollArea, column, painting, row

_WIDTH = 580
_ROW, _GROUP = 38, 28
_MOST_HEIGHT = 420


class CommandPalette(Overlay):
    """Over the window: a field and what fits. Up and Down move, Enter runs, Esc closes."""

    def __init__(self, window: QWidget, actions: ActionRegistry) -> None:
        super().__init__(window, dims=True)
        self.setAccessibleName("Command palette")
        self._actions = actions
        self._card = _PaletteCard(self)
        self.field = QLineEdit()
        self.field.setProperty("bare", True)
        self.field.setPlaceholderText("Go to a page, project, service or server, or run a command")
        self.field.setAccessibleName("Search or run a command")
        self.field.setFont(font("lg"))
        self.results = _Results()
        self._scroll = ScrollArea(self.results)
        head = row(Icon("search", 16, "text3"), spacing=10, margins=(16, 12, 16, 12))
        head.addWidget(self.field, 1)
        column(head, Line(), self._scroll, spacing=0, margins=(1, 1, 1, 6), parent=self._card)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.results.chosen.connect(self._run)
        self._search("")

    def open(self) -> None:
        super().open()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def place_contents(self) -> None:
        width = min(_WIDTH, self.width() - 48)
        height = min(54 + self.results.height() + 10, _MOST_HEIGHT, self.height() - 96)
        self._card.setGeometry((self.width() - width) // 2, max(48, self.height() // 7), width, height)

    def _search(self, query: str) -> None:
        self.results.set_actions(self._actions.find(query), grouped=not query.strip())
        self.place_contents()

    def _run(self, action: Action) -> None:
        self.close_overlay()
        action.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = {int(Qt.Key.Key_Up): -1, int(Qt.Key.Key_Down): 1}.get(event.key())
            if step is not None:
                self.results.move_by(step)
                area = self.results.current_rect()
                self._scroll.ensureVisible(10, int(area.center().y()), 0, int(area.height()))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.results.choose_current()
                return True
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                return True
        return super().eventFilter(watched, event)


class _PaletteCard(QWidget):
    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.card_box(painter, QRectF(self.rect()), Radius.LG, color("border2"), "raised")


class _Results(QWidget):
    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.actions_shown: list[Action] = []
        self._current = 0
        self._tops: list[tuple[int, str]] = []  # where each action begins, and the group that is named above it
        self.setMouseTracking(True)
        self.setAccessibleName("Results")

    def set_actions(self, actions: list[Action], *, grouped: bool) -> None:
        if grouped:
            groups = list(dict.fromkeys(each.group for each in actions))
            actions = [each for group in groups for each in actions if each.group == group]
        self.actions_shown, self._tops, self._current = actions, [], 0
        top, group = 0, ""
        for each in actions:
            head = each.group if grouped and each.group != group else ""
            top += _GROUP if head else 0
            self._tops.append((top, head))
            group = each.group
            top += _ROW
        self.setFixedHeight(max(top, _ROW))
        self._describe()
        self.update()

    def move_by(self, step: int) -> None:
        if self.actions_shown:
            self._current = (self._current + step) % len(self.actions_shown)
            self._describe()
            self.update()

    def _describe(self) -> None:
        if self.actions_shown:
            self.setAccessibleDescription(self.actions_shown[self._current].title)

    def current_rect(self) -> QRectF:
        top = self._tops[self._current][0] if self._tops else 0
        return QRectF(0, top, self.width(), _ROW)

    def choose_current(self) -> None:
        if self.actions_shown:
            self.chosen.emit(self.actions_shown[self._current])

    def _index_at(self, y: float) -> int:
        return next((index for index, (top, _) in enumerate(self._tops) if top <= y < top + _ROW), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event.position().y())
        if index >= 0 and index != self._current:
            self._current = index
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event.position().y())
        if index >= 0:
            self._current = index
            self.choose_current()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        if not self.actions_shown:
            painting.text(painter, QRectF(self.rect()), "Nothing fits", "text3", align=painting.CENTRE)
            return
        for index, (action, (top, head)) in enumerate(zip(self.actions_shown, self._tops, strict=True)):
            if head:
                area = QRectF(16, top - _GROUP + 4, self.width(), _GROUP - 4)
                painting.text(painter, area, head, "text3", "xs", 600)
            area = QRectF(6, top, self.width() - 12, _ROW)
            if index == self._current:
                painting.box(painter, area.adjusted(0, 1, 0, -1), Radius.MD, fill="active")
            tone = tokens().accent if index == self._current else tokens().text2
            painter.drawPixmap(QPointF(area.left() + 10, top + 11), icon_pixmap(action.icon, tone))
            painting.text(painter, area.adjusted(38, 0, -80, 0), action.title, "text", "md", 500)
            left = 38 + text_width(action.title, "md", 500) + 10
            room = area.width() - left - 90
            detail = metrics("sm").elidedText(action.detail, Qt.TextElideMode.ElideRight, max(0.0, room))
            painting.text(painter, area.adjusted(left, 0, 0, 0), detail, "text3", "sm")
            if action.shortcut:
                painting.text(
                    painter, area.adjusted(0, 0, -12, 0), action.shortcut, "text3", "xs", 500, align=painting.RIGHT
                )
