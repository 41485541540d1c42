"""Cutting off whoever is too slow. One timer a request; no task, and so no cancellation, that could go astray.

Who waits for a `StreamReader` gets asyncio.TimeoutError from it once the time is over. (`asyncio.wait_for` makes a
task of each read before Python 3.12, and may swallow a cancellation that comes in the same moment as the result.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

GRACE_S: Final = 5.0
SLOWEST_BYTES_S: Final = 32 * 1024
LONGEST_S: Final = 60.0
"""Git hosts wait for an answer for 5 to 10 s."""
_LOOK_EVERY_S: Final = 1.0


@contextmanager
def within(reader: asyncio.StreamReader, seconds: float) -> Iterator[None]:
    """Let reads fail with asyncio.TimeoutError when `seconds` have passed."""
    timer = asyncio.get_running_loop().call_later(seconds, reader.set_exception, asyncio.TimeoutError())
    try:
        yield
    finally:
        timer.cancel()


class Pace:
    """Lets reads fail with asyncio.TimeoutError once the sender is too slow: after a few seconds it must have sent so
    much a second, and be ready after a minute. Whoever reads counts what came in `received`, in bytes."""

    def __init__(self, reader: asyncio.StreamReader, grace_s: float = GRACE_S) -> None:
        self.received = 0
        self._reader = reader
        self._grace_s = grace_s
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._timer = self._loop.call_later(grace_s, self._look)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        passed = self._loop.time() - self._began
        if passed >= LONGEST_S or self.received < (passed - self._grace_s + _LOOK_EVERY_S) * SLOWEST_BYTES_S:
            self._reader.set_exception(asyncio.TimeoutError())
        else:
            self._timer = self._loop.call_later(_LOOK_EVERY_S, self._look)
