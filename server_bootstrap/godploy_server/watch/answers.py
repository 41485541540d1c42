"""What a container's answers to the health check mean: a pure function of one answer after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST_FAILURES: Final = 3
"""So many answers running must be bad before a service counts as unhealthy: one may be a moment of load."""


@dataclass(frozen=True)
class Answers:
    """What one container answered since it was started: how many bad answers running, and why the last was bad."""

    started_at: datetime | None
    failures: int = 0
    why: str = ""
    was_healthy: bool = False

    @property
    def is_unhealthy(self) -> bool:
        """Whether its service counts as unhealthy because of it."""
        return self.failures >= MOST_FAILURES


def after(before: Answers | None, why: str, started_at: datetime | None, at: datetime, starting_s: float) -> Answers:
    """Give what is known after one more answer at the time `at`; `why` is "" for a good one.

    A container started anew begins anew. One that never was healthy may take `starting_s` seconds to get so, as its
    health check allows when it is deployed.
    """
    if before is None or before.started_at != started_at:
        before = Answers(started_at)
    if not why:
        return Answers(started_at, was_healthy=True)
    is_starting = started_at is not None and at - started_at < timedelta(seconds=starting_s)
    if is_starting and not before.was_healthy:
        return before
    return Answers(started_at, before.failures + 1, why, before.was_healthy)
