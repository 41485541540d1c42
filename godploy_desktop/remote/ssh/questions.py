"""What only the person can answer while a connection is made. A window answers with dialogs, a command with flags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class HostKeyDecision(Enum):
    """What to do with a host key that is not known yet, or not the one that is known."""

    TRUST = "trust"  # remember it (in place of the old one, if it changed) and go on
    REFUSE = "refuse"


@dataclass(frozen=True)
class HostKeyQuestion:
    """A server showed a key that needs a decision."""

    host: str  # as known_hosts names it: "host" or "[host]:port"
    key_type: str  # "ssh-ed25519"
    fingerprint: str  # "SHA256:..." as ssh-keygen -lf prints it
    known_fingerprints: tuple[str, ...] = ()  # what is known of this host; empty on first contact

    @property
    def is_changed(self) -> bool:
        """Whether another key was known: either the server was made anew, or someone else answers in its place."""
        return bool(self.known_fingerprints)


@dataclass(frozen=True)
class Prompt:
    """One thing that the server asks (keyboard-interactive)."""

    text: str
    is_echoed: bool  # False: hide what is typed


@dataclass(frozen=True)
class PromptRequest:
    """What the server asks at once, to be answered in order."""

    address: str
    title: str
    instructions: str
    prompts: tuple[Prompt, ...]


DecideHostKey = Callable[[HostKeyQuestion], Awaitable[HostKeyDecision]]


async def refuse_host_key(question: HostKeyQuestion) -> HostKeyDecision:
    """The decision when nobody can be asked."""
    del question
    return HostKeyDecision.REFUSE


async def _no_passphrase(path: Path) -> str | None:
    del path
    return None


async def _no_password(address: str) -> str | None:
    del address
    return None


async def _no_answers(request: PromptRequest) -> Sequence[str] | None:
    del request
    return None


@dataclass(frozen=True)
class Credentials:
    """Whom to ask for secrets. Each gives None when the person declines; a kind that is not set is never asked for.

    Answers are kept in memory as long as the connection, so that a reconnect asks nothing again.
    """

    passphrase: Callable[[Path], Awaitable[str | None]] = _no_passphrase  # of this key file
    password: Callable[[str], Awaitable[str | None]] = _no_password  # of this "user@host"
    answers: Callable[[PromptRequest], Awaitable[Sequence[str] | None]] = _no_answers
