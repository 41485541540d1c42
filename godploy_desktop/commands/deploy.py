"""`godploy deploy`"""

from __future__ import annotations

import argparse
from pathlib import Path

from godploy_desktop.commands import git_host_keys, options
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.following import follow
from godploy_desktop.commands.sending import Asked, ask_for_deployment
from godploy_server.contract import BadInput, FolderSource, GitSource, Service


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A service and what of it."""
    options.common(parser)
    options.service(parser)
    parser.add_argument("--commit", default="", metavar="HASH", help="this commit (default: the newest of the branch)")
    parser.add_argument("--archive", metavar="FILE", help="send this archive first (default: what was sent last)")
    parser.add_argument(
        "--last-upload", action="store_true", help="of a folder: deploy again what the server has, sending nothing"
    )
    parser.add_argument("--no-follow", action="store_true", help="only ask for it")
    git_host_keys.add_trust_option(parser)
    parser.set_defaults(run=deploy)


async def deploy(context: Context) -> None:
    """Ask for a deployment and follow it. Exit code 7 when it fails, 8 when it was cancelled or superseded."""
    given = context.options
    server = await context.server()
    service = await context.service(server)
    _check(given, service)
    await git_host_keys.settle_for_deployment(context, server, service.settings.source)
    asked = Asked(given.commit, Path(given.archive) if given.archive else None, given.last_upload)
    deployment, told_bytes = await ask_for_deployment(context, server, service, asked)
    if given.no_follow:
        text = f"Deployment {deployment.number} of {context.full_name(service)} is {deployment.state.value}."
        context.output.value(deployment, text)
    else:
        await follow(context, server, service, deployment, told_bytes)


def _check(given: argparse.Namespace, service: Service) -> None:
    source = service.settings.source
    wrong = (
        ("--commit", bool(given.commit) and not isinstance(source, GitSource)),
        ("--archive", bool(given.archive) and source.kind != "archive"),
        ("--last-upload", given.last_upload and not isinstance(source, FolderSource)),
    )
    for option, is_wrong in wrong:
        if is_wrong:
            raise BadInput(
                f"{option} means nothing here", f"the source of {service.name} is {source.kind}", f"Leave {option} out"
            )
