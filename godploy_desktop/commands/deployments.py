"""`godploy deployments`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options
from godploy_desktop.commands.context import Context, deployment_numbered
from godploy_desktop.commands.following import HEADERS, print_log, row_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service, a page of its history, or one log."""
    options.common(parser)
    options.service(parser)
    parser.add_argument("--before", type=int, metavar="NUMBER", help="the 50 before this one")
    parser.add_argument("--log", type=int, metavar="NUMBER", help="print the log of this one")
    parser.add_argument("-f", "--follow", action="store_true", help="with --log: go on until it ends")
    parser.set_defaults(run=deployments)


async def deployments(context: Context) -> None:
    """List the deployments, newest first, or print one log."""
    given = context.options
    server = await context.server()
    service = await context.service(server)
    if given.log is not None:
        deployment = await deployment_numbered(server, service, given.log)
        await print_log(context, server, deployment, is_followed=given.follow)
        return
    found = await server.agent.deployments(service.id, before=given.before)
    rows = [row_of(each, colour=context.output.colour) for each in found]
    context.output.rows(found, HEADERS, rows, f"{context.full_name(service)} was never deployed.")
