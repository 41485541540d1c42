"""Run a program and read what it says; the only place of the lab that starts child processes."""

import os
import subprocess
from collections.abc import Mapping, Sequence


class LabUnavailable(Exception):
    """The lab cannot run on this machine; the text says why, for the summary of the tests that were not run."""


class CommandFailed(Exception):
    """A program ended with another exit code than 0."""

    def __init__(self, arguments: Sequence[str], exit_code: int, output: str, error: str) -> None:
        self.arguments_used = tuple(arguments)
        self.exit_code = exit_code
        self.output = output
        self.error = error
        shown = " ".join(arguments)[:300]
        super().__init__(f"`{shown}` ended with {exit_code}:\n{(error or output).strip()[-3000:]}")


def run(
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout_s: float = 600,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end and give back its standard output as text. Raises CommandFailed."""
    done = subprocess.run(
        list(arguments),
        input=stdin,
        capture_output=True,
        timeout=timeout_s,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    output, error = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise CommandFailed(arguments, done.returncode, output, error)
    return output


def succeeds(arguments: Sequence[str], *, timeout_s: float = 60) -> bool:
    """Whether a program can be started and ends with 0."""
    try:
        run(arguments, timeout_s=timeout_s)
    except (CommandFailed, OSError, subprocess.TimeoutExpired):
        return False
    return True
