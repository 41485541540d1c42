"""Waiting for something that happens in another process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


async def until(condition: Callable[[], object], within_s: float = 60.0) -> None:
    """Look until it is true; the time bounds a test that hangs, it is no requirement."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  other processes set no event
            await asyncio.sleep(0.02)


@dataclass
class Lateness:
    """By how much everything came late because the machine had no time for this process."""

    total_s: float = 0.0


@contextlib.asynccontextmanager
async def how_late() -> AsyncIterator[Lateness]:
    """Measure, while the block runs, by how much a bound in seconds has to give way on a busy machine."""
    late = Lateness()

    async def measure() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            late.total_s += time.monotonic() - began - 0.05

    measuring = asyncio.create_task(measure())
    try:
        yield late
    finally:
        measuring.cancel()
