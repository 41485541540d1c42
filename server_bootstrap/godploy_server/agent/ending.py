"""Ending tasks within a time, whatever they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_ASK_AGAIN_S: Final = 0.2


async def end_tasks(tasks: Iterable[asyncio.Task[Any]], within_s: float) -> bool:
    """Cancel tasks and wait until they ended; whether all did within the time.

    Asks again and again: before Python 3.12 `asyncio.wait_for` loses a cancellation that comes in the same moment as
    what it waits for, and a loop around it would go on for ever.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    pending = {each for each in tasks if not each.done()}
    while pending and loop.time() < deadline:
        for each in pending:
            each.cancel()
        _, pending = await asyncio.wait(pending, timeout=_ASK_AGAIN_S)
    return not pending
