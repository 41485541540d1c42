"""An error is a value that a person can use: what happened, why, and what to do next.

The window, the headless command, the log and the HTTP answers all render the same object.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What a person reads: a stable `code` (kebab-case), and three sentences without a final full stop.

    `subject` names what it is about where a program can act on it: the git host of "host-key-unknown".
    """

    code: str
    what: str
    why: str
    next_step: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.why}. {self.next_step}."


class GodployError(Exception):
    """Base of every error that reaches a person. Subclasses set `code`, `status` (HTTP) and `exit_code` (headless)."""

    code = "internal-error"
    status = 500
    exit_code = 1

    def __init__(self, what: str, why: str, next_step: str, subject: str = "") -> None:
        super().__init__(what)
        self.problem = Problem(self.code, what, why, next_step, subject)

    def __str__(self) -> str:
        return str(self.problem)


class BadInput(GodployError):
    """A value that cannot be used; `why` carries the path of the value and what was expected."""

    code, status, exit_code = "bad-input", 400, 2


class NotFound(GodployError):
    """The named thing does not exist."""

    code, status, exit_code = "not-found", 404, 3


class Conflict(GodployError):
    """The thing exists, or is in a state, that forbids this."""

    code, status, exit_code = "conflict", 409, 4


class NotAllowed(GodployError):
    """Whoever asks lacks the permission."""

    code, status, exit_code = "not-allowed", 403, 5


class Unreachable(GodployError):
    """A server, a daemon or a host did not answer."""

    code, status, exit_code = "unreachable", 502, 6


class DeploymentFailed(GodployError):
    """A deployment ended as failed."""

    code, status, exit_code = "deployment-failed", 422, 7


class Cancelled(GodployError):
    """A person cancelled the operation."""

    code, status, exit_code = "cancelled", 499, 8


class VersionMismatch(GodployError):
    """Desktop and agent speak different contracts."""

    code, status, exit_code = "version-mismatch", 426, 9


class NotReady(GodployError):
    """Something the operation needs (Docker, Traefik) is not there yet or went away."""

    code, status, exit_code = "not-ready", 503, 10


class HostKeyUnknown(GodployError):
    """Nobody confirmed the host key of a git host yet. The problem's subject is the host as known_hosts names it."""

    code, status, exit_code = "host-key-unknown", 409, 11


class HostKeyChanged(GodployError):
    """A git host shows another host key than the trusted one. The subject is the host as known_hosts names it."""

    code, status, exit_code = "host-key-changed", 409, 12


_BY_CODE: dict[str, type[GodployError]] = {
    each.code: each
    for each in (
        BadInput, NotFound, Conflict, NotAllowed, Unreachable, DeploymentFailed, Cancelled, VersionMismatch, NotReady,
        HostKeyUnknown, HostKeyChanged,
    )
}  # fmt: skip


def error_of(problem: Problem) -> GodployError:
    """Give back the error that a problem from the wire stands for; an unknown code becomes a plain GodployError."""
    error = _BY_CODE.get(problem.code, GodployError)(problem.what, problem.why, problem.next_step)
    error.problem = problem
    return error


def internal_error(doing: str, error: BaseException) -> GodployError:
    """Wrap an unexpected exception so that a person still reads what was being done. Never includes its message
    in full length: 300 characters at most."""
    why = f"{type(error).__name__}: {str(error)[:300]}".rstrip(": ")
    return GodployError(f"{doing} failed", why, "Try again; if it persists, report it with the log")
