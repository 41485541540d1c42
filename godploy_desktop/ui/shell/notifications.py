"""Short notices at the lower right of the window; each goes by itself, at most four at a time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.theme import State
from godploy_desktop.ui.widgets import Toast

_STAYS_MS = 6000
_STAYS_LONGER_MS = 12000
_MOST = 4
_MARGIN = 20


class Notifications(QObject):
    """Stacks toasts over `window`, the newest lowest."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.shown: list[Toast] = []
        window.installEventFilter(self)

    def show_notice(
        self,
        content: str,
        tone: State = "ok",
        *,
        detail: str = "",
        action_text: str = "",
        on_action: Callable[[], object] | None = None,
    ) -> Toast:
        """Show a notice; what went wrong, and what can be acted on, stays longer."""
        toast = Toast(content, tone, self.close_notice, detail=detail, action_text=action_text, on_action=on_action)
        toast.setParent(self._window)
        self.shown.append(toast)
        while len(self.shown) > _MOST:
            self.close_notice(self.shown[0])
        toast.show()
        toast.raise_()
        stays = _STAYS_LONGER_MS if tone in ("err", "warn") or on_action else _STAYS_MS
        QTimer.singleShot(stays, toast, lambda: self.close_notice(toast))
        self._place()
        return toast

    def close_notice(self, toast: Toast) -> None:
        """Take a notice away; one that is gone already is left alone."""
        if toast in self.shown:
            self.shown.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        bottom = self._window.height() - _MARGIN
        for toast in reversed(self.shown):
            height = toast.layout().totalHeightForWidth(toast.width())  # type: ignore[union-attr]  # a Toast has one
            height = height if height > 0 else toast.sizeHint().height()
            toast.setGeometry(self._window.width() - toast.width() - _MARGIN, bottom - height, toast.width(), height)
            bottom -= height + 8

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)
