"""A build's progress as lines of text, in the shape of BuildKit's own plain progress.

Steps run side by side, and their lines come mixed: one step is shown at a time, and the others wait until it ends or
says nothing for a while. How a step ended is shown one message late, since what it did may be told after its end.
Source: moby/buildkit, util/progress/progressui/printer.go (textMux).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from godploy_desktop.remote.buildkit.trace import BuildStatus, Vertex, VertexLog, VertexStatus

PATIENCE_S: Final = 2.0
"""How long the step that is shown may be silent while another has something to say; by the server's clock."""
KEPT_LOG_LINES: Final = 30

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_CANCELLED: Final = "context canceled"


@dataclass
class _Step:
    vertex: Vertex
    number: int = 0  # 0: not shown yet
    rest: bytes = b""  # of a line that is not whole yet
    waiting: list[str] = field(default_factory=list)  # lines that are to be shown
    said_at: float = 0.0  # when it said something last
    last: list[str] = field(default_factory=list)  # its program's last lines
    may_end: bool = False  # it had ended when the message before this one came
    is_over: bool = False  # and that is shown

    @property
    def is_showable(self) -> bool:
        return bool(self.waiting) or (self.vertex.started is not None and not self.is_over)


class PlainProgress:
    """Turns the messages of a build into lines, steps numbered in the order in which they are shown."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._count = 0
        self._shown: _Step | None = None
        self._done_statuses: set[tuple[str, str]] = set()
        self.error = ""

    def feed(self, status: BuildStatus) -> list[str]:
        """Give the lines that a message adds."""
        ended = [step for step in self._steps.values() if step.vertex.completed is not None]
        for vertex in status.vertices:
            self._see(vertex)
        for each in status.statuses:
            self._add_status(each)
        for log in status.logs:
            self._add_log(log)
        for step in ended:
            step.may_end = step.vertex.completed is not None  # one that was looked up may begin again
        return [*self._show(), *(f"WARN: {warning.short}" for warning in status.warnings)]

    def finish(self) -> list[str]:
        """Give what is left when the build is over, and, where a step failed, what it said last under its name."""
        for step in self._steps.values():
            step.may_end = step.vertex.completed is not None
        lines = self._show()
        for step in self._steps.values():
            if step.vertex.error and not step.vertex.error.endswith(_CANCELLED):
                return [*lines, "------", f" > {step.vertex.name}:", *step.last, "------"]
        return lines

    def _see(self, vertex: Vertex) -> None:
        step = self._steps.setdefault(vertex.digest, _Step(vertex))
        if not step.is_over:
            step.vertex = vertex
        if vertex.started is not None:
            step.said_at = max(step.said_at, vertex.started)
        if vertex.error and not vertex.error.endswith(_CANCELLED):
            self.error = self.error or vertex.error

    def _add_status(self, status: VertexStatus) -> None:
        step = self._steps.get(status.vertex)
        key = (status.vertex, status.id)
        if step is None or status.completed is None or key in self._done_statuses:
            return
        self._done_statuses.add(key)
        size = ""
        if status.total:
            size = f" {size_text(status.current)} / {size_text(status.total)}"
        elif status.current:
            size = f" {size_text(status.current)}"
        took = "" if status.started is None else f" {max(0.0, status.completed - status.started):.1f}s"
        step.waiting.append(f"{_DIGEST.sub(_shortened, status.id or status.name)}{size}{took} done")
        step.said_at = max(step.said_at, status.completed)

    def _add_log(self, log: VertexLog) -> None:
        step = self._steps.get(log.vertex)
        if step is None:
            return
        *whole, step.rest = (step.rest + log.output).split(b"\n")
        for line in whole:
            _add_line(step, log.at, line)
        step.said_at = max(step.said_at, log.at)

    def _show(self) -> list[str]:
        lines: list[str] = []
        while True:
            step = self._shown or self._next()
            if step is None:
                return lines
            if self._shown is None:
                self._begin(step, lines)
            lines += [f"#{step.number} {line}" for line in step.waiting]
            step.waiting.clear()
            if step.may_end or step.is_over:
                self._end(step, lines)
                continue
            other = next((each for each in self._steps.values() if each.waiting), None)
            if other is None or other.said_at - step.said_at < PATIENCE_S:
                return lines
            lines += [f"#{step.number} ...", ""]
            self._begin(other, lines)

    def _next(self) -> _Step | None:
        showable = (each for each in self._steps.values() if each.is_showable)
        return min(showable, key=lambda each: each.vertex.started or each.said_at, default=None)

    def _begin(self, step: _Step, lines: list[str]) -> None:
        if step.number == 0:
            self._count += 1
            step.number = self._count
        self._shown = step
        lines.append(f"#{step.number} {_DIGEST.sub(_shortened, step.vertex.name)}")

    def _end(self, step: _Step, lines: list[str]) -> None:
        self._shown = None
        vertex = step.vertex
        lasted = (vertex.completed or 0.0) - vertex.started if vertex.started is not None else 0.0
        if step.rest:
            _add_line(step, vertex.completed or 0.0, step.rest)
            step.rest = b""
            lines += [f"#{step.number} {line}" for line in step.waiting]
            step.waiting.clear()
        if not step.is_over:
            step.is_over = True
            if vertex.error:
                ended = "CANCELED" if vertex.error.endswith(_CANCELLED) else f"ERROR: {vertex.error}"
            else:
                ended = "CACHED" if vertex.is_cached else f"DONE {lasted:.1f}s"
            lines.append(f"#{step.number} {ended}")
        lines.append("")


def size_text(size_bytes: int) -> str:
    """Give a size in decimal units, as BuildKit prints it: 459B, 1.32kB, 41.9MB."""
    size = float(size_bytes)
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{size_bytes}B" if unit == 0 else f"{size:.4g}{_UNITS[unit]}"


def _add_line(step: _Step, at: float, line: bytes) -> None:
    since = max(0.0, at - step.vertex.started) if step.vertex.started is not None else 0.0
    text = f"{since:.3f} {line.decode('utf-8', 'replace')}".rstrip("\r")
    step.last = [*step.last[1 - KEPT_LOG_LINES :], text]
    step.waiting.append(text)


def _shortened(match: re.Match[str]) -> str:
    return match[0][:19]
