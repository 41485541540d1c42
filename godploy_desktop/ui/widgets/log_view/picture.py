"""What the view shows, painted little by little: a flood of lines never holds the window up for a whole picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPixmap

from godploy_desktop.ui.widgets.log_view.strips import Strip


class Picture:
    """A picture of some strips. `begin` it, `advance` it until `is_done`, then draw `pixmap`."""

    def __init__(self, paint: Callable[[QPainter, Strip], object]) -> None:
        """`paint` paints one strip."""
        self.pixmap = QPixmap()
        self.paint_s = 0.0  # how long this picture took until now
        self._paint = paint
        self._strips: Sequence[Strip] = ()
        self._next = 0
        self._is_valid = False

    @property
    def is_begun(self) -> bool:
        """Whether the picture is of what is to be seen, painted to its end or not."""
        return self._is_valid

    @property
    def is_done(self) -> bool:
        """Whether every strip is painted."""
        return self._is_valid and self._next >= len(self._strips)

    def fits(self, size: QSize, ratio: float) -> bool:
        """Whether the picture has `size` logical pixels at `ratio` device pixels each."""
        return self.pixmap.size() == size * ratio and self.pixmap.devicePixelRatio() == ratio

    def begin(self, strips: Sequence[Strip], ground: QColor, size: QSize, ratio: float) -> None:
        """Begin a picture of `strips` on `ground`."""
        began = time.perf_counter()
        if not self.fits(size, ratio):
            self.pixmap = QPixmap(size * ratio)
            self.pixmap.setDevicePixelRatio(ratio)
        self.pixmap.fill(ground)
        self._strips, self._next, self._is_valid = strips, 0, True
        self.paint_s = time.perf_counter() - began

    def advance(self, budget_s: float = float("inf")) -> bool:
        """Paint strips for about `budget_s` seconds; gives back whether the picture is done."""
        if self._next < len(self._strips):
            began = time.perf_counter()
            painter = QPainter(self.pixmap)
            while self._next < len(self._strips):
                self._paint(painter, self._strips[self._next])
                self._next += 1
                if time.perf_counter() - began >= budget_s:
                    break
            painter.end()
            self.paint_s += time.perf_counter() - began
        return self.is_done

    def drop(self) -> None:
        """What is to be seen has changed: the next picture begins anew."""
        self._is_valid = False

    def free(self) -> None:
        """Give the memory back, while nobody looks."""
        self.drop()
        self.pixmap = QPixmap()
