"""`godploy help`"""

from __future__ import annotations

import argparse

from godploy_desktop.cli import INTERRUPTED, overview, parser_of
from godploy_desktop.commands.registry import COMMANDS, find
from godploy_server.contract import (
    BadInput,
    Cancelled,
    Conflict,
    DeploymentFailed,
    GodployError,
    HostKeyChanged,
    HostKeyUnknown,
    NotAllowed,
    NotFound,
    NotReady,
    Unreachable,
    VersionMismatch,
)

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (0, "done"),
    (GodployError.exit_code, "an unexpected error, or one of a kind that is not in this list"),
    (BadInput.exit_code, "a value or an option that cannot be used; nothing was done"),
    (NotFound.exit_code, "the named thing does not exist"),
    (Conflict.exit_code, "the thing exists, or is in a state, that forbids this"),
    (NotAllowed.exit_code, "not allowed: login refused, permission missing, wrong passphrase"),
    (Unreachable.exit_code, "the server or its agent did not answer"),
    (DeploymentFailed.exit_code, "the deployment failed; what served before still serves"),
    (Cancelled.exit_code, "cancelled, superseded by a newer deployment, or not confirmed"),
    (VersionMismatch.exit_code, "this program and the server's agent are of different versions"),
    (NotReady.exit_code, "something needed is not there yet or went away: Docker, Traefik, the keyring"),
    (HostKeyUnknown.exit_code, "the host key of a git host was not confirmed yet; nothing was sent to it"),
    (HostKeyChanged.exit_code, "a git host shows another host key than the trusted one; nothing was sent to it"),
    (INTERRUPTED, "ended by Ctrl-C; a deployment that was followed goes on at the server"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A topic."""
    parser.add_argument("topic", nargs="?", metavar="COMMAND", help="a command, or exit-codes")
    parser.set_defaults(run_plain=help_on)


def help_on(given: argparse.Namespace) -> int:
    """Print help on a topic."""
    if given.topic is None:
        print(overview())
        return 0
    if given.topic == "exit-codes":
        print("\n".join(f"{code:>4}  {meaning}" for code, meaning in EXIT_CODES))
        return 0
    command = find(given.topic)
    if command is None:
        topics = ", ".join(("exit-codes", *(each.name for each in COMMANDS)))
        raise BadInput(f"There is no help on “{given.topic}”", f"the topics are {topics}", "See: godploy --help")
    parser_of(command).print_help()
    return 0
