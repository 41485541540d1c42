"""How bytes of any thread come to the window: into a deque at once, out of it by one timer while there are any."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt, QTimer, Signal

TICK_MS = 33
SLOWEST_MS = 80
SHARE = 0.1
"""How much of the time taking and painting may use; with more to do the ticks come less often, down to SLOWEST_MS.
At such a rate nobody reads single lines, and the rest of the window stays as quick as it was."""
_REST_MS = 2
_MOST_BYTES = 1024 * 1024
"""Taken at once; the rest is taken in the next turns of the window's loop."""


class Feed(QObject):
    """`push` may be called from any thread, as often as wanted; `take` is called in the window's thread at most every
    TICK_MS with what came since, or more often with a part of it when that is much. Without bytes no timer runs."""

    _woken = Signal()

    def __init__(
        self, take: Callable[[bytes], object], paint_s: Callable[[], float], parent: QObject | None = None
    ) -> None:
        """`paint_s` gives back how long the latest painting took, in seconds."""
        super().__init__(parent)
        self._take, self._paint_s = take, paint_s
        self._waiting: deque[bytes] = deque()
        self._is_awake = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._drain)
        self._woken.connect(self._begin, Qt.ConnectionType.QueuedConnection)

    def push(self, content: bytes) -> None:
        """Hand over bytes. One signal a burst crosses the threads, not one a line."""
        self._waiting.append(content)
        if not self._is_awake:
            self._is_awake = True
            self._woken.emit()

    def drain_now(self) -> None:
        """Take all that waits without the next tick; only in the window's thread."""
        self._drain()
        while self._waiting:
            self._drain()

    def stop(self) -> None:
        """End: nothing is taken any more."""
        self._timer.stop()
        self._waiting.clear()

    def _begin(self) -> None:
        self._drain()
        self._timer.start()

    def _drain(self) -> None:
        if not self._waiting:
            self._timer.stop()
            self._is_awake = False
            if not self._waiting:  # a push just before the flag fell woke nobody
                return
            self._is_awake = True
            self._timer.start()
        began = time.perf_counter()
        self._take(b"".join(self._pieces()))
        if self._waiting:
            self._timer.setInterval(_REST_MS)
            return
        busy_ms = (time.perf_counter() - began + self._paint_s()) * 1000
        self._timer.setInterval(round(min(SLOWEST_MS, max(TICK_MS, busy_ms / SHARE))))

    def _pieces(self) -> Iterator[bytes]:
        size = 0
        while self._waiting and size < _MOST_BYTES:
            piece = self._waiting.popleft()
            size += len(piece)
            yield piece
