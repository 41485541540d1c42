"""From nothing to an account by a GitHub App of one's own: made, told to a server, installed, signed in.

Each step can be cancelled. Until GitHub has made the app nothing is kept; from then on the app is, and whatever
comes after can be done again (`go_on`).
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from godploy_desktop.core.git.accounts import GitAccounts, clean_address
from godploy_desktop.core.git.linking import hook_base
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress, TaskStepState
from godploy_desktop.git_hosting import github
from godploy_desktop.git_hosting.github_app import LONGEST_CREATION_S, LONGEST_INSTALLATION_S, ask_for_app
from godploy_desktop.git_hosting.github_manifest import check_name, check_organization, suggested_name
from godploy_desktop.git_hosting.oauth import OpenBrowser
from godploy_desktop.git_hosting.values import Account, GitHubApp, HostKind
from godploy_server.contract import (
    HOOKS_PATH,
    BadInput,
    Conflict,
    HookHost,
    SetSharedHook,
    SharedHook,
)

CREATE, HOOK, INSTALL, SIGN_IN = "create", "hook", "install", "sign-in"
STEPS: Final = {
    CREATE: "Make the app at GitHub",
    HOOK: "Tell the server of its webhook",
    INSTALL: "Choose what it may reach",
    SIGN_IN: "Sign in by it",
}


@dataclass(frozen=True)
class Patience:
    """How long a person is waited for, in seconds, and how often GitHub is asked whether the app is installed."""

    creation_s: float = LONGEST_CREATION_S
    installation_s: float = LONGEST_INSTALLATION_S
    look_every_s: float = 3.0


@dataclass(frozen=True)
class AppWish:
    """What app is to be made. `server` is who is told of pushes; with None services get webhooks of their own."""

    address: str = ""  # of the host; "" for github.com
    name: str = ""  # "" for one that is made up
    organization: str = ""  # "" for an app of the person's own
    server: Server | None = None


async def create(
    git: GitAccounts,
    wish: AppWish,
    open_browser: OpenBrowser,
    progress: Progress,
    patience: Patience = Patience(),
) -> Account:
    """Make an app and sign in by it. Raises GodployError: Cancelled where nobody agreed in time."""
    address = clean_address(HostKind.GITHUB, wish.address)
    organization = check_organization(wish.organization)
    name = check_name(wish.name) if wish.name.strip() else suggested_name(organization)
    progress.plan(STEPS)
    progress.begin(CREATE, detail=name)
    await git.apps.make_sure_of_vault()
    hook_id = secrets.token_hex(20)
    webhook = "" if wish.server is None else await webhook_address(wish.server, hook_id, address)
    code, port = await ask_for_app(address, organization, name, webhook, open_browser, patience.creation_s)
    app = await git.apps.take(address, code, webhook=webhook, port=port)
    progress.detail(CREATE, app.name)
    if wish.server is not None:
        progress.begin(HOOK, detail=wish.server.name)
        await tell_server(git, app, wish.server, hook_id)
    else:
        progress.end(HOOK, TaskStepState.SKIPPED, "each service gets a webhook of its own")
    return await _install_and_sign_in(git, app, open_browser, progress, patience)


async def go_on(
    git: GitAccounts,
    app: GitHubApp,
    open_browser: OpenBrowser,
    progress: Progress,
    patience: Patience = Patience(),
) -> Account:
    """Sign in by an app that was made before; let it be installed first if it is not yet. Raises GodployError."""
    progress.plan({key: STEPS[key] for key in (INSTALL, SIGN_IN)})
    return await _install_and_sign_in(git, app, open_browser, progress, patience)


async def _install_and_sign_in(
    git: GitAccounts, app: GitHubApp, open_browser: OpenBrowser, progress: Progress, patience: Patience
) -> Account:
    progress.begin(INSTALL)
    host = await git.apps.host(app)
    try:
        if await host.installations():
            progress.end(INSTALL, TaskStepState.SKIPPED, "it is installed already")
        else:
            await open_browser(app.install_page)
            await host.wait_installed(patience.installation_s, patience.look_every_s)
    finally:
        await host.close()
    progress.begin(SIGN_IN)
    return await git.sign_in_by_app(app, open_browser)


async def webhook_address(server: Server, hook_id: str, address: str) -> str:
    """Give where a host reaches a hook of a server. Raises BadInput where GitHub, out there, surely cannot."""
    info = await server.agent.info()
    base = hook_base(info, [domain for each in await server.agent.services() for domain in each.domains])
    if address == github.PUBLIC and not _is_public(base):
        raise BadInput(
            f"GitHub cannot reach {server.name}",
            f"{base} is an address of a private network, and no domain with a certificate leads there",
            "Give a service of the server a domain first, or make the app without a server",
        )
    return f"{base}{HOOKS_PATH}{hook_id}"


async def tell_server(git: GitAccounts, app: GitHubApp, server: Server, hook_id: str = "") -> SharedHook:
    """Let an app tell a server of pushes: the hook there, and its address at GitHub. An app tells one server.

    What the server had before for this app stays if it fails. Raises GodployError.
    """
    if not app.webhook:
        raise Conflict(
            f"{app.name} was made without a webhook",
            "GitHub lets a webhook be turned on by hand alone",
            f"Turn it on at {app.settings_page}, or make another app for this server",
        )
    kept = await git.apps.secrets_of(app)
    before = next((each for each in await server.agent.shared_hooks() if each.page == app.page), None)
    hook_id = hook_id or (before.id if before is not None else secrets.token_hex(20))
    url = await webhook_address(server, hook_id, app.address)
    wanted = SetSharedHook(hook_id, HookHost.GITHUB, app.name, app.page, kept.webhook_secret)
    hook = await server.agent.set_shared_hook(wanted)
    host = await git.apps.host(app)
    try:
        await host.set_webhook(url, kept.webhook_secret)
    except BaseException:
        if before is None:
            await server.agent.delete_shared_hook(hook.id)
        raise
    finally:
        await host.close()
    git.apps.keep(replace(app, webhook=url))
    return hook


def _is_public(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
