"""What a source gives, and what it writes its progress to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Fetched:
    """What was fetched: for git its commit (full hash), its author's name and the first line of its message; `subject`
    alone for what was sent. `detail` is one line about it."""

    detail: str
    commit: str = ""
    author: str = ""
    subject: str = ""


class NoLog:
    """Takes what a deployment's log would take: who asks for an answer waits for that alone."""

    def say(self, text: str) -> None:
        """Take one line."""

    def write(self, output: bytes) -> None:
        """Take whole lines."""


class SourceLog(Protocol):
    """Where a source says what it does."""

    def say(self, text: str) -> None:
        """Take one line."""
