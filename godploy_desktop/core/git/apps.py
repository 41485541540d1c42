"""The person's own GitHub Apps: what is known of each, and its secrets, which lie in the vault alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import httpx

from godploy_desktop.core.secrets import Secrets
from godploy_desktop.core.signal import Signal
from godploy_desktop.git_hosting.github_app import AppHost, fetch_app
from godploy_desktop.git_hosting.github_manifest import AppSecrets
from godploy_desktop.git_hosting.host import SignInAgain
from godploy_desktop.git_hosting.values import GitHubApp
from godploy_server.contract import BadInput, NotFound

SETTING: Final = "github-apps"
_TRIED: Final = "github app that is made now"


class GitHubApps:
    """All apps of one profile. `read` and `write` are the profile's settings."""

    def __init__(
        self,
        secrets: Secrets,
        read: Callable[[str], Any],
        write: Callable[[str, object], None],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._secrets = secrets
        self._read = read
        self._write = write
        self._transport = transport
        self.changed: Signal[GitHubApps] = Signal()

    @property
    def all(self) -> tuple[GitHubApp, ...]:
        """All apps, in the order in which they were made."""
        return tuple(GitHubApp(**each) for each in self._read(SETTING) or ())

    def at(self, address: str) -> tuple[GitHubApp, ...]:
        """Give the apps of one host, the newest first."""
        return tuple(each for each in reversed(self.all) if each.address == address)

    def find(self, name: str) -> GitHubApp:
        """Give the app of that name or slug, the only one for "". Raises NotFound naming those that exist."""
        known = self.all
        for each in known:
            if name.lower() in (each.slug.lower(), each.name.lower(), each.page.lower()):
                return each
        if not name and len(known) == 1:
            return known[0]
        names = ", ".join(each.slug for each in known) or "none yet"
        what = f"There is no app “{name}”" if name else "It is not clear which app is meant"
        raise NotFound(what, f"the apps are: {names}", "Name one of them, or make one: godploy git app create")

    def by_client(self, address: str, client_id: str) -> GitHubApp | None:
        """Give the app that signs accounts in with this client id."""
        return next((each for each in self.all if (each.address, each.client_id) == (address, client_id)), None)

    async def make_sure_of_vault(self) -> None:
        """See that secrets can be kept, before an app is made whose secrets are told once. Raises VaultMissing,
        VaultLocked."""
        await self._secrets.keep_secret(_TRIED, "-")
        await self._secrets.forget_secret(_TRIED)

    async def take(self, address: str, code: str, *, webhook: str, port: int) -> GitHubApp:
        """Fetch the app that was made a moment ago, and keep it. Once begun it goes to its end: GitHub tells the
        secrets once, and an app that exists there without them is of no use. Raises GodployError."""
        taking = asyncio.ensure_future(self._take(address, code, webhook=webhook, port=port))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait({taking})
            raise

    async def _take(self, address: str, code: str, *, webhook: str, port: int) -> GitHubApp:
        app, kept = await fetch_app(address, code, self._transport)
        app = replace(app, webhook=webhook, port=port)
        if webhook and not kept.webhook_secret:
            raise BadInput(
                "The app was made without a secret for its webhook",
                "GitHub gave none, so nobody could tell its deliveries from others",
                f"Delete it at {app.settings_page} and begin again",
            )
        await self._secrets.keep_secret(_name(app), json.dumps(vars(kept)))
        self.keep(app)
        return app

    def keep(self, app: GitHubApp) -> None:
        """Keep what is known of an app, in place of what was."""
        others = [each for each in self.all if (each.address, each.id) != (app.address, app.id)]
        self._write(SETTING, [vars(each) for each in (*others, app)])
        self.changed.emit(self)

    async def forget(self, app: GitHubApp) -> None:
        """Forget an app and its secrets. At GitHub it stays until its owner deletes it there."""
        self._write(SETTING, [vars(each) for each in self.all if (each.address, each.id) != (app.address, app.id)])
        await self._secrets.forget_secret(_name(app))
        self.changed.emit(self)

    async def secrets_of(self, app: GitHubApp) -> AppSecrets:
        """Give the secrets of an app. Raises SignInAgain where they are gone."""
        stored = await self._secrets.secret(_name(app))
        if stored is None:
            raise SignInAgain(
                f"The secrets of {app.name} are gone",
                "they are not in the keyring of this computer, and GitHub tells them once",
                "Forget the app (godploy git app forget) and make another one",
            )
        return AppSecrets(**json.loads(stored))

    async def host(self, app: GitHubApp) -> AppHost:
        """Give GitHub as the app sees it. Close it after use."""
        return AppHost(app, await self.secrets_of(app), self._transport)


def _name(app: GitHubApp) -> str:
    return f"github app {app.id} at {app.address}"
