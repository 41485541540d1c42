"""Waiting for something that happens in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within_s: float = 60.0) -> None:
    """Look until it is true; the time bounds a test that hangs, it is no requirement."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  other processes set no event
            await asyncio.sleep(0.02)
