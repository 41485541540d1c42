"""Many changes, one look: what a burst of events asks for is done once, when the loop comes round."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Gathered:
    """Calls `action` once after any number of `ask`s in one turn of the loop, unless `owner` is deleted before.

    A server with a long queue tells a new place of each that waits, all in one piece of its stream.
    """

    def __init__(self, owner: QObject, action: Callable[[], object]) -> None:
        self._timer = QTimer(owner)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(action)

    def ask(self) -> None:
        """Ask for the action."""
        if not self._timer.isActive():
            self._timer.start()
