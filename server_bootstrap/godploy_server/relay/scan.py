"""Reading chosen values out of a large JSON text in little memory.

A payload may be 25 MB; decoded as a whole it would take several times that. This walks over the bytes once, builds
only the part that is wanted, and goes no deeper than a bound. What is not JSON (RFC 8259) is refused where that is
noticed: texts that are kept are decoded by the standard library, the rest is only matched.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Mapping
from typing import Any, Final

Text = bytes | mmap.mmap
"""In memory, or in a file that is mapped."""
Wanted = Mapping[str, Any]
"""The wanted part: a key maps to True (its text, number, true, false or null is kept) or to what is wanted of the
object, or of each object of the list, that it holds."""

MOST_VALUES: Final = 20_000
"""So many values are kept; a list is cut where they end."""
MOST_BYTES: Final = 2 * 1024 * 1024
"""So much of the text is kept: as text in memory it may take four times that."""

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
# One class repeated costs no memory; a group does for each time it is repeated (96 bytes, of which a text of 24 MB had
# 24 million): escapes are taken so many at once.
_PLAIN_STRING: Final = re.compile(rb'"[^"\\\x00-\x1f]*"')
_PART: Final = re.compile(rb'(?:[^"\\\x00-\x1f]*\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){0,500}[^"\\\x00-\x1f]*')
_PLAIN: Final = re.compile(rb"true|false|null|-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_DEEPEST: Final = 60
_LONGEST_KEPT: Final = 64 * 1024


class NotJson(Exception):
    """The text is not JSON, or nested deeper than any host sends."""


def read(text: Text, wanted: Wanted) -> tuple[dict[str, Any], bool]:
    """As `scan`; what is in memory already, and so small, is decoded by the standard library, 75 times as fast.

    Raises NotJson.
    """
    if isinstance(text, mmap.mmap):
        return scan(text, wanted)
    try:
        value = pruned(json.loads(text), wanted)
    except (ValueError, RecursionError):
        raise NotJson("the standard library cannot decode it") from None
    if not isinstance(value, dict):
        raise NotJson("it is not an object")
    return value, True


def pruned(value: Any, wanted: Any) -> Any:
    """Give the wanted part of a decoded value."""
    if isinstance(value, dict):
        mine = wanted if isinstance(wanted, Mapping) else {}
        return {name: pruned(each, mine[name]) for name, each in value.items() if name in mine}
    if isinstance(value, list):
        return [pruned(each, wanted) for each in value] if wanted else []
    return value if wanted is True else None


def scan(text: Text, wanted: Wanted) -> tuple[dict[str, Any], bool]:
    """Give the wanted part of a JSON object, and whether all of it was kept. Longer texts than 64 KiB become "".

    Raises NotJson.
    """
    walk = _Walk(text)
    end, value = walk.value(walk.after_space(0), wanted, 0)
    if walk.after_space(end) != len(text):
        raise NotJson("something follows the value")
    if not isinstance(value, dict):
        raise NotJson("it is not an object")
    return value, walk.kept < MOST_VALUES and walk.kept_bytes < MOST_BYTES


class _Walk:
    def __init__(self, text: Text) -> None:
        self._text = text
        self.kept = 0
        self.kept_bytes = 0

    def value(self, at: int, wanted: Any, depth: int) -> tuple[int, Any]:
        """Walk over one value that begins at `at`; gives the position after it, and what is wanted of it."""
        if depth > _DEEPEST:
            raise NotJson("it is nested too deeply")
        first = self._text[at : at + 1]
        if first == b"{":
            return self._members(at + 1, wanted, depth + 1)
        if first == b"[":
            return self._items(at + 1, wanted, depth + 1)
        end = self._string_end(at) if first == b'"' else self._plain_end(at)
        if wanted is not True or self.kept >= MOST_VALUES or self.kept_bytes >= MOST_BYTES:
            return end, None
        self.kept += 1
        if end - at > _LONGEST_KEPT:
            return end, ""
        self.kept_bytes += end - at
        return end, _decoded(self._text[at:end])

    def _members(self, at: int, wanted: Any, depth: int) -> tuple[int, Any]:
        found: dict[str, Any] = {}
        at = self.after_space(at)
        if self._text[at : at + 1] == b"}":
            return at + 1, found
        while True:
            if self._text[at : at + 1] != b'"':
                raise NotJson("a name is missing")
            end = self._string_end(at)
            name = str(_decoded(self._text[at:end])) if wanted and end - at < 256 else ""
            at = self.after_space(end)
            if self._text[at : at + 1] != b":":
                raise NotJson("a colon is missing")
            below = wanted.get(name) if isinstance(wanted, Mapping) else None
            at, value = self.value(self.after_space(at + 1), below, depth)
            if below is not None:
                found[name] = value  # the last of two with one name counts, as in Python's json
            at, is_over = self._next(self.after_space(at), b"}")
            if is_over:
                return at, found

    def _items(self, at: int, wanted: Any, depth: int) -> tuple[int, Any]:
        found: list[Any] = []
        at = self.after_space(at)
        if self._text[at : at + 1] == b"]":
            return at + 1, found
        while True:
            at, value = self.value(at, wanted, depth)
            if wanted and self.kept < MOST_VALUES:
                self.kept += 1
                found.append(value)
            at, is_over = self._next(self.after_space(at), b"]")
            if is_over:
                return at, found

    def _string_end(self, at: int) -> int:
        """Give the position after the text that begins at `at`."""
        if whole := _PLAIN_STRING.match(self._text, at):
            return whole.end()
        at += 1
        while (part := _PART.match(self._text, at)) and part.end() > at:
            at = part.end()
        if self._text[at : at + 1] != b'"':
            raise NotJson("a text has no end")
        return at + 1

    def _plain_end(self, at: int) -> int:
        """Give the position after the number, true, false or null that begins at `at`."""
        match = _PLAIN.match(self._text, at)
        if match is None:
            raise NotJson("a value is missing")
        return match.end()

    def _next(self, at: int, closing: bytes) -> tuple[int, bool]:
        sign = self._text[at : at + 1]
        if sign == closing:
            return at + 1, True
        if sign != b",":
            raise NotJson("a comma is missing")
        return self.after_space(at + 1), False

    def after_space(self, at: int) -> int:
        """Give the position of what follows white space."""
        match = _SPACE.match(self._text, at)
        assert match is not None  # it matches the empty text too
        return match.end()


def _decoded(token: bytes) -> Any:
    try:
        return json.loads(token)
    except ValueError:  # bytes that are not UTF-8, for one
        raise NotJson("a text cannot be decoded") from None
