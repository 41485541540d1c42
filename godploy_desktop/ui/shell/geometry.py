"""Where the window was, remembered as plain values."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Protocol

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QSplitter, QWidget

KEY = "window"


class RememberedValues(Protocol):
    """JSON values by key, kept from one start to the next."""

    def setting(self, key: str, default: Any = None) -> Any:
        """Give back a value."""

    def set_setting(self, key: str, value: Any) -> None:
        """Remember a value."""


def restore_geometry(window: QWidget, values: RememberedValues) -> bool:
    """Put the window where it was; False if it is not known, or lies on a screen that is gone."""
    saved = values.setting(KEY)
    try:
        return isinstance(saved, str) and window.restoreGeometry(QByteArray(base64.b64decode(saved, validate=True)))
    except (binascii.Error, ValueError):  # written by hand
        return False


def remember_geometry(window: QWidget, values: RememberedValues) -> None:
    """Remember where the window is."""
    values.set_setting(KEY, base64.b64encode(window.saveGeometry().data()).decode())


def remember_splitter(splitter: QSplitter, key: str, values: RememberedValues) -> None:
    """Give a splitter the sizes that it had under `key`, and remember each change."""
    saved = values.setting(f"splitter.{key}")
    if isinstance(saved, list) and len(saved) == splitter.count() and all(isinstance(each, int) for each in saved):
        splitter.setSizes(saved)
    splitter.splitterMoved.connect(lambda *_: values.set_setting(f"splitter.{key}", splitter.sizes()))
