"""Work with files that would hold up the loop: done in a thread, which ends soon after a deployment is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Stop:
    """Asked now and then by work in a thread: whether nobody wants it any more."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ask(self) -> None:
        """Ask the work to end."""
        self._event.set()

    def check(self) -> None:
        """Raise Stopped if the work is to end."""
        if self._event.is_set():
            raise Stopped


class Stopped(Exception):
    """The work was ended before it was done."""


async def in_thread(work: Callable[[Stop], T]) -> T:
    """Run `work` in a thread. A cancellation waits until it stopped, so that nothing is written after."""
    stop = Stop()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.ask()
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # seen: nobody else will ask for it
        raise
