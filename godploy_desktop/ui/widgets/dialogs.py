"""Dialogs inside the window: a card over a dimmed page. They never block the event loop; `await dialog.ask()`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from godploy_desktop.ui.theme import Radius, color, tokens
from godploy_desktop.ui.widgets import painting
from godploy_desktop.ui.widgets.buttons import Button, ButtonKind, IconButton
from godploy_desktop.ui.widgets.cards import Card
from godploy_desktop.ui.widgets.fields import TextField
from godploy_desktop.ui.widgets.layouts import column, row
from godploy_desktop.ui.widgets.scroll import ScrollArea, bring_into_sight
from godploy_desktop.ui.widgets.switches import CheckBox
from godploy_desktop.ui.widgets.text import Dot, IconTile, Label

_MARGIN = 32


def open_dialog_of(window: QWidget) -> DialogFrame | None:
    """Give back the dialog that is in front in `window`, or None."""
    shown = [each for each in window.findChildren(DialogFrame) if each.isVisible()]
    return shown[-1] if shown else None


class DialogFrame(QWidget):
    """A dialog over the whole window: title, contents in `body`, buttons at the foot.

    Esc and the cross close it with None; Enter presses the primary button. Tab stays inside. `finished` carries the
    result. A dialog is used once: it deletes itself when it closes.
    """

    finished = Signal(object)

    def __init__(self, parent: QWidget, title: str, subtitle: str = "", *, width: int = 480, icon: str = "") -> None:
        super().__init__(parent.window())
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._width = width
        self._primary: Button | None = None
        self._is_open = False
        self._before: QWidget | None = None
        self.hide()
        self._card = _DialogCard()
        self._card.setParent(self)
        words = column(Label(title, "lg", 600, wrap=True), spacing=3)
        if subtitle:
            words.addWidget(Label(subtitle, "sm", 400, "text2", wrap=True))
        head = row(spacing=12)
        if icon:
            head.addWidget(IconTile(icon, 34), 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        head.addWidget(IconButton("x", "Close", on_click=self.cancel), 0, Qt.AlignmentFlag.AlignTop)
        self._content = QWidget()
        self.body: QVBoxLayout = column(spacing=14, parent=self._content)
        self._scroll = ScrollArea(self._content)
        self._buttons = row(None, spacing=8)
        self._card.body.addLayout(head)
        self._card.body.addSpacing(16)
        self._card.body.addWidget(self._scroll, 1)
        self._foot = 0

    def add_button(self, button: Button, *, is_primary: bool = False) -> Button:
        """Put a button at the right of the foot; the primary one answers to Enter."""
        if not self._foot:
            self._card.body.addSpacing(18)
            self._card.body.addLayout(self._buttons)
        self._foot += 1
        self._buttons.addWidget(button)
        if is_primary:
            self._primary = button
        return button

    def add_left(self, widget: QWidget) -> None:
        """Put a widget at the left of the foot."""
        self._buttons.insertWidget(0, widget)

    def open(self) -> None:
        """Show the dialog; gives back at once."""
        self._before = self.window().focusWidget()
        self._is_open = True
        self.window().installEventFilter(self)
        self._fit()
        self.show()
        self.raise_()
        self._focus_first()

    async def ask(self) -> object:
        """Show the dialog and wait; gives back its result, or None if it was closed."""
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def settle(result: object) -> None:
            if not answer.done():
                answer.set_result(result)

        self.finished.connect(settle)
        self.open()
        try:
            return await answer
        finally:
            self.close_with(None)

    def close_with(self, result: object) -> None:
        """Close the dialog and tell `finished` the result. A second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self.window().removeEventFilter(self)
        self.hide()
        before, self._before = self._before, None
        if before is not None and isValid(before):  # its page, or the dialog before this one, may have gone meanwhile
            before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.finished.emit(result)
        self.deleteLater()

    def cancel(self) -> None:
        """Close without a result."""
        self.close_with(None)

    def refit(self) -> None:
        """Fit the card to contents that became larger or smaller."""
        if self._is_open:
            self._fit()
            QTimer.singleShot(0, self, self._fit_if_open)  # what was just put in is measured a turn later

    def _fit_if_open(self) -> None:
        if self._is_open:
            self._fit()

    def _fit(self) -> None:
        self.setGeometry(self.window().rect())
        width = min(self._width, self.width() - 2 * _MARGIN)
        content = self._content
        inner = width - 2 * 20 - 4
        layout = content.layout()
        wanted = layout.totalHeightForWidth(inner) if layout is not None and layout.hasHeightForWidth() else -1
        if wanted < 0:
            wanted = content.sizeHint().height()
        self._scroll.setMinimumHeight(1)  # with 0 it would want 70 px, and squeeze the title over little contents
        frame = self._card.body.totalHeightForWidth(width) if self._card.body.hasHeightForWidth() else -1
        if frame < 0:
            frame = self._card.sizeHint().height()
        height = min(frame - self._scroll.sizeHint().height() + wanted, self.height() - 2 * _MARGIN)
        self._card.setGeometry(
            (self.width() - width) // 2, max(_MARGIN, (self.height() - height) * 2 // 5), width, height
        )

    def _focusable(self) -> list[QWidget]:
        wanted = Qt.FocusPolicy.TabFocus.value
        return [
            each
            for each in self._card.findChildren(QWidget)
            if each.isVisible() and each.isEnabled() and each.focusPolicy().value & wanted and each.focusProxy() is None
        ]

    def _focus_first(self) -> None:
        inside = [each for each in self._focusable() if self._scroll.isAncestorOf(each)]
        first = inside[0] if inside else self._primary or self
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def focusNextPrevChild(self, forwards: bool) -> bool:
        chain = self._focusable()
        focused = self.window().focusWidget()
        if not chain:
            return True
        ordered = _in_tab_order(self, chain)
        index = ordered.index(focused) if focused in ordered else (-1 if forwards else 0)
        target = ordered[(index + (1 if forwards else -1)) % len(ordered)]
        target.setFocus(Qt.FocusReason.TabFocusReason)
        bring_into_sight(target)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and self._is_open:
            self._fit()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest and self._is_open:
            self._fit()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._primary is not None:
            self._primary.click()  # does nothing while it is disabled
        # nothing goes through to the page below

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(4, 6, 10, 160 if tokens().is_dark else 90))


class _DialogCard(Card):
    def __init__(self) -> None:
        super().__init__(20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.smooth_painter(self)
        painting.card_box(painter, QRectF(self.rect()), Radius.LG, color("border2"), "raised")


def _in_tab_order(root: QWidget, chain: list[QWidget]) -> list[QWidget]:
    """Order widgets as Qt's focus chain has them."""
    wanted = set(chain)
    ordered: list[QWidget] = []
    each = root.nextInFocusChain()
    while each is not None and each is not root and len(ordered) < len(chain):
        if each in wanted:
            ordered.append(each)
        each = each.nextInFocusChain()
    return ordered


class ConfirmDialog(DialogFrame):
    """Asks before something is lost, and names what: `losses` one a line. The result is True, or None.

    With `type_name` the button stays shut until a person has typed that name. `choice` is a check box to go with it,
    unticked; read `is_chosen` after the answer.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        content: str,
        *,
        losses: Sequence[str] = (),
        confirm_text: str = "Delete",
        type_name: str = "",
        choice: str = "",
        is_danger: bool = True,
    ) -> None:
        super().__init__(parent, title, width=460, icon="triangle-alert" if is_danger else "circle-help")
        self._type_name = type_name
        self.body.addWidget(Label(content, "md", 400, "text2", wrap=True))
        if losses:
            lost = column(spacing=4)
            for each in losses:
                line = row(Dot("err" if is_danger else "text3", 5), spacing=8)
                line.addWidget(Label(each, "sm", 400, "text", wrap=True), 1)
                lost.addLayout(line)
            self.body.addLayout(lost)
        self.choice: CheckBox | None = None
        if choice:
            self.choice = CheckBox(choice)
            self.body.addWidget(self.choice)
        self.name_field: TextField | None = None
        if type_name:
            self.name_field = TextField(f"Type {type_name} to go on")
            self.name_field.changed.connect(self._judge)
            self.body.addWidget(self.name_field)
        self.add_button(Button("Cancel", on_click=self.cancel))
        kind = ButtonKind.DANGER if is_danger else ButtonKind.PRIMARY
        self.confirm = Button(confirm_text, "trash-2" if is_danger and confirm_text == "Delete" else "", kind)
        self.confirm.on_click(lambda: self.close_with(True))
        self.add_button(self.confirm, is_primary=True)
        self._judge()

    @property
    def is_chosen(self) -> bool:
        """Whether the check box is ticked."""
        return self.choice is not None and self.choice.isChecked()

    def _judge(self) -> None:
        self.confirm.setEnabled(self.name_field is None or self.name_field.value() == self._type_name)
