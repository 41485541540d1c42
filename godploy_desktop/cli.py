"""`godploy ...`: what the window does, for scripts and CI. Documented in docs/headless.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from godploy_desktop.commands.registry import COMMANDS, Command, find

if TYPE_CHECKING:
    from godploy_desktop.commands.context import Run

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives back its exit code (see `godploy help exit-codes`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0
    if words[0] == "--version":
        words[0] = "version"
    command = find(words[0])
    if command is None:
        print(f"godploy: there is no command “{words[0]}”\nSee: godploy --help", file=sys.stderr)
        return 2
    try:
        options = parser_of(command).parse_args(words[1:])
        if getattr(options, "run_plain", None) is not None:  # needs no servers
            return int(options.run_plain(options) or 0)
        return _execute(options.run, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command. Loads its file."""
    parser = argparse.ArgumentParser(prog=f"godploy {command.name}", description=_sentence(command.summary))
    import_module(f"godploy_desktop.commands.{command.module}").add_arguments(parser)
    return parser


def overview() -> str:
    """What `godploy --help` prints."""
    width = max(len(each.name) for each in COMMANDS) + 2
    lines = [f"  {each.name:<{width}}{each.summary}" for each in COMMANDS]
    return "\n".join(
        (
            "usage: godploy COMMAND ... [--server NAME] [--json]",
            "",
            "Deploys to plain servers over SSH. The same operations as the window (godploy-desktop), for scripts.",
            "",
            *lines,
            "",
            "Services are named PROJECT/SERVICE. Without --server (or GODPLOY_SERVER) the only server is meant.",
            "godploy COMMAND --help says more; godploy help exit-codes lists the exit codes.",
        )
    )


def _execute(run: Run, options: argparse.Namespace) -> int:
    import asyncio

    from godploy_desktop.commands.context import run_command

    return asyncio.run(run_command(run, options))


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."


if __name__ == "__main__":
    sys.exit(main())
