"""A stream that stays open as long as someone looks: begins again after a lost connection, ends at once on stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from godploy_server.contract import GodployError, Problem, Unreachable, internal_error

T = TypeVar("T")
RETRY_S = 1.0


class Following(Generic[T]):
    """Calls `take` with each item of the stream that `open_stream` gives.

    `ended` is called when the stream ends by itself, `failed` with a problem that no waiting ends. A lost connection
    (Unreachable) is neither: the stream is opened again every second until it comes back.
    """

    def __init__(
        self,
        open_stream: Callable[[], AsyncIterator[T]],
        take: Callable[[T], object],
        *,
        reopened: Callable[[], object] = lambda: None,
        ended: Callable[[], object] = lambda: None,
        failed: Callable[[Problem], object] = lambda _: None,
    ) -> None:
        self._open, self._take = open_stream, take
        self._reopened, self._ended, self._failed = reopened, ended, failed
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the stream is open or waits to be."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Open the stream; does nothing when it runs."""
        if not self.is_running:
            self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """Close the stream; nothing is called after this."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        is_first = True
        while True:
            try:
                if not is_first:
                    self._reopened()
                async for item in self._open():
                    self._take(item)
            except Unreachable:
                is_first = False
                await asyncio.sleep(RETRY_S)
                continue
            except GodployError as error:
                self._failed(error.problem)
                return
            except Exception as error:
                self._failed(internal_error("Reading the stream", error).problem)
                return
            self._ended()
            return
