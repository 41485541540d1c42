"""`godploy git app ...`: GitHub Apps of one's own, by which one signs in at GitHub."""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options
from godploy_desktop.commands.browser import open_browser
from godploy_desktop.commands.context import Context
from godploy_desktop.core.git import app_flow
from godploy_desktop.core.git.accounts import clean_address
from godploy_desktop.git_hosting.values import Account, HostKind
from godploy_server.contract import NotFound

_AGREE = "Agree"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of apps."""
    verbs = options.verbs_of(parser)
    creating = options.verb(verbs, "create", create, "make an app at GitHub, install it and sign in by it")
    creating.add_argument("--name", default="", help="of the app, one of a kind at GitHub (default: made up)")
    creating.add_argument("--organization", default="", metavar="LOGIN", help="who owns it (default: yourself)")
    creating.add_argument("--address", default="", metavar="URL", help="of GitHub Enterprise Server")
    creating.add_argument(
        "--no-webhook", action="store_true", help="tell no server of pushes: each service gets a webhook of its own"
    )
    options.verb(verbs, "list", list_apps, "list the apps that were made here", server=False)
    installing = options.verb(
        verbs, "install", install, "open the page where its repositories are chosen", server=False
    )
    forgetting = options.verb(verbs, "forget", forget, "forget an app, its secrets and its accounts", server=False)
    for each in (installing, forgetting):
        each.add_argument("app", metavar="APP", nargs="?", default="", help="its name (default: the only one)")
    options.confirmation(forgetting)


async def create(context: Context) -> None:
    """Make an app, and all that follows."""
    given = context.options
    server = None if given.no_webhook else await context.server()
    wish = app_flow.AppWish(given.address, given.name, given.organization, server)
    account = await context.run_task(
        "Make a GitHub App",
        lambda progress: app_flow.create(
            context.workspace.git, wish, lambda url: open_browser(context, url, _AGREE), progress
        ),
    )
    context.output.value(account, f"Signed in as {account.label}.")


async def sign_in_by(context: Context, address: str, name: str) -> Account:
    """Sign in by an app that was made before: `name`, or the newest of that host for ""."""
    apps = context.workspace.git.apps
    app = apps.find(name) if name else next(iter(apps.at(clean_address(HostKind.GITHUB, address))), None)
    if app is None:
        raise NotFound("There is no app yet", "none was made here for this host", "Make one: godploy git app create")
    return await context.run_task(
        f"Sign in by {app.name}",
        lambda progress: app_flow.go_on(
            context.workspace.git, app, lambda url: open_browser(context, url, _AGREE), progress
        ),
    )


async def list_apps(context: Context) -> None:
    """List the apps."""
    apps = context.workspace.git.apps.all
    rows = [[each.slug, each.owner, each.address, each.webhook or "no server"] for each in apps]
    context.output.rows(
        apps, ("APP", "OWNER", "HOST", "TELLS OF PUSHES"), rows, "No app. Make one: godploy git app create"
    )


async def install(context: Context) -> None:
    """Open the page of its installations."""
    app = context.workspace.git.apps.find(context.options.app)
    await open_browser(context, app.install_page, "Choose what it may reach")
    context.output.value(app, f"What {app.name} reaches is listed by godploy git repositories ACCOUNT.")


async def forget(context: Context) -> None:
    """Forget an app."""
    git = context.workspace.git
    app = git.apps.find(context.options.app)
    context.confirm(f"Forget {app.name}:", [f"the account {each.label}" for each in git.signed_in_by(app)])
    await git.forget_app(app)
    context.output.value(app, f"Forgot {app.name}. At GitHub it stays until you delete it: {app.settings_page}")
