"""Lists of path patterns as `.dockerignore` has them, matched exactly as Docker does.

Source: moby/patternmatcher, patternmatcher.go and ignorefile/ignorefile.go: `*`, `?` and `[...]` within one part of a
path, `**` over any number, `!` takes back, and what matches a folder matches everything in it. The Docker library for
Python matches `**` only as deep as the pattern itself where `!` occurs, so it is not used.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from godploy_server.contract import BadInput

_ESCAPED: Final = frozenset(".+()|{}$^")
_WILD: Final = frozenset("*?[\\")


@dataclass(frozen=True)
class Pattern:
    """One line: `regex` matches whole paths; `is_negation` takes back; `fixed` are its leading parts without
    wildcards, and `is_fixed` says whether that is all of it."""

    regex: re.Pattern[str]
    is_negation: bool
    fixed: tuple[str, ...]
    is_fixed: bool

    def may_match_within(self, folder: tuple[str, ...]) -> bool:
        """Whether something in `folder` (as parts) could match, or anything would."""
        shared = min(len(folder), len(self.fixed))
        return self.fixed[:shared] == folder[:shared] and (not self.is_fixed or len(folder) < len(self.fixed))


class Patterns:
    """An ordered list, in which the last that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Compile patterns as `read_ignore_file` gives them. Raises BadInput naming the one that cannot be."""
        self.patterns = tuple(pattern for line in lines if (pattern := _compiled(line)) is not None)
        self.nothing = (False,) * len(self.patterns)

    def match(self, path: str, folder: tuple[bool, ...], *, is_matched: bool = False) -> tuple[bool, tuple[bool, ...]]:
        """Whether `path` (relative, with /) matches, given the second result for the folder that it is in (`nothing`
        at the top), and the same for itself. `is_matched`: something before the list has matched it already."""
        matched = is_matched
        each_matched = []
        for pattern, folder_matched in zip(self.patterns, folder, strict=True):
            matches = folder_matched
            if not matches and pattern.is_negation == matched:
                matches = pattern.regex.fullmatch(path) is not None
            each_matched.append(matches)
            if matches:
                matched = not pattern.is_negation
        return matched, tuple(each_matched)

    def may_match_within(self, folder: str, *, negations: bool) -> bool:
        """Whether a pattern (of those that take back, or of the others) may match something in a folder."""
        parts = tuple(folder.split("/"))
        return any(each.is_negation == negations and each.may_match_within(parts) for each in self.patterns)


def read_ignore_file(content: str) -> list[str]:
    """Give the patterns of a `.dockerignore`: no comments, no blanks, relative to the folder's top."""
    found = []
    for line in content.removeprefix("\ufeff").splitlines():
        pattern = line.strip()
        if line.startswith("#") or not pattern:
            continue
        is_negation = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        if pattern:
            pattern = _clean(pattern)
            pattern = pattern[1:] if len(pattern) > 1 and pattern.startswith("/") else pattern
        found.append(f"!{pattern}" if is_negation else pattern)
    return found


def _compiled(line: str) -> Pattern | None:
    line = line.strip()
    if not line:
        return None
    is_negation = line.startswith("!")
    pattern = _clean(line[1:]) if is_negation else _clean(line)
    if is_negation and line == "!":
        raise _unusable(line, "nothing follows the exclamation mark")
    try:
        regex = re.compile(_expression(pattern), re.DOTALL)
    except re.error as error:
        raise _unusable(line, str(error)) from None
    parts = pattern.split("/")
    fixed = []
    for part in parts:
        if _WILD & set(part):
            break
        fixed.append(part)
    return Pattern(regex, is_negation, tuple(fixed), len(fixed) == len(parts))


def _expression(pattern: str) -> str:
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            out.append("(.*/)?" if at < len(pattern) else ".*")
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char in _ESCAPED:
            out.append("\\" + char)
        elif char == "\\":
            out.append(re.escape(pattern[at]) if at < len(pattern) else r"\\")
            at += 1
        elif char == "[":
            inner, at = _characters(pattern, at)
            out.append(inner)
        else:
            out.append(re.escape(char))
    return "".join(out)


def _characters(pattern: str, at: int) -> tuple[str, int]:
    """A class of characters, and where what follows it begins. Go negates with ^, and escapes with a backslash."""
    out = ["["]
    if pattern[at : at + 1] == "^":
        out.append("^")
        at += 1
    begin = at
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "]" and at - 1 > begin:
            return "".join(out) + "]", at
        if char == "\\" and at < len(pattern):
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append("\\" + char if char in "[&~|^" else char)
    raise re.error("a bracket is not closed")


def _clean(pattern: str) -> str:
    """As Go's filepath.Clean: no doubled slash, no trailing one, no inner `.` and `..`."""
    cleaned = posixpath.normpath(pattern)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _unusable(line: str, why: str) -> BadInput:
    return BadInput(f"The pattern “{line}” in .dockerignore cannot be used", why, "Correct the line")
