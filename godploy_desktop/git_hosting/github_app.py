"""Making a GitHub App by its manifest, and speaking with GitHub as that app.

Sources: GitHub docs, “Registering a GitHub App from a manifest”; REST API 2022-11-28, “Apps” (conversions,
installations) and “GitHub App webhooks” (hook/config).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from godploy_desktop.git_hosting import github, github_manifest, reading
from godploy_desktop.git_hosting.app_token import app_token
from godploy_desktop.git_hosting.github_manifest import AppSecrets
from godploy_desktop.git_hosting.http import Authorization, HostClient
from godploy_desktop.git_hosting.loopback import Loopback
from godploy_desktop.git_hosting.oauth import OpenBrowser
from godploy_desktop.git_hosting.values import GitHubApp
from godploy_server.contract import Cancelled, NotAllowed, NotFound, Unreachable

LONGEST_CREATION_S: Final = 1800.0
"""GitHub takes an hour; whoever did not press the button within half of it has gone away."""
LONGEST_INSTALLATION_S: Final = 900.0

_TOKEN_FOR: Final = timedelta(minutes=7)
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_DONE: Final = ("The app is made", "Godploy goes on: the next page lets you choose what it may reach.")
_FORM: Final = ("On to GitHub", "GitHub shows what the app may do, and makes it when you agree.")


async def ask_for_app(
    address: str,
    organization: str,
    name: str,
    webhook: str,
    open_browser: OpenBrowser,
    within_s: float = LONGEST_CREATION_S,
) -> tuple[str, int]:
    """Let the person agree to a new app in the browser; gives the code to fetch it with, and the port of loopback.

    Raises Cancelled if nobody does, or GitHub gives no code.
    """
    state = secrets.token_urlsafe(24)
    async with Loopback(done=_DONE) as loopback:
        told = github_manifest.manifest(address, name, loopback.address, webhook)
        form = github_manifest.form(github_manifest.creation_page(address, organization, state), told)
        await open_browser(loopback.show(*_FORM, form))
        answer = await loopback.answer_to(state, within_s)
        if not _CODE.fullmatch(answer.get("code", "")):
            why = answer.get("error_description") or answer.get("error") or "it gave no code"
            raise Cancelled("The app was not made", f"GitHub says: {why[:200]}", "Begin again, or sign in with a token")
        return answer["code"], loopback.port


async def fetch_app(
    address: str, code: str, transport: httpx.AsyncBaseTransport | None = None
) -> tuple[GitHubApp, AppSecrets]:
    """Give the app that a code stands for, with its secrets. A code can be used once, within an hour.

    Raises NotAllowed for a code that was used, Unreachable.
    """

    async def nobody(_refused: str) -> str:
        return ""

    client = _client(address, nobody, transport)
    try:
        found = (await client.ask("POST", f"app-manifests/{reading.part(code)}/conversions")).content
    except NotFound:
        raise NotAllowed(
            "GitHub does not give the app away", "its code was used already, or is older than an hour", "Begin again"
        ) from None
    finally:
        await client.close()
    app = GitHubApp(
        id=reading.text(found, "id"),
        address=address,
        name=reading.text(found, "name"),
        page=reading.text(found, "html_url").rstrip("/"),
        owner=reading.text(found, "owner", "login"),
        is_organization=reading.text(found, "owner", "type") == "Organization",
        client_id=reading.text(found, "client_id"),
    )
    kept = AppSecrets(
        reading.text(found, "client_secret"), reading.text(found, "pem"), reading.text(found, "webhook_secret")
    )
    is_whole = app.id and app.client_id and kept.client_secret and kept.private_key
    if not is_whole or not app.page.startswith(f"{address}/"):
        raise Unreachable(
            "GitHub did not answer as its API does",
            "the new app comes without what it is used with",
            f"Delete the app at {address}/settings/apps and begin again",
        )
    return app, kept


class AppHost:
    """GitHub as one app sees it, not as a person. Close it after use."""

    def __init__(self, app: GitHubApp, kept: AppSecrets, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._app, self._kept = app, kept
        self._token, self._token_until = "", datetime.now(UTC)
        self._client = _client(app.address, self._authorization, transport)

    async def installations(self) -> int:
        """Give at how many accounts the app is installed (100 or more count as 100)."""
        return len(list(reading.items((await self._client.get("app/installations", per_page=100)).content)))

    async def wait_installed(self, within_s: float, every_s: float) -> int:
        """Wait until it is installed somewhere. Raises Cancelled."""
        try:
            async with asyncio.timeout(within_s):
                while True:  # GitHub tells its webhook, which the desktop has not
                    if found := await self.installations():
                        return found
                    await asyncio.sleep(every_s)
        except TimeoutError:
            raise Cancelled(
                f"{self._app.name} is not installed yet",
                "nobody chose what it may reach, or an owner of the organization has yet to agree",
                f"Install it at {self._app.install_page}, then sign in by it",
            ) from None

    async def set_webhook(self, url: str, secret: str) -> None:
        """Let the app tell another address of pushes, as JSON, signed with `secret`."""
        body = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        await self._client.ask("PATCH", "app/hook/config", body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _authorization(self, refused: str) -> str:
        if refused:
            raise NotAllowed(
                f"GitHub does not know {self._app.name} any more",
                "the app or its private key was deleted there",
                "Forget the app here (godploy git app forget) and make another one",
            )
        now = datetime.now(UTC)
        if now >= self._token_until:  # reading and using the key takes 40 ms
            self._token, self._token_until = app_token(self._app.id, self._kept.private_key, now), now + _TOKEN_FOR
        return f"Bearer {self._token}"


def _client(address: str, authorization: Authorization, transport: httpx.AsyncBaseTransport | None) -> HostClient:
    name = "GitHub" if address == github.PUBLIC else address.partition("://")[2]
    return HostClient(name, github.GitHub.api(address), authorization, headers=github.HEADERS, transport=transport)
