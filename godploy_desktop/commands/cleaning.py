"""`godploy server cleanup`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_server.contract import Cleanup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it may do."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would go, and how much it frees")
    options.confirmation(parser)


async def clean_up(context: Context) -> None:
    """Remove what the server can do without, after showing it."""
    server = context.server_named(context.options.server)
    await server.connect()
    found = await server.agent.preview_cleanup()
    if context.options.dry_run:
        _print(context, found, "would be freed")
        return
    if not removable(found):
        _print(context, Cleanup((), 0), "were freed")
        return
    context.confirm(f"Remove from {server.name} ({rendering.bytes_text(found.size_bytes)}):", _lines(found))
    _print(context, await server.clean_up(), "were freed")


def removable(found: Cleanup) -> bool:
    """Whether anything would go. Volumes with data are shown, but stay."""
    return any(each.what != "volume" for each in found.items)


_HEADERS = ("WHAT", "NAME", "SIZE", "LAST USED", "WHY")


def _print(context: Context, cleanup: Cleanup, freed: str) -> None:
    if context.output.as_json:
        context.output.value(cleanup, "")
        return
    rows = [
        [
            each.what,
            rendering.plain(each.name),
            rendering.bytes_text(each.size_bytes),
            rendering.ago(each.last_used_at),
            rendering.plain(each.why),
        ]
        for each in cleanup.items
    ]
    context.output.rows(cleanup.items, _HEADERS, rows, "There is nothing that the server could do without.")
    if rows:
        context.output.note(f"{rendering.bytes_text(cleanup.size_bytes)} {freed}.")


def _lines(found: Cleanup) -> list[str]:
    return [
        f"{each.what} {rendering.plain(each.name)} ({rendering.bytes_text(each.size_bytes)}): {each.why}"
        for each in found.items
        if each.what != "volume"
    ]
