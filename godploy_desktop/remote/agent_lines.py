"""NDJSON as it comes from an agent: chunks to lines, lines to values."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Final

from godploy_server.contract import LogLine, from_json

MAX_LINE_BYTES: Final = 64 * 1024 * 1024
"""A snapshot of a large server fits many times over; more than this is no agent."""


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[list[bytes]]:
    """Give all whole lines of each chunk at once, without line ends and empty lines.

    Raises ValueError for a line of more than MAX_LINE_BYTES. What follows the last line end is dropped: a stream
    that is cut may end in half a line.
    """
    parts: list[bytes] = []
    kept = 0
    async for chunk in chunks:
        end = chunk.rfind(b"\n")
        if end < 0:
            parts.append(chunk)
            kept += len(chunk)
            if kept > MAX_LINE_BYTES:
                raise ValueError("a line is too long")
            continue
        parts.append(chunk[:end])
        lines = [line for line in b"".join(parts).split(b"\n") if line]
        parts = [chunk[end + 1 :]]
        kept = len(parts[0])
        if lines:
            yield lines


class LogLines:
    """Decodes LogLine several times faster than from_json; whatever looks unusual goes to from_json."""

    def __init__(self) -> None:
        self._containers: dict[str, str] = {}  # one string object a container, not one a line

    def __call__(self, line: bytes) -> LogLine:
        """Give back the LogLine of one JSON line; raises BadInput."""
        data = json.loads(line)
        if isinstance(data, dict) and len(data) == 4:
            stream, text = data.get("stream"), data.get("text")
            container, at = data.get("container"), data.get("at")
            if (
                (stream == "stdout" or stream == "stderr")  # noqa: PLR1714  mypy narrows it only so
                and isinstance(text, str)
                and isinstance(container, str)
                and isinstance(at, str)
            ):
                moment = _moment(at)
                if moment is not None:
                    container = self._containers.setdefault(container, container)
                    return LogLine(moment, container, stream, text)
        return from_json(LogLine, data)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
