"""Values as text for a terminal: pure functions."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

GREEN, RED, YELLOW, BLUE, DIM, BOLD = "32", "31", "33", "34", "2", "1"

_TONES: Final = {
    "running": GREEN,
    "succeeded": GREEN,
    "connected": GREEN,
    "done": GREEN,
    "valid": GREEN,
    "failed": RED,
    "crashed": RED,
    "unhealthy": RED,
    "interrupted": RED,
    "blocked": RED,
    "degraded": YELLOW,
    "starting": YELLOW,
    "pending": YELLOW,
    "waiting-for-dns": YELLOW,
    "cancelled": YELLOW,
    "queued": BLUE,
}


def paint(text: str, *codes: str, colour: bool) -> str:
    """Wrap a text in SGR codes, if colours are wanted."""
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if colour and codes and text else text


def state(value: Enum, *, colour: bool) -> str:
    """A state in its colour."""
    text = str(value.value)
    return paint(text, *((_TONES[text],) if text in _TONES else ()), colour=colour)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, colour: bool = False) -> str:
    """Columns aligned by what is seen (colour codes and wide characters counted right); two spaces between."""
    cells = [list(headers), *(list(row) for row in rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(headers))]
    lines = []
    for number, row in enumerate(cells):
        padded = [cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row)]
        line = "  ".join(padded).rstrip()
        lines.append(paint(line, BOLD, colour=colour) if number == 0 else line)
    return "\n".join(lines)


def fields(pairs: Sequence[tuple[str, str]], *, colour: bool = False) -> str:
    """Names and values under each other; empty values are left out."""
    shown = [(name, value) for name, value in pairs if value]
    longest = max((width(name) for name, _ in shown), default=0)
    return "\n".join(
        paint(name + " " * (longest - width(name)), DIM, colour=colour) + "  " + value for name, value in shown
    )


def width(text: str) -> int:
    """How many columns a text takes, without its colour codes."""
    total, position = 0, 0
    while position < len(text):
        if text[position] == "\x1b":
            position = text.find("m", position) + 1 or len(text)
            continue
        wide = unicodedata.east_asian_width(text[position]) in "WF"
        total += 2 if wide else 0 if unicodedata.combining(text[position]) else 1
        position += 1
    return total


def plain(text: str) -> str:
    """A text from elsewhere without control characters: nobody's commit message moves the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)


def bytes_text(count: float) -> str:
    """A size in binary units, as 512 B, 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError


def duration(span: timedelta) -> str:
    """A time span, as 4.2 s, 3 min 5 s, 2 h 10 min, 3 d."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago something was."""
    if moment is None:
        return ""
    span = (now or datetime.now(UTC)) - moment
    return "now" if span < timedelta(seconds=1) else f"{duration(timedelta(seconds=int(span.total_seconds())))} ago"


def took(started_at: datetime | None, ended_at: datetime | None) -> str:
    """How long something lasted, "" while it has not ended."""
    return duration(ended_at - started_at) if started_at and ended_at else ""
