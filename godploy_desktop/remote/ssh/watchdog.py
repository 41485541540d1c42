"""When to ask whether a server is still there, when to believe that it is not, how long to wait before trying again.

Nothing below SSH notices a dead peer in useful time: TCP waits many minutes, and a laptop that slept has a connection
that looks alive.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

TICK_S: Final = 0.5
PING_AFTER_S: Final = 3.0
DEAD_AFTER_S: Final = 9.0
SLEEP_S: Final = 10.0
"""A difference of clocks that is no adjustment but a sleep; within less, the peer has not given up either."""
FIRST_DELAY_S: Final = 0.25
LONGEST_DELAY_S: Final = 30.0


class Verdict(Enum):
    """What to do at one tick."""

    FINE = "fine"
    PING = "ping"
    DEAD = "dead"
    SLEPT = "slept"  # this computer was asleep: the connection is not worth waiting for


@dataclass(frozen=True)
class Clocks:
    """Seconds of a clock that stands still while the computer sleeps, and of one that does not."""

    awake_s: float
    elapsed_s: float

    @classmethod
    def now(cls) -> Clocks:
        """Read both."""
        return cls(time.monotonic(), elapsed_clock())


def elapsed_clock() -> float:
    """Give back seconds that go on during sleep: Linux's CLOCK_BOOTTIME, elsewhere the wall clock."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.time() if boot_time is None else time.clock_gettime(boot_time)


class Watchdog:
    """Judges one connection, tick by tick. Holds no clock and does nothing itself."""

    def __init__(self, start: Clocks) -> None:
        self._last = start
        self._pinged_at: float | None = None

    def judge(self, clocks: Clocks, last_heard_s: float) -> Verdict:
        """Say what to do now; `last_heard_s` is when the last byte came, on the awake clock.

        PING is said once per PING_AFTER_S; DEAD only when a ping stayed without any answer, so that a program which
        itself stood still for a while does not take the silence for the server's.
        """
        slept = (clocks.elapsed_s - self._last.elapsed_s) - (clocks.awake_s - self._last.awake_s)
        self._last = clocks
        if slept > SLEEP_S:
            return Verdict.SLEPT
        if self._pinged_at is not None and last_heard_s >= self._pinged_at:
            self._pinged_at = None
        silent_s = clocks.awake_s - last_heard_s
        if self._pinged_at is None:
            if silent_s >= PING_AFTER_S:
                self._pinged_at = clocks.awake_s
                return Verdict.PING
            return Verdict.FINE
        unanswered_s = clocks.awake_s - self._pinged_at
        if silent_s >= DEAD_AFTER_S and unanswered_s >= DEAD_AFTER_S - PING_AFTER_S - TICK_S:
            return Verdict.DEAD
        return Verdict.FINE


def delays(chance: random.Random) -> Iterator[float]:
    """Give how many seconds to wait before each attempt: doubling, at most 30 s, each somewhere from half to one and
    a half of it, so that many desktops do not knock in step at a server that comes back."""
    delay = FIRST_DELAY_S
    while True:
        yield delay * chance.uniform(0.5, 1.5)
        delay = min(delay * 2, LONGEST_DELAY_S)
