"""Colours in a line of a log (ECMA-48 SGR), parsed only for lines that are painted. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

MOST_BYTES = 16 * 1024
"""A longer line is cut where it is painted; it is searched, copied and saved whole."""

_ESCAPE = re.compile(r"\x1b(?:\[([0-9;:?<>=!]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_=>()][0-9A-Za-z]?)")
_ESCAPE_BYTES = re.compile(_ESCAPE.pattern.replace(r"[^\x07\x1b]", r"[^\x07\x1b\n]").encode())
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")

NAMES: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True)
class Ink:
    """How text is written. A colour is "" (the log's own), a name of NAMES (`bright-` before it), or #rrggbb."""

    colour: str = ""
    ground: str = ""
    bold: bool = False
    dim: bool = False
    underline: bool = False
    inverse: bool = False


@dataclass(frozen=True)
class Span:
    """A piece of a line in one ink."""

    content: str
    ink: Ink


PLAIN: Final = Ink()


def plain_text(line: bytes) -> str:
    """Give back a line as it reads, without colours."""
    return "".join(span.content for span in spans_of(line))


def strip_escapes(content: bytes) -> bytes:
    """Give back bytes (any number of lines) without escape sequences."""
    return _ESCAPE_BYTES.sub(b"", content) if b"\x1b" in content else content


def spans_of(line: bytes) -> list[Span]:
    """Split a line into pieces of one ink each. What a carriage return would have overwritten is left out, tabs become
    blanks up to the next multiple of 8, other control characters go."""
    content = line[:MOST_BYTES].decode("utf-8", "replace").rstrip("\r")
    if "\r" in content:
        content = content.rpartition("\r")[2]
    if "\x1b" not in content:
        return [Span(_printable(content), PLAIN)] if content else []
    spans: list[Span] = []
    ink, at = PLAIN, 0
    for match in _ESCAPE.finditer(content):
        if match.start() > at:
            spans.append(Span(_printable(content[at : match.start()]), ink))
        at = match.end()
        if match[2] == "m":
            ink = _ink_after(ink, match[1] or "")
    if at < len(content):
        spans.append(Span(_printable(content[at:]), ink))
    return spans


def _printable(content: str) -> str:
    if content.isprintable():
        return content
    return _CONTROL.sub("", content.expandtabs(8)).replace("\x1b", "")


@lru_cache(maxsize=1024)
def _ink_after(ink: Ink, codes: str) -> Ink:
    numbers = [int(each) if each.isdigit() else 0 for each in codes.replace(":", ";").split(";")]
    index = 0
    while index < len(numbers):
        code = numbers[index]
        if code in (38, 48):
            colour, used = _extended(numbers[index + 1 :])
            if colour:
                ink = replace(ink, colour=colour) if code == 38 else replace(ink, ground=colour)
            index += used
        else:
            ink = _apply(ink, code)
        index += 1
    return ink


_SWITCHES: Final[dict[int, dict[str, bool]]] = {
    1: {"bold": True},
    2: {"dim": True},
    4: {"underline": True},
    7: {"inverse": True},
    22: {"bold": False, "dim": False},
    24: {"underline": False},
    27: {"inverse": False},
}


def _apply(ink: Ink, code: int) -> Ink:
    if code == 0:
        return PLAIN
    if code in _SWITCHES:
        return replace(ink, **_SWITCHES[code])  # type: ignore[arg-type]  # the keys are Ink's own fields
    if code in (39, 49):
        return replace(ink, colour="") if code == 39 else replace(ink, ground="")
    for base, prefix in ((30, ""), (90, "bright-")):
        if base <= code <= base + 7:
            return replace(ink, colour=prefix + NAMES[code - base])
        if base + 10 <= code <= base + 17:
            return replace(ink, ground=prefix + NAMES[code - base - 10])
    return ink


def _extended(rest: list[int]) -> tuple[str, int]:
    """The colour that follows 38 or 48, and how many numbers it took: `5;n` of 256 colours, or `2;r;g;b`."""
    if len(rest) >= 2 and rest[0] == 5:
        return _of_256(rest[1]), 2
    if len(rest) >= 4 and rest[0] == 2:
        red, green, blue = (min(255, each) for each in rest[1:4])
        return f"#{red:02x}{green:02x}{blue:02x}", 4
    return "", len(rest)


def _of_256(number: int) -> str:
    if number < 8:
        return NAMES[number]
    if number < 16:
        return "bright-" + NAMES[number - 8]
    if number < 232:
        levels = (0, 95, 135, 175, 215, 255)
        cube = number - 16
        return f"#{levels[cube // 36]:02x}{levels[cube // 6 % 6]:02x}{levels[cube % 6]:02x}"
    grey = min(255, 8 + (number - 232) * 10)
    return f"#{grey:02x}{grey:02x}{grey:02x}"
