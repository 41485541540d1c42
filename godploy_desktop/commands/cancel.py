"""`godploy cancel`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options
from godploy_desktop.commands.context import Context, deployment_numbered
from godploy_server.contract import NotFound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service, and which of its deployments."""
    options.common(parser)
    options.service(parser)
    parser.add_argument("number", nargs="?", type=int, metavar="NUMBER", help="default: the one that runs or waits")
    parser.set_defaults(run=cancel)


async def cancel(context: Context) -> None:
    """Ask a deployment to stop."""
    server = await context.server()
    service = await context.service(server)
    name = context.full_name(service)
    if context.options.number is not None:
        deployment = await deployment_numbered(server, service, context.options.number)
    else:
        underway = [each for each in await server.agent.deployments(service.id) if not each.state.is_final]
        if not underway:
            raise NotFound(
                f"No deployment of {name} runs or waits", "all have ended", "See: godploy deployments " + name
            )
        deployment = underway[-1]  # the oldest: the one that runs
    cancelled = await server.cancel_deployment(deployment.id)
    state = "is being cancelled" if not cancelled.state.is_final else f"is {cancelled.state.value}"
    context.output.value(cancelled, f"Deployment {cancelled.number} of {name} {state}.")
