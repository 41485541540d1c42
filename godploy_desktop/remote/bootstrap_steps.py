"""What install.sh and uninstall.sh report: one JSON object a line, one line for each change of a step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from godploy_server.contract import BadInput, GodployError, Problem, from_json


class BootstrapState(StrEnum):
    """Where one step of a bootstrap stands. Everything after ACTING is final."""

    WAITING = "waiting"
    CHECKING = "checking"
    ACTING = "acting"
    SKIPPED = "skipped"  # the server was as it should be already
    PLANNED = "planned"  # a dry run would act here
    DONE = "done"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether this step will not change again in this run."""
        return self not in (BootstrapState.WAITING, BootstrapState.CHECKING, BootstrapState.ACTING)


@dataclass(frozen=True)
class BootstrapStep:
    """One change of one step. `index` counts from 0 of `count`; `detail` says in a sentence what was found or done."""

    step: str
    title: str
    state: BootstrapState
    index: int
    count: int
    detail: str = ""
    problem: Problem | None = None


class BootstrapFailed(GodployError):
    """A step of install.sh or uninstall.sh failed; carries the code that the script gave."""

    code = "bootstrap-failed"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what, problem.why, problem.next_step)
        self.problem = problem


def parse_step(line: str) -> BootstrapStep | None:
    """Read one line of a script's output; None for what is no report (a banner of the server's shell, a warning)."""
    try:
        return from_json(BootstrapStep, json.loads(line))
    except (ValueError, BadInput):
        return None
