"""Printing for people or as JSON. With --json everything on stdout is JSON, problems too."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from godploy_desktop.commands import rendering
from godploy_desktop.core.tasks import TaskStep, TaskStepState
from godploy_server.contract import Problem, to_json

_MARKS = {
    TaskStepState.DONE: ("✓", rendering.GREEN),
    TaskStepState.SKIPPED: ("–", rendering.DIM),
    TaskStepState.FAILED: ("✗", rendering.RED),
    TaskStepState.CANCELLED: ("✗", rendering.YELLOW),
}


_PROGRESS_WIDTH = 79
_PROGRESS_EVERY_S = 1.0


class Output:
    """Where a command's words go. `colour` only on a terminal, and never with NO_COLOR set."""

    def __init__(self, *, as_json: bool, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> None:
        self.as_json = as_json
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.colour = not as_json and self._stdout.isatty() and not os.environ.get("NO_COLOR")
        self._shown: dict[str, TaskStepState] = {}
        self._live = not as_json and self._stderr.isatty()
        self._is_line_open = False  # a line of progress stands on the terminal and will be written over
        self._progress_at = 0.0

    def value(self, value: object, text: str) -> None:
        """Print one result: `value` as JSON, or `text`."""
        self._print(self._json(value) if self.as_json else text)

    def rows(self, values: Sequence[object], headers: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
        """Print a list: a JSON array, or a table, or `empty` (on stderr, so that a pipe gets nothing)."""
        if self.as_json:
            self._print(self._json(list(values)))
        elif rows:
            self._print(rendering.table(headers, rows, colour=self.colour))
        else:
            self.note(empty)

    def event(self, event: Mapping[str, Any], text: str | None) -> None:
        """Print one item of a stream: one JSON object a line, or `text` (None: nothing)."""
        if self.as_json:
            self._print(self._json(event))
        elif text is not None:
            self._print(text)

    def raw(self, text: str) -> None:
        """Print text as it is, without a line end of ours (not with --json)."""
        self._clear_line()
        self._stdout.write(text)
        self._stdout.flush()

    def note(self, text: str) -> None:
        """Tell a person something beside the result, on stderr; nothing with --json."""
        if not self.as_json:
            self._clear_line()
            print(text, file=self._stderr, flush=True)

    def progress(self, step: TaskStep, fraction: float) -> None:
        """Show how far (0.0 to 1.0) a step is: a line on a terminal, each over the last, or a JSON event a second."""
        if self._live:
            self._clear_line()
            self._stderr.write(f"{step.name}: {fraction:4.0%}  {rendering.plain(step.detail)}"[:_PROGRESS_WIDTH])
            self._stderr.flush()
            self._is_line_open = True
        elif self.as_json and time.monotonic() - self._progress_at >= _PROGRESS_EVERY_S:
            self._progress_at = time.monotonic()
            event = {"event": "progress", "step": step.key, "fraction": round(fraction, 3), "detail": step.detail}
            self._print(self._json(event))

    def problem(self, problem: Problem) -> None:
        """Say what went wrong: one line and the next step, or {"problem": ...}."""
        if self.as_json:
            self._print(self._json({"problem": problem}))
            return
        self._clear_line()
        colour = self.colour and self._stderr.isatty()
        line = f"{problem.what}: {problem.why}" if problem.why else problem.what
        print(rendering.paint("Error: ", rendering.RED, colour=colour) + line, file=self._stderr)
        if problem.next_step:
            print(f"{problem.next_step}.", file=self._stderr, flush=True)

    def steps(self, steps: Sequence[TaskStep]) -> None:
        """Print what changed among a task's steps since the last call: each step once it begins and once it ends."""
        for step in steps:
            if self._shown.get(step.key, TaskStepState.WAITING) is step.state:
                continue
            self._shown[step.key] = step.state
            self.event({"event": "step", "step": _step_json(step)}, self._step_text(step))

    def _step_text(self, step: TaskStep) -> str | None:
        if step.state not in _MARKS:
            return None
        mark, tone = _MARKS[step.state]
        lasted = rendering.took(step.started_at, step.ended_at) if step.state is not TaskStepState.SKIPPED else ""
        tail = "  ".join(part for part in (rendering.plain(step.detail), lasted) if part)
        head = f"{rendering.paint(mark, tone, colour=self.colour)} {step.name}"
        return f"{head}  {rendering.paint(tail, rendering.DIM, colour=self.colour)}" if tail else head

    def _json(self, value: object) -> str:
        return json.dumps(to_json(value), ensure_ascii=False)

    def _clear_line(self) -> None:
        if self._is_line_open:
            self._is_line_open = False
            self._stderr.write("\r\x1b[2K")
            self._stderr.flush()

    def _print(self, text: str) -> None:
        self._clear_line()
        print(text, file=self._stdout, flush=True)


def _step_json(step: TaskStep) -> dict[str, object]:
    return {
        "key": step.key,
        "name": step.name,
        "state": step.state.value,
        "detail": step.detail,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
    }
