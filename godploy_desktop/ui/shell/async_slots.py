"""From a click to a coroutine: it runs on the loop, its button is busy meanwhile, its error is shown and never lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from godploy_desktop.ui.widgets import Button
from godploy_server.contract import Cancelled, GodployError, Problem, internal_error

_log = logging.getLogger(__name__)


class AsyncSlots:
    """Runs coroutines on behalf of widgets. `show` is told the problem of each that fails."""

    def __init__(self, show: Callable[[Problem], object]) -> None:
        self._show = show
        self._running: set[asyncio.Task[None]] = set()

    def run(self, work: Callable[[], Awaitable[object]], button: Button | None = None, doing: str = "This") -> None:
        """Run `work`; `button` is busy until it ends. `doing` names it if it fails in a way nobody foresaw."""
        if button is not None:
            button.set_busy(True)
        task = asyncio.ensure_future(self._watch(work, button, doing))
        self._running.add(task)  # the loop keeps only weak references
        task.add_done_callback(self._running.discard)

    async def _watch(self, work: Callable[[], Awaitable[object]], button: Button | None, doing: str) -> None:
        try:
            await work()
        except (asyncio.CancelledError, Cancelled):
            return
        except GodployError as error:
            self._show(error.problem)
        except Exception as error:
            _log.exception("%s failed unexpectedly", doing)
            self._show(internal_error(doing, error).problem)
        finally:
            if button is not None:
                _set_idle(button)

    async def close(self) -> None:
        """Cancel what runs and wait for it."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _set_idle(button: Button) -> None:
    try:
        button.set_busy(False)
    except RuntimeError:  # its page is gone, and the C++ object with it
        return
