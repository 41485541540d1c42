"""`godploy git look`: what a repository has, and how it would be built, before there is a service of it."""

from __future__ import annotations

import argparse

from godploy_desktop.commands import git_host_keys, options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.git.finding import find_repository, is_address
from godploy_desktop.core.git.looking import Look, look_by_server, look_through_account
from godploy_desktop.core.server import Server
from godploy_desktop.git_hosting.values import Account, Repository
from godploy_server.contract import GitSource

_MOST_SHOWN = 20


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to those of git."""
    looking = options.verb(verbs, "look", look, "say what a repository has and how it would be built; changes nothing")
    looking.add_argument(
        "repository", metavar="REPO", help="[ACCOUNT/]OWNER/NAME through an account, or any address, read by the server"
    )
    looking.add_argument("--branch", default="", help="look at this branch (default: the repository's default one)")
    git_host_keys.add_trust_option(looking)
    looking.add_argument("--root", default="", metavar="FOLDER", help="look into this folder")


async def look(context: Context) -> None:
    """Look, and print what was found."""
    server = await context.server()
    found = await look_at(context, server, context.options.repository, context.options.branch, context.options.root)
    context.output.value(found, described(found, colour=context.output.colour))


async def look_at(context: Context, server: Server, named: str, branch: str, root: str) -> Look:
    """Look through the account that reaches a repository, or let the server look at an address."""
    if is_address(named, context.workspace.git.accounts):
        await git_host_keys.settle(context, server, GitSource(named))
        return await look_by_server(server, named, branch, root)
    account, repository = await find_repository(context.workspace.git, named)
    return await look_through(context, server, account, repository, branch, root)


async def look_through(
    context: Context, server: Server, account: Account, repository: Repository, branch: str, root: str
) -> Look:
    """Look in an account's name; a tag or a commit does for `branch` as well."""
    host = context.workspace.git.host(account)
    try:
        return await look_through_account(server, host, repository, branch, root)
    finally:
        await host.close()


def described(found: Look, *, colour: bool) -> str:
    """Give what was found as lines to read."""
    detection = found.detection
    shown = [f"{name} (default)" if name == found.default_branch else name for name in found.branches[:_MOST_SHOWN]]
    more = len(found.branches) - len(shown)
    names = [f"{each.name} (secret)" if each.is_secret else each.name for each in found.variables]
    pairs = [
        ("branches", ", ".join(shown) + (f" and {more} more" if more > 0 else "")),
        ("looked at", f"{found.branch}{f', folder {found.root}' if found.root else ''}"),
        ("folders", ", ".join(found.folders[:_MOST_SHOWN])),
        ("builder", detection.builder.kind if detection.builder else "none fits"),
        ("reason", detection.reason),
        ("port", str(detection.port) if detection.port else ""),
        ("variables", ", ".join(names)),
    ]
    return rendering.fields(pairs, colour=colour)
