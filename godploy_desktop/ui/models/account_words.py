"""Accounts at git hosts, in words. Pure functions; nothing here loads what speaks with the hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from godploy_desktop.git_hosting.values import Account, GitHubApp, HostKind, RateLimit, SignIn

WAYS: Final = {
    SignIn.APP: "By a GitHub App of your own (recommended)",
    SignIn.BROWSER: "In the browser",
    SignIn.DEVICE: "With a code, on any device",
    SignIn.TOKEN: "With an access token",
}
"""How a person can sign in at this window."""

HOSTS: Final = {
    HostKind.GITHUB: ("GitHub", "github.com, or GitHub Enterprise by its address"),
    HostKind.GITLAB: ("GitLab", "gitlab.com, or self-managed by its address"),
    HostKind.BITBUCKET: ("Bitbucket", "Bitbucket Cloud"),
    HostKind.GITEA: ("Gitea, Forgejo", "Codeberg, or any other by its address"),
}
"""Each kind of host: its name, and what counts as one."""

_SIGNED_IN: Final = {
    SignIn.BROWSER: "signed in in the browser",
    SignIn.DEVICE: "signed in with a code",
    SignIn.TOKEN: "signed in with a token",
    SignIn.APP: "signed in by an app",
}


def host_icon(kind: HostKind) -> str:
    """Give back the name of a host's icon."""
    return kind.value


def account_words(account: Account) -> str:
    """Give back who it is, at which kind of host, and how it was signed in."""
    parts = (account.name if account.name != account.login else "", HOSTS[account.kind][0], _SIGNED_IN[account.sign_in])
    return " · ".join(each for each in parts if each)


def first_way(offered: Iterable[SignIn], *, has_client_id: bool) -> SignIn:
    """Give back the way to begin with: the best that needs nothing more. The browser and a code need a client id."""
    usable = (SignIn.APP, SignIn.TOKEN)
    return next((each for each in offered if each in WAYS and (has_client_id or each in usable)), SignIn.TOKEN)


def scope_words(scopes: Iterable[str]) -> str:
    """Give back which scopes a token needs."""
    return f"It needs {', '.join(scopes)}"


def works_words(account: Account, limit: RateLimit | None) -> str:
    """Give back that an account works, and what its host still lets it ask where that is told."""
    left = f": {limit.remaining:,} of {limit.limit:,} requests left" if limit is not None else ""
    return f"{account.label} works{left}"


def app_options(apps: Iterable[GitHubApp]) -> dict[str, str]:
    """Give back what can be chosen of apps, by their pages; "" stands for a new one."""
    return {each.page: f"{each.name} ({each.owner})" for each in apps} | {"": "Make a new app"}


def server_options(names: Iterable[str]) -> dict[str, str]:
    """Give back which servers can be told of pushes; "" stands for none."""
    return {name: name for name in names} | {"": "None: each service gets a webhook of its own"}


def app_words(app: GitHubApp) -> str:
    """Give back whose app it is, at which host if that is not the usual one, and which server it tells of pushes."""
    host = app.address.partition("://")[2]
    told = app.webhook.partition("://")[2].partition("/")[0]
    parts = (f"of {app.owner}", "" if host == "github.com" else host, f"tells {told}" if told else "tells no server")
    return " · ".join(each for each in parts if each)
