"""Python's cycle collector, kept to the window's thread.

It runs in whichever thread allocates last, and the threads of connections allocate a lot. A widget that is part of a
cycle would then be deleted there, which Qt does not survive.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QObject, QTimer

EVERY_MS: Final = 1000  # there is no event for "enough garbage"; looking costs microseconds


@contextlib.contextmanager
def collected_here(parent: QObject) -> Iterator[None]:
    """While the block runs, cycles are collected by a timer of the calling thread, as often as Python would."""
    timer = QTimer(parent)
    timer.setInterval(EVERY_MS)
    timer.timeout.connect(collect_if_due)
    gc.disable()
    gc.freeze()  # what the start made stays anyway: a full collection need not walk through it
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        timer.deleteLater()
        gc.unfreeze()
        gc.enable()


def collect_if_due() -> None:
    """Collect the oldest generation that is over Python's own threshold, if any."""
    over = [
        number for number, (count, limit) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
        if limit and count > limit
    ]  # fmt: skip
    if over:
        gc.collect(max(over))
