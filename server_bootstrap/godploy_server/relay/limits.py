"""What a hook may send in a time, and what it sent already. Memory is bounded whatever comes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_MOST_KEYS: Final = 2_000


class Rate:
    """A bucket for each key: `burst` at once, then `per_s` a second. Source of the method: token bucket."""

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, key: str, now_s: float) -> bool:
        """Whether one more is allowed now; takes it."""
        level, since = self._buckets.pop(key, (self._burst, now_s))
        level = min(self._burst, level + max(0.0, now_s - since) * self._per_s)
        is_allowed = level >= 1
        self._buckets[key] = (level - 1 if is_allowed else level, now_s)
        while len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return is_allowed


class Seen:
    """Remembers the newest marks; the agent's list of deliveries remembers longer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._marks: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, mark: str) -> bool:
        return mark in self._marks

    def add(self, mark: str) -> None:
        """Remember a mark."""
        self._marks[mark] = None
        self._marks.move_to_end(mark)
        while len(self._marks) > self._most:
            self._marks.popitem(last=False)
