"""Asking at a terminal: the headless answer to what a window asks with dialogs."""

from __future__ import annotations

import getpass
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion, PromptRequest
from godploy_server.contract import BadInput, Cancelled, NotReady

PASSPHRASE_FILE: Final = "GODPLOY_PASSPHRASE_FILE"
"""Names a file with the passphrase of the encrypted secrets: an explicit choice, for sessions without keyring."""


class TerminalQuestions:
    """Asks on the terminal; where there is none, declines. `accepted` is the fingerprint given with
    --accept-host-key."""

    def __init__(self, accepted: str = "", password: str = "") -> None:
        self._accepted = accepted
        self._password = password

    async def host_key(self, server: str, question: HostKeyQuestion) -> HostKeyDecision:
        """Trust the accepted fingerprint; ask about others; a changed key is never trusted by a plain yes."""
        if self._accepted:
            if self._accepted == question.fingerprint:
                return HostKeyDecision.TRUST
            raise BadInput(
                f"{server} shows another host key than --accept-host-key says",
                f"it shows {question.fingerprint}, expected was {self._accepted}",
                "Compare with `ssh-keygen -lf` on the server itself before accepting it",
            )
        if not is_terminal():
            _tell(_unknown_key(question))
            return HostKeyDecision.REFUSE
        _tell(_unknown_key(question))
        if question.is_changed:
            typed = ask("Type the new fingerprint to trust it all the same: ")
            return HostKeyDecision.TRUST if typed == question.fingerprint else HostKeyDecision.REFUSE
        answer = ask("Trust it from now on? [y/N] ")
        return HostKeyDecision.TRUST if answer.lower() in ("y", "yes") else HostKeyDecision.REFUSE

    async def key_passphrase(self, server: str, key_file: Path) -> str | None:
        """Ask, without showing what is typed."""
        del server
        return ask_hidden(f"Passphrase of {key_file}: ") if is_terminal() else None

    async def password(self, server: str, account: str) -> str | None:
        """The password given on stdin, else ask."""
        del server
        if self._password:
            given, self._password = self._password, ""  # refused once, it is not offered again
            return given
        return ask_hidden(f"Password of {account}: ") if is_terminal() else None

    async def answers(self, server: str, request: PromptRequest) -> Sequence[str] | None:
        """Ask each thing that the server asks."""
        del server
        if not is_terminal():
            return None
        _tell("\n".join(part for part in (request.title, request.instructions) if part))
        return [ask(each.text) if each.is_echoed else ask_hidden(each.text) for each in request.prompts]

    async def vault_passphrase(self, is_new: bool) -> str | None:
        """The content of the file that GODPLOY_PASSPHRASE_FILE names, else ask."""
        if path := os.environ.get(PASSPHRASE_FILE):
            return _read_first_line(Path(path))
        if not is_terminal():
            return None
        if not is_new:
            return ask_hidden("Passphrase of Godploy's encrypted secrets: ")
        _tell("There is no keyring here. Secrets can be kept in a file encrypted with a passphrase.")
        first = ask_hidden("New passphrase (empty: keep nothing): ")
        if not first:
            return None
        if ask_hidden("Once more: ") != first:
            raise BadInput("The passphrases differ", "the second was typed differently", "Try again")
        return first


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Ask one thing on stderr; raises Cancelled on Ctrl-C or Ctrl-D."""
    return _asked(lambda: _read(question)).strip()


def ask_hidden(question: str) -> str:
    """Ask for a secret, which is not shown."""
    return _asked(lambda: getpass.getpass(question, stream=sys.stderr))


def password_from_stdin() -> str:
    """The first line of stdin: for --password-stdin. Raises BadInput when there is none."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise BadInput("There is no password on stdin", "its first line is empty", "Pipe the password in")
    return line


def _read(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _asked(read: Callable[[], str]) -> str:
    try:
        with _interruptible():
            return read()
    except (KeyboardInterrupt, EOFError):
        print(file=sys.stderr)
        raise Cancelled("Nothing was done", "the question was not answered", "Start the command again") from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a blocking read; asyncio's own handler would only note it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _read_first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReady(
            f"The passphrase cannot be read from {PASSPHRASE_FILE}",
            f"{path}: {error}",
            "Check the file's name and mode",
        ) from error


def _unknown_key(question: HostKeyQuestion) -> str:
    shown = f"{question.host} shows the {question.key_type} host key {question.fingerprint}"
    if question.is_changed:
        known = ", ".join(question.known_fingerprints)
        return f"{shown}, but known is {known}.\nEither the server was made anew, or someone else answers in its place."
    return f"{shown}, which is not known yet."


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
