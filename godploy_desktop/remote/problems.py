"""The errors of reaching a server, as a person reads them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from godploy_server.contract import GodployError, NotAllowed, Problem, Unreachable

if TYPE_CHECKING:
    from godploy_desktop.remote.ssh.questions import HostKeyQuestion


class HostKeyRefused(NotAllowed):
    """The server's host key is not trusted: first contact, and the person (or the missing flag) said no."""

    code = "host-key-refused"


class HostKeyChanged(HostKeyRefused):
    """The server shows another host key than the one that is known."""

    code = "host-key-changed"


class HostKeyRevoked(HostKeyRefused):
    """The server shows a key that known_hosts marks as revoked."""

    code = "host-key-revoked"


class CommandTimedOut(GodployError):
    """A command on the server did not end in its time and was ended."""

    code, status, exit_code = "command-timed-out", 504, 6


class CommandFailed(GodployError):
    """A command on the server ended with another exit code than 0."""

    code, status, exit_code = "command-failed", 502, 6


def host_key_refused(question: HostKeyQuestion) -> HostKeyRefused:
    """Give back the error for a key that was not trusted."""
    if question.is_changed:
        return HostKeyChanged(
            f"{question.host} shows another host key than before",
            f"it shows {question.fingerprint}, known is {', '.join(question.known_fingerprints)}: either the server was"
            " installed anew, or someone else answers in its place",
            "Compare the fingerprint with your provider's console; accept the new key only if it is the server's",
        )
    return HostKeyRefused(
        f"The host key of {question.host} is not trusted yet",
        f"it shows the {question.key_type} key {question.fingerprint}, and nobody accepted it",
        "Compare the fingerprint with your provider's console and accept it",
    )


def host_key_revoked(host: str, fingerprint: str) -> HostKeyRevoked:
    """Give back the error for a revoked key."""
    return HostKeyRevoked(
        f"The host key of {host} is revoked",
        f"known_hosts marks {fingerprint} with @revoked",
        "Do not log in there; ask whoever runs the server for its new key",
    )


def unreachable(target: object, error: BaseException) -> Unreachable:
    """Give back the error for a server that did not answer."""
    if isinstance(error, socket.gaierror):
        why, next_step = "its name cannot be resolved", "Check the name, and that this computer is online"
    elif isinstance(error, ConnectionRefusedError):
        why, next_step = "nothing listens on that port", "Check the port, and that the server's SSH service runs"
    elif isinstance(error, TimeoutError):
        why, next_step = "it does not answer", "Check the address, the server's firewall, and that it is switched on"
    else:
        why = str(error).strip()[:300] or type(error).__name__
        next_step = "Check the address and the network, then try again"
    return Unreachable(f"{target} cannot be reached", why, next_step)


def not_connected(target: object, problem: Problem | None) -> Unreachable:
    """Give back the error for a call while there is no connection."""
    return Unreachable(
        f"{target} is not connected",
        problem.why if problem is not None else "the connection is not open",
        "Wait until the connection is back, or connect again",
    )


def lost(target: object, why: str) -> Unreachable:
    """Give back the error for a connection that ended."""
    return Unreachable(
        f"The connection to {target} was lost", why, "It is made again by itself; what ran on the server goes on"
    )
