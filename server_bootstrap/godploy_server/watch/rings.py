"""One hour of samples in flat arrays of doubles: a service's hour is 20 KB."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

REMEMBERED_S: Final = 3600.0
GRAIN_S: Final = 10.0
"""Samples nearer to the one before than this (less a little) are not remembered, only handed on."""


class Ring:
    """Rows of `width` numbers, the first of them the time in seconds since the epoch."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._values = array("d")

    def __len__(self) -> int:
        return len(self._values) // self._width

    def add(self, row: Sequence[float]) -> None:
        """Remember a row unless it is too near to the one before; forget what is older than an hour before it."""
        if len(row) != self._width:
            raise ValueError(f"a row has {self._width} numbers, not {len(row)}")
        if self._values and row[0] < self._values[-self._width]:
            del self._values[:]  # the clock was set back: the order of the past is not known any more
        if self._values and row[0] - self._values[-self._width] < GRAIN_S - 1:
            return
        self._values.extend(row)
        old = 0
        while self._values[old] < row[0] - REMEMBERED_S:
            old += self._width
        del self._values[:old]

    def rows(self) -> Iterator[tuple[float, ...]]:
        """Give the remembered rows, the oldest first."""
        for start in range(0, len(self._values), self._width):
            yield tuple(self._values[start : start + self._width])
