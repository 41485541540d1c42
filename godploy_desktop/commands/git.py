"""`godploy git ...`: accounts at git hosts, and what they reach."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from godploy_desktop.commands import git_apps, git_host_keys, git_look, options, rendering
from godploy_desktop.commands.browser import open_browser
from godploy_desktop.commands.context import Context
from godploy_desktop.core.git.accounts import NAMES, SCOPES, clean_address, token_page, ways
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.oauth import DeviceCode
from godploy_desktop.git_hosting.values import Account, HostKind, Ref, Repository, SignIn
from godploy_server.contract import BadInput

T = TypeVar("T")
MOST_PAGES = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of accounts."""
    verbs = options.verbs_of(parser)
    options.verb(verbs, "accounts", list_accounts, "list the accounts that are signed in", server=False)
    signing = options.verb(verbs, "sign-in", sign_in, "sign in at a git host", server=False)
    signing.add_argument("host", choices=[each.value for each in HostKind], help="which kind of host")
    signing.add_argument(
        "--address", default="", metavar="URL", help="of a host of your own, as https://git.example.org"
    )
    way = signing.add_mutually_exclusive_group()
    way.add_argument("--token-stdin", action="store_true", help="the first line of stdin is an access token")
    way.add_argument("--device", action="store_true", help="type a code in at the host, on any device")
    way.add_argument("--browser", action="store_true", help="in this computer's browser")
    way.add_argument(
        "--app", nargs="?", const="", metavar="APP", help="by a GitHub App that godploy git app create made"
    )
    signing.add_argument("--email", default="", help="of the Atlassian account, for an API token of Bitbucket")
    signing.add_argument("--client-id", default="", help="of a public OAuth application at the host; remembered")
    signing_out = options.verb(verbs, "sign-out", sign_out, "forget an account and its token", server=False)
    signing_out.add_argument("account", metavar="ACCOUNT", help="login, or login@host")
    repositories = options.verb(verbs, "repositories", list_repositories, "list what an account reaches", server=False)
    repositories.add_argument("account", metavar="ACCOUNT", help="login, or login@host")
    repositories.add_argument("--search", default="", metavar="TEXT", help="in their names; the host searches")
    repositories.add_argument("-n", "--most", type=int, default=100, metavar="N", help="at most so many (default: 100)")
    branches = options.verb(verbs, "branches", list_branches, "list branches of a repository", server=False)
    branches.add_argument("account", metavar="ACCOUNT", help="login, or login@host")
    branches.add_argument("repository", metavar="OWNER/NAME")
    branches.add_argument("--search", default="", metavar="TEXT")
    telling = options.verb(
        verbs, "status", tell_commits, "let this computer tell the host the states of commits, or not", server=False
    )
    telling.add_argument("account", metavar="ACCOUNT", help="login, or login@host")
    telling.add_argument("is_on", nargs="?", choices=["on", "off"], help="default: say which it is")
    git_look.add_verb(verbs)
    git_apps.add_arguments(verbs.add_parser("app", help="GitHub Apps of your own", description="GitHub Apps."))
    git_host_keys.add_arguments(
        verbs.add_parser("host-keys", help="git hosts' keys that a server accepts", description="Host keys.")
    )


async def list_accounts(context: Context) -> None:
    """List the accounts."""
    accounts = context.workspace.git.accounts
    rows = [[each.label, each.name, NAMES[each.kind], each.sign_in.value] for each in accounts]
    context.output.rows(
        accounts, ("ACCOUNT", "NAME", "HOST", "SIGN-IN"), rows, "No account. Sign in: godploy git sign-in github"
    )


async def sign_in(context: Context) -> None:
    """Sign in: with a token from stdin, a code, or the browser."""
    given = context.options
    kind = HostKind(given.host)
    address = clean_address(kind, given.address)
    git = context.workspace.git
    if given.client_id:
        git.set_client_id(address, given.client_id)
    if given.token_stdin:
        account = await git.add_token(kind, address, sys.stdin.readline(), given.email)
    elif given.device and SignIn.DEVICE in ways(kind):
        account = await git.sign_in_by_device(kind, address, lambda code: _show_code(context, code))
    elif given.browser and SignIn.BROWSER in ways(kind):
        account = await git.sign_in_by_browser(kind, address, lambda url: open_browser(context, url))
    elif given.app is not None and SignIn.APP in ways(kind):
        account = await git_apps.sign_in_by(context, address, given.app)
    else:
        raise BadInput(
            f"It is not said how to sign in at {NAMES[kind]}",
            f"make a token with the scopes {', '.join(SCOPES[kind])} at {token_page(kind, address)}",
            "Give it by --token-stdin" + _other_ways(kind),
        )
    context.output.value(account, f"Signed in as {account.label}.")


async def sign_out(context: Context) -> None:
    """Forget an account."""
    git = context.workspace.git
    account = git.find(context.options.account)
    await git.remove(account)
    context.output.value(account, f"Forgot {account.label}. At the host, its sign-in or token can be revoked too.")


async def tell_commits(context: Context) -> None:
    """Say whether commit states are told in an account's name, or change it."""
    git = context.workspace.git
    account = git.find(context.options.account)
    if context.options.is_on:
        account = git.tell_commits(account, is_on=context.options.is_on == "on")
    if account.tells_commits:
        text = f"{account.label} is told the states of commits while the window is open and their server connected."
    else:
        text = f"{account.label} is told nothing of commits from this computer."
    context.output.value(account, text)


async def list_repositories(context: Context) -> None:
    """List repositories, the newest change first."""
    given = context.options

    async def read(host: GitHost) -> list[Repository]:
        found: list[Repository] = []
        page = ""
        for _ in range(MOST_PAGES):
            answer = await host.repositories(given.search, page)
            found += answer.items
            page = answer.next
            if not page or len(found) >= given.most:
                break
        return found[: given.most]

    repositories = await with_host(context, context.workspace.git.find(given.account), read)
    rows = [
        [each.full_name, each.default_branch, "private" if each.is_private else "", rendering.ago(each.updated_at)]
        for each in repositories
    ]
    context.output.rows(repositories, ("REPOSITORY", "BRANCH", "", "CHANGED"), rows, "It reaches no such repository.")


async def list_branches(context: Context) -> None:
    """List branches."""
    given = context.options

    async def read(host: GitHost) -> tuple[Ref, ...]:
        return (await host.branches(given.repository, given.search)).items

    branches = await with_host(context, context.workspace.git.find(given.account), read)
    rows = [[each.name, each.commit[:12]] for each in branches]
    context.output.rows(branches, ("BRANCH", "COMMIT"), rows, "There is no such branch.")


async def with_host(context: Context, account: Account, work: Callable[[GitHost], Awaitable[T]]) -> T:
    """Do something in an account's name, and close its connections."""
    host = context.workspace.git.host(account)
    try:
        return await work(host)
    finally:
        await host.close()


def _show_code(context: Context, code: DeviceCode) -> None:
    context.output.note(f"Open {code.address} and type in {code.user_code}")


def _other_ways(kind: HostKind) -> str:
    names = {SignIn.BROWSER: "--browser", SignIn.DEVICE: "--device", SignIn.APP: "godploy git app create"}
    others = [names[each] for each in ways(kind) if each in names]
    return f", or sign in with {' or '.join(others)}" if others else ""
