"""`godploy logs`"""

from __future__ import annotations

import argparse
from contextlib import aclosing
from typing import Final

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_server.contract import LogLine

_TONES: Final = ("36", "35", "33", "32", "34")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service and how much."""
    options.common(parser)
    options.service(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("-n", "--tail", type=int, default=200, metavar="LINES", help="last lines to begin with (200)")
    parser.add_argument("-t", "--timestamps", action="store_true", help="with the time of each line")
    parser.set_defaults(run=logs)


async def logs(context: Context) -> None:
    """Print what a service's containers write."""
    given = context.options
    server = await context.server()
    service = await context.service(server)
    colours: dict[str, str] = {}
    async with aclosing(server.agent.logs(service.id, tail=given.tail, follow=given.follow)) as lines:
        async for line in lines:
            tone = colours.setdefault(line.container, _TONES[len(colours) % len(_TONES)])
            if context.output.as_json:
                context.output.value(line, "")
            else:
                context.output.raw(_text(line, tone, timestamps=given.timestamps, colour=context.output.colour))


def _text(line: LogLine, tone: str, *, timestamps: bool, colour: bool) -> str:
    head = rendering.paint(line.container, tone, colour=colour)
    if timestamps:
        head = f"{line.at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {head}"
    reset = "\x1b[0m" if colour and "\x1b" in line.text else ""
    return f"{head} | {line.text if colour else without_escapes(line.text)}{reset}\n"


def without_escapes(text: str) -> str:
    """A line without its escape sequences, for files and pipes."""
    import re

    return re.sub(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])", "", text)
