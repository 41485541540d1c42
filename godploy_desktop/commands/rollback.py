"""`godploy rollback`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.following import follow
from godploy_server.contract import BadInput, NotFound, Release


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service, and where to."""
    options.common(parser)
    options.service(parser)
    parser.add_argument("release", nargs="?", metavar="RELEASE", help="as r3 (default: the one before the serving one)")
    parser.add_argument("--no-follow", action="store_true", help="only ask for it")
    parser.set_defaults(run=roll_back)


async def roll_back(context: Context) -> None:
    """Go back to a release: no build, the same careful switch. Exit codes as for deploy."""
    server = await context.server()
    service = await context.service(server)
    name = context.full_name(service)
    number = release_of(context.options.release, await server.agent.releases(service.id), name)
    deployment = await server.roll_back(service.id, number)
    if context.options.no_follow:
        context.output.value(deployment, f"Deployment {deployment.number} takes {name} back to r{number}.")
    else:
        await follow(context, server, service, deployment)


def release_of(wanted: str | None, releases: tuple[Release, ...], name: str) -> int:
    """The number of the release to go back to: the wanted one, else the newest that is older than what serves.
    Raises BadInput or NotFound."""
    if wanted is not None:
        digits = wanted.removeprefix("r")
        if not digits.isdigit():
            raise BadInput(
                f"“{wanted}” is not a release", "releases are numbered, as r3", f"See: godploy releases {name}"
            )
        if int(digits) not in {each.number for each in releases}:
            kept = ", ".join(f"r{each.number}" for each in releases) or "none"
            raise NotFound(f"{name} has no release r{digits}", f"kept are: {kept}", "Choose one of them")
        return int(digits)
    serving = next((each.number for each in releases if each.is_serving), None)
    older = [each.number for each in releases if serving is None or each.number < serving]
    if not older:
        raise NotFound(f"{name} has no earlier release", "there is nothing to go back to", "Deploy a second time first")
    return max(older)
