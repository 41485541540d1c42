"""`godploy deploy`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.following import follow
from godploy_server.contract import Deploy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service and what of it."""
    options.common(parser)
    options.service(parser)
    parser.add_argument("--commit", default="", metavar="HASH", help="this commit (default: the newest of the branch)")
    parser.add_argument("--no-follow", action="store_true", help="only ask for it")
    parser.set_defaults(run=deploy)


async def deploy(context: Context) -> None:
    """Ask for a deployment and follow it. Exit code 7 when it fails, 8 when it was cancelled or superseded."""
    server = await context.server()
    service = await context.service(server)
    deployment = await server.deploy(service.id, Deploy(commit=context.options.commit))
    if context.options.no_follow:
        text = f"Deployment {deployment.number} of {context.full_name(service)} is {deployment.state.value}."
        context.output.value(deployment, text)
    else:
        await follow(context, server, service, deployment)
