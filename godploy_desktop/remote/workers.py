"""Threads for calls that block, owned by one connection: never the loop's own executor, which a stuck call starves."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

MAX_THREADS: Final = 24
IDLE_S: Final = 10.0


class Workers:
    """Runs blocking calls in daemon threads, made when needed and gone when idle; results come back in the loop."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued = 0
        self._idle = 0
        self._count = 0

    async def call(self, work: Callable[[], T], discard: Callable[[T], object] | None = None) -> T:
        """Give back what `work` gives, or raise what it raises.

        When the caller is cancelled meanwhile, the call goes on to its end and `discard` gets its result in the
        worker's thread, so that nothing it opened stays open.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:
                _settle(loop, lambda error=error: _fail(future, error))  # type: ignore[misc]  # mypy: default as value
            else:
                taken = _settle(loop, lambda: _succeed(future, result, discard))
                if not taken and discard is not None:
                    discard(result)

        self.submit(run)
        return await future

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread and forget it; it must not raise."""
        with self._lock:
            self._calls.put(work)
            self._queued += 1
            if self._queued > self._idle and self._count < MAX_THREADS:
                self._count += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        with self._lock:
            self._idle += 1
        while True:
            try:
                work = self._calls.get(timeout=IDLE_S)
            except queue.Empty:
                with self._lock:
                    if self._queued == 0:
                        self._idle -= 1
                        self._count -= 1
                        return
                continue
            with self._lock:
                self._idle -= 1
                self._queued -= 1
            work()
            del work
            with self._lock:
                self._idle += 1


def _settle(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> bool:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return False
    return True


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _succeed(future: asyncio.Future[T], result: T, discard: Callable[[T], object] | None) -> None:
    if not future.done():
        future.set_result(result)
    elif discard is not None:
        threading.Thread(target=discard, args=(result,), daemon=True).start()
