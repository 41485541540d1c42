"""`godploy server app-hook ...`: by which apps at git hosts a server is told of pushes."""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering
from godploy_desktop.commands.context import Context
from godploy_desktop.core.git import app_flow
from godploy_desktop.core.server import Server
from godploy_server.contract import HOOKS_PATH, NotFound, SharedHook


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs to those of servers."""
    parser = verbs.add_parser("app-hook", help="the webhooks of GitHub Apps at a server", description="App webhooks.")
    inner = options.verbs_of(parser)
    for name, run, summary in (
        ("list", list_hooks, "list the apps that tell a server of pushes"),
        ("set", set_hook, "let an app tell this server of pushes, and no other"),
        ("remove", remove, "let an app tell a server no more"),
    ):
        each = options.verb(inner, name, run, summary, server=False)
        each.add_argument("server", metavar="NAME", nargs="?", help="which server (default: the only one)")
        options.reaching(each)
        if name != "list":
            each.add_argument("--app", default="", metavar="APP", help="its name (default: the only one)")
        if name == "remove":
            options.confirmation(each)


async def list_hooks(context: Context) -> None:
    """List the hooks of apps."""
    server = await _server(context)
    found = await server.agent.shared_hooks()
    rows = [
        [each.name, str(len(each.services)), rendering.ago(each.received_at) or "never", rendering.plain(each.received)]
        for each in found
    ]
    context.output.rows(
        found, ("APP", "SERVICES", "LAST DELIVERY", "WHAT BECAME OF IT"), rows, f"No app tells {server.name} of pushes."
    )


async def set_hook(context: Context) -> None:
    """Move an app's webhook to the server."""
    git = context.workspace.git
    app = git.apps.find(context.options.app)
    server = await _server(context)
    before = app.webhook.partition(HOOKS_PATH)[0]
    hook = await app_flow.tell_server(git, app, server)
    now = git.apps.find(app.page).webhook.partition(HOOKS_PATH)[0]
    if before != now:
        context.output.note(f"It told {before} before. If that is another server, link its services again.")
    context.output.value(hook, f"{app.name} tells {server.name} of pushes. Services of its repositories: service link")


async def remove(context: Context) -> None:
    """Remove the hook of an app."""
    server = await _server(context)
    hook = await hook_of_app(server, context.options.app)
    names = await _names(server, hook)
    context.confirm(
        f"{hook.name} tells {server.name} of pushes no more:", [f"{each} deploys on push no more" for each in names]
    )
    gone = await server.agent.delete_shared_hook(hook.id)
    context.output.value(gone, f"{hook.name} tells {server.name} of pushes no more. Its page: {hook.page}")


async def _server(context: Context) -> Server:
    server = context.server_named(context.options.server)
    await server.connect()
    return server


async def hook_of_app(server: Server, name: str) -> SharedHook:
    """Find an app's hook at the server itself, the only one for "": the app may have been made on another computer.
    Raises NotFound."""
    wanted = name.lower()
    found = await server.agent.shared_hooks()
    for each in found:
        if wanted in (each.name.lower(), each.page.lower(), each.page.rpartition("/")[2].lower()):
            return each
    if not wanted and len(found) == 1:
        return found[0]
    names = ", ".join(each.page.rpartition("/")[2] for each in found) or "none"
    raise NotFound("It is not clear which app is meant", f"those that tell {server.name}: {names}", "Give --app APP")


async def _names(server: Server, hook: SharedHook) -> list[str]:
    services = {each.id: each.name for each in await server.agent.services()}
    return [services.get(each, each) for each in hook.services]
