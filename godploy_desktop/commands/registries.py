"""`godploy registry ...`"""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.commands.prompts import ask_hidden, is_terminal, password_from_stdin
from godploy_desktop.core.server import Server
from godploy_server.contract import BadInput, NotFound, Registry, SetRegistry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of registries."""
    verbs = options.verbs_of(parser)
    options.verb(verbs, "list", list_registries, "list where the server can log in")
    adding = options.verb(
        verbs, "add", add, "log in at a registry; kept on the server if the registry accepts it", server=False
    )
    adding.add_argument("host", metavar="HOST", help="as ghcr.io, or docker.io for Docker Hub")
    adding.add_argument("user", metavar="USER")
    # No options.reaching here: its --password-stdin is the server's, this one is the registry's.
    adding.add_argument(
        "--password-stdin",
        dest="registry_password_stdin",
        action="store_true",
        help="the first line of stdin is the registry's password or token (default: ask)",
    )
    adding.add_argument("--server", metavar="NAME", help="which server (default: GODPLOY_SERVER, or the only one)")
    adding.add_argument(
        "--accept-host-key", metavar="SHA256:...", default="", help="trust the server's host key without asking"
    )
    for name, run, summary in (
        ("check", check, "log in again, to see whether it still works"),
        ("remove", remove, "forget a login"),
    ):
        options.verb(verbs, name, run, summary).add_argument("host", metavar="HOST")


async def list_registries(context: Context) -> None:
    """List the logins."""
    server = await context.server()
    found = await server.agent.registries()
    rows = [[each.host, rendering.plain(each.user), rendering.ago(each.checked_at)] for each in found]
    context.output.rows(found, _HEADERS, rows, f"{server.name} logs in at no registry.")


async def add(context: Context) -> None:
    """Log in at a registry."""
    given = context.options
    password = _password(given)
    server = await context.server()
    registry = await server.set_registry(SetRegistry(given.host, given.user, password))
    context.output.value(registry, f"{server.name} logs in at {registry.host} as {registry.user}.")


async def check(context: Context) -> None:
    """Log in again."""
    server = await context.server()
    registry = await server.check_registry((await _find(server, context.options.host)).id)
    context.output.value(registry, f"{registry.host} accepts the login of {registry.user}.")


async def remove(context: Context) -> None:
    """Forget a login."""
    server = await context.server()
    registry = await server.delete_registry((await _find(server, context.options.host)).id)
    context.output.value(registry, f"{server.name} does not log in at {registry.host} any more.")


_HEADERS = ("REGISTRY", "USER", "CHECKED")


def _password(given: argparse.Namespace) -> str:
    if given.registry_password_stdin:
        return password_from_stdin()
    if not is_terminal():
        raise BadInput("There is no password", "nobody can be asked for it here", "Pipe it in with --password-stdin")
    return ask_hidden(f"Password or token of {given.user} at {given.host}: ")


async def _find(server: Server, host: str) -> Registry:
    found = await server.agent.registries()
    for each in found:
        if each.host == host.strip().lower():
            return each
    names = ", ".join(each.host for each in found) or "none"
    raise NotFound(f"{server.name} has no login at {host}", f"its logins are at: {names}", "Check the name")
