"""`godploy sample`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options
from godploy_desktop.commands.context import Context
from godploy_desktop.core.samples import PROJECT, SERVICE, deploy_sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Only the server."""
    options.common(parser)
    parser.set_defaults(run=sample)


async def sample(context: Context) -> None:
    """Deploy the sample application as samples/hello."""
    server = await context.server()
    done = await context.run_task(
        f"Deploy the sample on {server.name}", lambda progress: deploy_sample(server, progress)
    )
    where = f"It serves at {done.url}" if done.url else (
        f"It runs. Give it a domain: godploy service domains add {PROJECT}/{SERVICE} HOST"
    )  # fmt: skip
    context.output.event(
        {"event": "result", "service": done.service, "deployment": done.deployment, "url": done.url}, where
    )
