"""What a hook may send in a time, at once, and what it sent already. Memory is bounded whatever comes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from pathlib import Path
from typing import Final

_MOST_KEYS: Final = 2_000

_log = logging.getLogger(__name__)


class Rate:
    """A bucket for each key: `burst` at once, then `per_s` a second. Source of the method: token bucket."""

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, now_s: float) -> float:
        """Give how long it is until one more is allowed, in seconds; 0: now."""
        return max(0.0, (1 - self._level(key, now_s)) / self._per_s)

    def take(self, key: str, now_s: float) -> None:
        """Count one."""
        level = self._level(key, now_s)
        self._buckets[key] = (max(0.0, level - 1), now_s)
        self._buckets.move_to_end(key)
        while len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)

    def allows(self, key: str, now_s: float) -> bool:
        """Whether one more is allowed now; counts it then."""
        if self.wait_s(key, now_s) > 0:
            return False
        self.take(key, now_s)
        return True

    def _level(self, key: str, now_s: float) -> float:
        level, since = self._buckets.get(key, (self._burst, now_s))
        return min(self._burst, level + max(0.0, now_s - since) * self._per_s)


class Slots:
    """So many at once, and of one key no more than its share."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._taken: Counter[str] = Counter()
        self._waiting: deque[tuple[str, asyncio.Future[bool]]] = deque()

    def try_take(self, key: str) -> bool:
        """Take a slot if there is one now."""
        if sum(self._taken.values()) >= self._most or self._taken[key] >= self._most_each:
            return False
        self._taken[key] += 1
        return True

    async def take(self, key: str, patience_s: float) -> bool:
        """Take a slot, waiting for it at most so long; False if there was none."""
        if self.try_take(key):
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((key, turn))
        timer = loop.call_later(patience_s, self._end_wait, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give_back(key)  # it came in the same moment
            raise
        finally:
            timer.cancel()

    def give_back(self, key: str) -> None:
        """Give a slot back; whoever waits longest and may have it gets it."""
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]
        still: deque[tuple[str, asyncio.Future[bool]]] = deque()
        for each, turn in self._waiting:
            if not turn.done() and not (self.try_take(each) and self._hand(turn)):
                still.append((each, turn))
        self._waiting = still

    @staticmethod
    def _hand(turn: asyncio.Future[bool]) -> bool:
        turn.set_result(True)
        return True

    @staticmethod
    def _end_wait(turn: asyncio.Future[bool]) -> None:
        if not turn.done():
            turn.set_result(False)


class Seen:
    """Remembers the newest marks, in a file too, so that a restart forgets none. The agent remembers longer.

    A mark that is claimed counts as seen at once; `keep` makes that last, `release` takes it back.
    """

    def __init__(self, most: int, file: Path) -> None:
        self._most = most
        self._file = file
        self._marks: OrderedDict[str, None] = OrderedDict()
        self._lines = 0
        try:
            for line in file.read_text(encoding="ascii", errors="replace").split():
                self._marks[line] = None
                self._lines += 1
        except OSError:
            pass  # there is none yet
        self._forget_oldest()

    def claim(self, mark: str) -> bool:
        """Whether the mark is new; from now on it is not."""
        if mark in self._marks:
            return False
        self._marks[mark] = None
        self._forget_oldest()
        return True

    def release(self, mark: str) -> None:
        """Forget a claimed mark: nothing came of it."""
        self._marks.pop(mark, None)

    def keep(self, mark: str) -> None:
        """Write a claimed mark down."""
        try:
            if self._lines >= 2 * self._most:
                fresh = self._file.with_suffix(".new")
                fresh.write_text("".join(f"{each}\n" for each in self._marks), encoding="ascii")
                fresh.replace(self._file)
                self._lines = len(self._marks)
                return
            with self._file.open("a", encoding="ascii") as opened:
                opened.write(f"{mark}\n")
            self._lines += 1
        except OSError as error:
            _log.warning("what was received cannot be written down: %s", type(error).__name__)

    def _forget_oldest(self) -> None:
        while len(self._marks) > self._most:
            self._marks.popitem(last=False)
