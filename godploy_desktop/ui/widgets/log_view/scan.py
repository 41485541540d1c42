"""Looking for lines: by level, by text, by regular expression; on bytes, a page at a time, within a time budget."""

from __future__ import annotations

import re
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from godploy_desktop.ui.widgets.log_view.pages import Cursor, PageStore
from godploy_server.contract import BadInput

_SLICE_BYTES = 48 * 1024  # looked through without asking for the time: about a quarter of a millisecond

Finder = Callable[[bytes, int], int]
"""Takes bytes and where to begin; gives back where the next match begins, or -1."""


class Level(StrEnum):
    """How serious a line says it is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


_MARKS: dict[Level, tuple[bytes, ...]] = {
    Level.INFO: (b"INFO", b"level=info", b'"level":"info"', b"[info]", b"[notice]"),
    Level.WARN: (b"WARN", b"level=warn", b'"level":"warn', b"[warn"),
    Level.ERROR: (
        b"ERROR", b"FATAL", b"CRITICAL", b"PANIC", b"level=error", b"level=fatal", b'"level":"error"', b"[error]",
        b"Traceback (most recent call last)",
    ),
}  # fmt: skip
"""What programs write to say so. Plain needles: bytes.find is ten times as fast as an alternation of `re`."""


@dataclass(frozen=True)
class Question:
    """What lines to show or to find. An empty question matches every line.

    `text` in lower case matches either case; with `is_regex` it is a Python regular expression on one line.
    """

    text: str = ""
    is_regex: bool = False
    level: Level | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every line matches."""
        return not self.text and self.level is None

    @property
    def ignores_case(self) -> bool:
        """Whether either case matches."""
        return self.text == self.text.lower()

    def pattern(self) -> re.Pattern[str] | None:
        """Give back what to mark in a line as it reads; None without text. Raises BadInput."""
        if not self.text:
            return None
        try:
            source = self.text if self.is_regex else re.escape(self.text)
            return re.compile(source, re.IGNORECASE if self.ignores_case else 0)
        except re.error as error:
            raise BadInput(
                "The expression cannot be used", str(error), "Correct it, or search for plain text"
            ) from None

    @property
    def wants_lower_case(self) -> bool:
        """Whether `finder` must be given bytes in lower case: ten times as fast as `re` ignoring case."""
        return self.ignores_case and not self.is_regex

    def finder(self) -> Finder | None:
        """Give back what finds `text` in bytes; None without text. Raises BadInput."""
        if not self.text:
            return None
        if not self.is_regex:
            needle = self.text.encode()
            return partial(_find_plain, needle)
        self.pattern()
        try:
            compiled = re.compile(self.text.encode(), re.MULTILINE | (re.IGNORECASE if self.ignores_case else 0))
        except re.error as error:  # what only text patterns know, such as \N{...}
            raise BadInput("The expression cannot be used", str(error), "Use an expression on bytes") from None

        def find(content: bytes, start: int) -> int:
            match = compiled.search(content, start)
            return match.start() if match else -1

        return find


def matching_lines(content: bytes, find: Finder) -> list[int]:
    """Give back which lines of `content` hold a match, counted from 0, each once."""
    found: list[int] = []
    line, counted, at = 0, 0, 0
    while (at := find(content, at)) >= 0:
        line += content.count(b"\n", counted, at)
        found.append(line)
        end = content.find(b"\n", at)
        if end < 0:
            break
        counted = at = end
        at += 1
        if at >= len(content):
            break
    return found


def _find_plain(needle: bytes, content: bytes, start: int) -> int:
    return content.find(needle, start)


def lines_of_level(content: bytes, level: Level) -> set[int]:
    """Give back which lines of `content` say that they are of `level`."""
    found: set[int] = set()
    for needle in _MARKS[level]:
        if needle in content:
            found.update(matching_lines(content, partial(_find_plain, needle)))
    return found


class Scan:
    """The lines that answer one question, found little by little."""

    def __init__(self, store: PageStore, question: Question) -> None:
        """Raises BadInput for an expression that cannot be used."""
        self._store = store
        self.question = question
        self._find = question.finder()
        self.lines: array[int] = array("Q")
        self._cursor = Cursor(store.first)

    @property
    def is_done(self) -> bool:
        """Whether every line that is there has been looked at."""
        return self._cursor.line >= self._store.end

    def advance(self, budget_s: float) -> bool:
        """Look further for about `budget_s` seconds; gives back whether lines were found."""
        until = time.perf_counter() + budget_s
        before = len(self.lines)
        while (chunk := self._store.read(self._cursor, _SLICE_BYTES)) is not None:
            self.lines.extend(chunk.first_line + each for each in self._matches(chunk.content, chunk.lines))
            if time.perf_counter() >= until:
                break
        return len(self.lines) != before

    def drop_before(self, first: int) -> int:
        """Forget lines that the store has let go; gives back how many."""
        gone = bisect_left(self.lines, first)
        if gone:
            del self.lines[:gone]
        return gone

    def _matches(self, content: bytes, lines: int) -> list[int]:
        searched = content.lower() if self.question.wants_lower_case else content
        if self.question.level is None:
            return matching_lines(searched, self._find) if self._find else list(range(lines))
        of_level = lines_of_level(content, self.question.level)
        if self._find is None:
            return sorted(of_level)
        return [each for each in matching_lines(searched, self._find) if each in of_level]


COUNTED = (Level.WARN, Level.ERROR)
"""What is worth a number: nobody looks for how often all went well, and counting it would cost most."""


class LevelCounts:
    """How many lines of each counted level there were, counted little by little."""

    def __init__(self, store: PageStore) -> None:
        self._store = store
        self._cursor = Cursor(store.first)
        self.counts = dict.fromkeys(COUNTED, 0)

    @property
    def is_done(self) -> bool:
        """Whether every line that is there has been counted."""
        return self._cursor.line >= self._store.end

    def advance(self, budget_s: float) -> None:
        """Count further for about `budget_s` seconds."""
        until = time.perf_counter() + budget_s
        while (chunk := self._store.read(self._cursor, _SLICE_BYTES)) is not None:
            for level in COUNTED:
                self.counts[level] += len(lines_of_level(chunk.content, level))
            if time.perf_counter() >= until:
                break
