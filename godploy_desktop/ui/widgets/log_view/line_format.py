"""How a line that a service wrote looks in the view: its time, its container, its text."""

from __future__ import annotations

from godploy_server.contract import LogLine

_GREY, _VIOLET, _RED, _OFF = "\x1b[90m", "\x1b[35m", "\x1b[31m", "\x1b[0m"


def line_bytes(line: LogLine, *, show_container: bool = True) -> bytes:
    """Give back `line` as bytes for the log view, with a newline: local time, container, text with its own colours.

    What went to stderr is marked with a red bar, since not every program writes a level.
    """
    at = line.at.astimezone()
    moment = f"{_GREY}{at:%H:%M:%S}.{at.microsecond // 1000:03d}{_OFF}"
    bar = f"{_RED}┃{_OFF} " if line.stream == "stderr" else "  "
    container = f"{_VIOLET}{line.container:<6}{_OFF} " if show_container else ""
    return f"{moment} {bar}{container}{line.text.rstrip()}\n".encode("utf-8", "replace")
