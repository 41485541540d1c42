"""Where the lines of a log lie: pages of raw bytes. Nothing is decoded until it is painted, searched or copied."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

PAGE_BYTES = 256 * 1024
_KNOWN_PAGES = 16  # pages whose line ends are remembered: what is seen, and what lies around it
_NEWLINE = re.compile(b"\n")


@dataclass(frozen=True)
class Chunk:
    """Whole lines, as they lie together. `first_line` is the number of its first line."""

    first_line: int
    lines: int
    content: bytes


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
        self._tail += content
        self._tail_lines += content.count(b"\n")
        self.size_bytes += len(content)
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
        if number >= self._tail_start:
            index, ends = number - self._tail_start, self._ends_of_tail()
            return bytes(self._tail[ends[index - 1] + 1 if index else 0 : ends[index]])
        page = bisect_right(self._starts, number) - 1
        index, ends = number - self._starts[page], self._ends_of(page)
        return self._pages[page][ends[index - 1] + 1 if index else 0 : ends[index]]

    def chunks(self, first_line: int) -> Iterator[Chunk]:
        """Give the lines from `first_line` on, a page at a time, oldest first."""
        at = max(first_line, self.first)
        while at < self.end:
            chunk = self._chunk(at)
            yield chunk
            at = chunk.first_line + chunk.lines

    def _chunk(self, number: int) -> Chunk:
        if number >= self._tail_start:
            index = number - self._tail_start
            start = self._ends_of_tail()[index - 1] + 1 if index else 0
            return Chunk(number, self._tail_lines - index, bytes(self._tail[start:]))
        page = bisect_right(self._starts, number) - 1
        index = number - self._starts[page]
        content = self._pages[page]
        if index:
            content = content[self._ends_of(page)[index - 1] + 1 :]
        return Chunk(number, self._counts[page] - index, content)

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
        start = self._tail_start
        self._pages.append(bytes(self._tail))
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
