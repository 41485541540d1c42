"""A time limit that never loses a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(work: Awaitable[T], seconds: float | None) -> T:
    """Wait for `work` at most so long (None: for ever). Raises asyncio.TimeoutError; the work is cancelled then.

    `asyncio.wait_for` would do from Python 3.12 on. Before, it swallows a cancellation that comes in the same moment
    as the result, and whoever cancelled a loop around it waits for ever.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: nobody else will ask for it
        raise
    if done:
        return task.result()
    task.cancel()
    await asyncio.wait({task})
    if task.cancelled():
        raise asyncio.TimeoutError
    return task.result()  # it came while being cancelled, or says why it could not
