"""Where the window was, remembered as plain values."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter, QWidget

KEY = "window"
_LEAST_SEEN = 80  # px of the window that must lie on a screen, or nobody could take hold of it


class RememberedValues(Protocol):
    """JSON values by key, kept from one start to the next."""

    def setting(self, key: str, default: Any = None) -> Any:
        """Give back a value."""

    def set_setting(self, key: str, value: Any) -> None:
        """Remember a value."""


def restore_geometry(window: QWidget, values: RememberedValues) -> bool:
    """Put the window where it was; False if that is not known. On a screen that is gone only the size is taken."""
    saved = values.setting(KEY)
    if not isinstance(saved, dict):
        return False
    try:
        place = QRect(*(int(saved[each]) for each in ("x", "y", "width", "height")))
    except (KeyError, TypeError, ValueError):  # written by hand
        return False
    window.resize(place.size())
    for screen in QGuiApplication.screens():
        seen = screen.availableGeometry().intersected(place)
        if seen.width() >= _LEAST_SEEN and seen.height() >= _LEAST_SEEN:
            window.move(place.topLeft())
            break
    if saved.get("is_maximized") is True:
        window.setWindowState(window.windowState() | window.windowState().WindowMaximized)
    return True


def remember_geometry(window: QWidget, values: RememberedValues) -> None:
    """Remember where the window is, and where it will be once it is no longer maximized."""
    place = window.normalGeometry() if window.isMaximized() else window.geometry()
    values.set_setting(
        KEY,
        {
            "x": window.x() if not window.isMaximized() else place.x(),
            "y": window.y() if not window.isMaximized() else place.y(),
            "width": place.width(),
            "height": place.height(),
            "is_maximized": window.isMaximized(),
        },
    )


def remember_splitter(splitter: QSplitter, key: str, values: RememberedValues) -> None:
    """Give a splitter the sizes that it had under `key`, and remember each change."""
    saved = values.setting(f"splitter.{key}")
    if isinstance(saved, list) and len(saved) == splitter.count() and all(isinstance(each, int) for each in saved):
        splitter.setSizes(saved)
    splitter.splitterMoved.connect(lambda *_: values.set_setting(f"splitter.{key}", splitter.sizes()))
