"""Runs the parts of `make check` and `make test`: `python -m tests.parts lint+unit+gui lab-test`.

Each word is a step, one after another; the targets that + joins run side by side. A part that fails hides no other:
all are run, every line names its part, and the end says which failed. Exit code 1 if any did.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

LONGEST_S = {"lint": 900, "unit": 900, "gui": 900, "lab-test": 4500}
"""After that a part hangs: it is ended with all that it started and has failed. Tests have limits of their own."""

_END_S = 60  # to end by itself when asked to, and to take down what it made


@dataclass(frozen=True)
class Outcome:
    """How a part went; `code` is the exit code of its make."""

    name: str
    code: int
    took_s: float

    def __str__(self) -> str:
        verdict = "passed" if self.code == 0 else f"FAILED (exit code {self.code})"
        return f"{self.name:<10}{verdict:<24}{self.took_s:6.0f} s"


class Part:
    """One target of the Makefile under way, in a process group of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._began = time.monotonic()
        self._make = subprocess.Popen(
            ["make", "--no-print-directory", name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")},
        )
        self._reader = threading.Thread(target=self._show, daemon=True)
        self._reader.start()

    def _show(self) -> None:
        assert self._make.stdout is not None
        for line in self._make.stdout:
            sys.stdout.buffer.write(f"{self.name + ':':<10}".encode() + line)
            sys.stdout.buffer.flush()

    def wait(self) -> Outcome:
        longest_s = LONGEST_S.get(self.name, 900)
        try:
            code = self._make.wait(max(self._began + longest_s - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            print(f"{self.name}: not over after {longest_s} s, so it is ended", flush=True)
            self.end()
            code = 124  # as timeout(1) has it
        self._reader.join(_END_S)
        return Outcome(self.name, code, time.monotonic() - self._began)

    def end(self) -> None:
        """End it with all that it started: asked first, so that tests take down what they made."""
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._make.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._make.wait(_END_S)


def run(steps: list[list[str]]) -> list[Outcome]:
    """Run every step; gives back how each part went. Ctrl-C and SIGTERM end what runs."""
    outcomes: list[Outcome] = []
    for names in steps:
        under_way = [Part(name) for name in names]
        with ThreadPoolExecutor(len(names)) as waiting:
            try:
                outcomes += waiting.map(Part.wait, under_way)
            except KeyboardInterrupt:
                for part in under_way:
                    part.end()
                raise
    return outcomes


def main(words: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        outcomes = run([word.split("+") for word in words])
    except KeyboardInterrupt:
        return 130
    print("", *outcomes, sep="\n", flush=True)
    return int(any(each.code for each in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
