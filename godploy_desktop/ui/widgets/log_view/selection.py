"""What is selected in a log: from one place to another. Places name lines by number, so they hold while lines come."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[\w./:@-]+")


@dataclass(frozen=True, order=True)
class Place:
    """Before the character `column` of the line `number`."""

    number: int
    column: int


class Selection:
    """Between an anchor and where the pointer went."""

    def __init__(self) -> None:
        self._anchor: Place | None = None
        self._head: Place | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        return self._anchor is None or self._anchor == self._head

    @property
    def bounds(self) -> tuple[Place, Place]:
        """The earlier and the later end. Only while something is selected."""
        if self._anchor is None or self._head is None:
            raise ValueError("nothing is selected")
        return min(self._anchor, self._head), max(self._anchor, self._head)

    def begin(self, place: Place) -> None:
        """Begin anew."""
        self._anchor = self._head = place

    def extend(self, place: Place) -> None:
        """Move the other end."""
        if self._anchor is None:
            self._anchor = place
        self._head = place

    def select_word(self, place: Place, content: str) -> None:
        """Select the word (a path, an address, a number) at `place` in its line's text."""
        for match in _WORD.finditer(content):
            if match.start() <= place.column <= match.end():
                self._anchor = Place(place.number, match.start())
                self._head = Place(place.number, match.end())
                return

    def clear(self) -> None:
        """Select nothing."""
        self._anchor = self._head = None

    def touches(self, number: int) -> bool:
        """Whether a part of the line is selected."""
        start, end = self.bounds
        return start.number <= number <= end.number

    def columns_in(self, number: int) -> tuple[int, int | None]:
        """Give back from where to where a line is selected; None is its end."""
        start, end = self.bounds
        return (start.column if number == start.number else 0), (end.column if number == end.number else None)
