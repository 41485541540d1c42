"""Where the lines of a log lie: pages of raw bytes. Nothing is decoded until it is painted, searched or copied."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass

PAGE_BYTES = 256 * 1024
_KNOWN_PAGES = 16  # pages whose line ends are remembered: what is seen, and what lies around it
_LAST_LINES = 200
_NEWLINE = re.compile(b"\n")


@dataclass(frozen=True)
class Chunk:
    """Whole lines, as they lie together. `first_line` is the number of its first line."""

    first_line: int
    lines: int
    content: bytes


@dataclass
class Cursor:
    """How far someone has read: the next line, and where it begins in its page."""

    line: int = 0
    offset: int = 0


class PageStore:
    """Lines have a number that never changes; the oldest go once there are more than `max_lines` or `max_bytes`.

    Memory is the bytes themselves and little else: 1 million lines of 120 bytes take about 125 MB.
    """

    def __init__(self, max_lines: int = 1_000_000, max_bytes: int = 384 * 1024 * 1024) -> None:
        self._max_lines, self._max_bytes = max_lines, max_bytes
        self.first = 0
        self.size_bytes = 0
        self._pages: list[bytes] = []
        self._starts: list[int] = []  # number of the first line of each page
        self._counts: list[int] = []
        self._ends: OrderedDict[int, list[int]] = OrderedDict()
        self._tail = bytearray()
        self._tail_lines = 0
        self._tail_ends: list[int] = []
        self._tail_known = 0  # up to which byte `_tail_ends` is complete
        self._partial = bytearray()
        self._last_key = (-1, -1)
        self._last: list[bytes] = []

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def end(self) -> int:
        """The number that the next line will get."""
        return self._tail_start + self._tail_lines

    @property
    def _tail_start(self) -> int:
        return self._starts[-1] + self._counts[-1] if self._starts else self.first

    def append(self, content: bytes) -> None:
        """Add bytes; a line counts once its newline has come."""
        last = content.rfind(b"\n")
        if last < 0:
            self._partial += content
            return
        if self._partial:
            content = bytes(self._partial) + content
            self._partial.clear()
            last = content.rfind(b"\n")
        if last + 1 < len(content):
            self._partial += content[last + 1 :]
            content = content[: last + 1]
        self.size_bytes += len(content)
        if len(content) >= PAGE_BYTES:  # a page of its own: nothing is copied
            self._seal()
            self._tail_lines = content.count(b"\n")
            self._add_page(content)
        else:
            self._tail += content
            self._tail_lines += content.count(b"\n")
            if len(self._tail) >= PAGE_BYTES:
                self._seal()
        self._trim()

    def finish_line(self) -> None:
        """Take what came without a newline as a line of its own."""
        if self._partial:
            self.append(b"\n")

    def clear(self) -> None:
        """Forget every line. Numbers go on where they were."""
        self.first, self.size_bytes = self.end, 0
        self._pages, self._starts, self._counts = [], [], []
        self._ends.clear()
        self._partial.clear()
        self._tail, self._tail_lines, self._tail_ends, self._tail_known = bytearray(), 0, [], 0

    def line(self, number: int) -> bytes:
        """Give back a line without its newline. Raises IndexError for one that is gone or not there yet."""
        if not self.first <= number < self.end:
            raise IndexError(number)
        page = bisect_right(self._starts, number) - 1 if number < self._tail_start else -1
        lines = self._counts[page] if page >= 0 else self._tail_lines
        index = number - (self._starts[page] if page >= 0 else self._tail_start)
        if lines - index < _LAST_LINES:
            return self._last_of(page)[index - lines]
        ends = self._ends_of(page) if page >= 0 else self._ends_of_tail()
        content = self._pages[page] if page >= 0 else self._tail
        return bytes(content[ends[index - 1] + 1 if index else 0 : ends[index]])

    def _last_of(self, page: int) -> list[bytes]:
        """The last lines of a page (-1: of the tail), found from its end: what a view that follows shows. It never
        looks through a whole page that the next moment has scrolled away."""
        content = self._pages[page] if page >= 0 else self._tail
        key = (self._starts[page] if page >= 0 else self._tail_start, len(content))
        if key != self._last_key:
            pieces = content.rsplit(b"\n", _LAST_LINES + 1)
            self._last_key, self._last = key, [bytes(each) for each in pieces[:-1]]
        return self._last

    def read(self, cursor: Cursor, most_bytes: int = PAGE_BYTES) -> Chunk | None:
        """Give the next whole lines, about `most_bytes` of them, and move the cursor behind them; None at the end.
        What was let go meanwhile is passed over."""
        if cursor.line < self.first:
            cursor.line, cursor.offset = self.first, 0
        if cursor.line >= self.end:
            return None
        content, start = self._page_with(cursor.line)
        if cursor.line == start:
            cursor.offset = 0
        end = content.rfind(b"\n", cursor.offset, cursor.offset + most_bytes) + 1
        if end <= cursor.offset:  # one line alone is longer
            end = content.find(b"\n", cursor.offset) + 1
        piece = bytes(content[cursor.offset : end])
        chunk = Chunk(cursor.line, piece.count(b"\n"), piece)
        cursor.line += chunk.lines
        cursor.offset = end
        return chunk

    def _page_with(self, number: int) -> tuple[bytes | bytearray, int]:
        """The page that holds a line, and the number of its first one."""
        if number >= self._tail_start:
            return self._tail, self._tail_start
        page = bisect_right(self._starts, number) - 1
        return self._pages[page], self._starts[page]

    def snapshot(self) -> list[bytes]:
        """Give back all pages as they are now; safe to read in another thread."""
        return [*self._pages, bytes(self._tail)]

    def _ends_of(self, page: int) -> list[int]:
        key = self._starts[page]
        ends = self._ends.get(key)
        if ends is None:
            ends = self._ends[key] = [match.start() for match in _NEWLINE.finditer(self._pages[page])]
            if len(self._ends) > _KNOWN_PAGES:
                self._ends.popitem(last=False)
        return ends

    def _ends_of_tail(self) -> list[int]:
        if self._tail_known < len(self._tail):
            found = _NEWLINE.finditer(bytes(self._tail[self._tail_known :]))
            self._tail_ends.extend(match.start() + self._tail_known for match in found)
            self._tail_known = len(self._tail)
        return self._tail_ends

    def _seal(self) -> None:
        if self._tail_lines:
            self._add_page(bytes(self._tail))

    def _add_page(self, content: bytes) -> None:
        start = self._tail_start
        self._pages.append(content)
        self._starts.append(start)
        self._counts.append(self._tail_lines)
        self._tail, self._tail_lines, self._tail_ends, self._tail_known = bytearray(), 0, [], 0

    def _trim(self) -> None:
        while len(self._pages) > 1 and (
            self.end - self.first - self._counts[0] >= self._max_lines or self.size_bytes > self._max_bytes
        ):
            self.size_bytes -= len(self._pages.pop(0))
            self._ends.pop(self._starts.pop(0), None)
            self.first += self._counts.pop(0)
