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
    try:
        code = _run(words)
        sys.stdout.flush()  # here, where a reader that has gone can still be handled
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0
    if words[0] == "--version":
        words[0] = "version"
    from godploy_server.contract import GodployError

    try:
        options = parser_of(_command(words[0])).parse_args(words[1:])
        if getattr(options, "run_plain", None) is not None:  # needs no servers
            return int(options.run_plain(options) or 0)
        return _execute(options.run, options)
    except GodployError as error:
        from godploy_desktop.commands.output import Output

        Output(as_json="--json" in words).problem(error.problem)
        return error.exit_code


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command. Loads its file."""
    from godploy_desktop.commands.parsing import Parser

    parser = Parser(prog=f"godploy {command.name}", description=_sentence(command.summary))
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


def _command(word: str) -> Command:
    """The command of that name; raises BadInput that names the likeliest one."""
    if (command := find(word)) is not None:
        return command
    from difflib import get_close_matches

    from godploy_server.contract import BadInput

    if word.startswith("-"):
        raise BadInput(f"“{word}” is not a command", "options come after the command", "See: godploy --help")
    alike = get_close_matches(word, [each.name for each in COMMANDS], n=1)
    why = f"the nearest is “{alike[0]}”" if alike else "nothing is called like that"
    raise BadInput(f"There is no command “{word}”", why, "See: godploy --help")


def _execute(run: Run, options: argparse.Namespace) -> int:
    import asyncio

    from godploy_desktop.commands.context import run_command

    return asyncio.run(run_command(run, options))


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."


if __name__ == "__main__":
    sys.exit(main())
