"""`godploy releases`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service."""
    options.common(parser)
    options.service(parser)
    parser.set_defaults(run=releases)


async def releases(context: Context) -> None:
    """List what a rollback can go back to."""
    server = await context.server()
    service = await context.service(server)
    found = await server.agent.releases(service.id)
    rows = [
        [
            f"r{each.number}",
            "serves" if each.is_serving else "instant" if each.is_instant else "",
            each.commit[:10],
            rendering.plain(each.commit_message)[:50],
            rendering.ago(each.created_at),
        ]
        for each in found
    ]
    headers = ("RELEASE", "", "COMMIT", "WHAT", "MADE")
    context.output.rows(found, headers, rows, f"{context.full_name(service)} has no release yet.")
