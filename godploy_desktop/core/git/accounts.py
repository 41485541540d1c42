"""The person's accounts at git hosts: signing in, renewing, forgetting. Tokens lie in the vault alone."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets as randomness
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from godploy_desktop.core.git import GIT_ACCOUNTS
from godploy_desktop.core.git.apps import GitHubApps
from godploy_desktop.core.secrets import Secrets
from godploy_desktop.core.signal import Signal
from godploy_desktop.git_hosting import bitbucket, gitea, github, gitlab
from godploy_desktop.git_hosting.github_installations import GitHubByApp
from godploy_desktop.git_hosting.host import GitHost, SignInAgain
from godploy_desktop.git_hosting.http import Authorization, HostClient
from godploy_desktop.git_hosting.oauth import DeviceCode, Endpoints, OAuth, OpenBrowser
from godploy_desktop.git_hosting.values import Account, GitHubApp, HostKind, SignIn, Tokens
from godploy_server.contract import BadInput, NotFound

SETTING: Final = GIT_ACCOUNTS
PREFERRED: Final = "git-account-used-last"
CLIENT_IDS: Final = "git-client-ids"
"""The setting that maps a host's address to the client id of an OAuth application there."""

PUBLIC: Final = {
    HostKind.GITHUB: github.PUBLIC,
    HostKind.GITLAB: gitlab.PUBLIC,
    HostKind.BITBUCKET: bitbucket.PUBLIC,
    HostKind.GITEA: "https://codeberg.org",
}
NAMES: Final = {
    HostKind.GITHUB: "GitHub",
    HostKind.GITLAB: "GitLab",
    HostKind.BITBUCKET: "Bitbucket",
    HostKind.GITEA: "Gitea or Forgejo",
}
SCOPES: Final = {
    HostKind.GITHUB: github.SCOPES,
    HostKind.GITLAB: gitlab.SCOPES,
    HostKind.BITBUCKET: bitbucket.SCOPES,
    HostKind.GITEA: gitea.SCOPES,
}
_TOKEN_PAGES: Final = {
    HostKind.GITHUB: github.token_page,
    HostKind.GITLAB: gitlab.token_page,
    HostKind.BITBUCKET: bitbucket.token_page,
    HostKind.GITEA: gitea.token_page,
}
_HOSTS: Final[
    dict[HostKind, type[github.GitHub] | type[gitlab.GitLab] | type[bitbucket.Bitbucket] | type[gitea.Gitea]]
] = {
    HostKind.GITHUB: github.GitHub,
    HostKind.GITLAB: gitlab.GitLab,
    HostKind.BITBUCKET: bitbucket.Bitbucket,
    HostKind.GITEA: gitea.Gitea,
}
_ADDRESS: Final = re.compile(r"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)(?P<path>/[^\s?#]*)?")
_RENEW_BEFORE: Final = timedelta(minutes=2)


def ways(kind: HostKind) -> tuple[SignIn, ...]:
    """Give how one can sign in at a host of this kind, the best first. GitHub's browser flow and Bitbucket's OAuth want
    a client secret, which a program on people's computers cannot keep."""
    return {
        HostKind.GITHUB: (SignIn.APP, SignIn.DEVICE, SignIn.TOKEN),
        HostKind.GITLAB: (SignIn.BROWSER, SignIn.DEVICE, SignIn.TOKEN),
        HostKind.BITBUCKET: (SignIn.TOKEN,),
        HostKind.GITEA: (SignIn.BROWSER, SignIn.TOKEN),
    }[kind]


def token_page(kind: HostKind, address: str) -> str:
    """Give the page of a host where a token is made, filled in where the host allows."""
    return _TOKEN_PAGES[kind](address)


def api_address(kind: HostKind, address: str) -> str:
    """Give where the API of a host at that address is."""
    return _HOSTS[kind].api(address)


def clean_address(kind: HostKind, text: str) -> str:
    """Give the address of a host as it is kept: the usual one for "", https:// where no scheme is given."""
    found = _ADDRESS.fullmatch(text.strip() or PUBLIC[kind])
    if found is None:
        raise BadInput(
            f"“{text}” is not the address of a git host",
            "an address looks like https://git.example.org",
            "Correct the address",
        )
    return f"{found['scheme'] or 'https'}://{found['host'].lower()}{(found['path'] or '').rstrip('/')}"


class GitAccounts:
    """All accounts of one profile. `read` and `write` are the profile's settings."""

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
        self._renewing: dict[str, asyncio.Lock] = {}
        self.apps = GitHubApps(secrets, read, write, transport)
        self.changed: Signal[GitAccounts] = Signal()

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, in the order in which they were added."""
        return tuple(map(_account, self._read(SETTING) or ()))

    def find(self, name: str) -> Account:
        """Give the account of that id, login, or login@host. Raises NotFound naming those that exist."""
        for each in self.accounts:
            if name in (each.id, each.login, each.label):
                return each
        known = ", ".join(each.label for each in self.accounts) or "none yet"
        raise NotFound(f"There is no account “{name}”", f"the accounts are: {known}", "Check the name, or sign in")

    @property
    def preferred(self) -> Account | None:
        """The account that was chosen last, else the first one, None without any."""
        wanted = self._read(PREFERRED)
        known = self.accounts
        return next((each for each in known if each.id == wanted), known[0] if known else None)

    def prefer(self, account: Account) -> None:
        """Remember that this account was chosen."""
        if self._read(PREFERRED) != account.id:
            self._write(PREFERRED, account.id)

    def client_id(self, address: str) -> str:
        """Give the client id that is set for a host, "" if none is."""
        ids = self._read(CLIENT_IDS) or {}
        return str(ids.get(address, "")) if isinstance(ids, dict) else ""

    def set_client_id(self, address: str, client_id: str) -> None:
        """Remember the client id of an OAuth application at a host; "" forgets it."""
        ids = dict(self._read(CLIENT_IDS) or {})
        ids.pop(address, None)
        self._write(CLIENT_IDS, ids | ({address: client_id.strip()} if client_id.strip() else {}))

    async def add_token(self, kind: HostKind, address: str, token: str, email: str = "") -> Account:
        """Sign in with a token, which is tried first. Bitbucket's API tokens go with the `email` of the account."""
        if not token.strip():
            raise BadInput("There is no token", "the field is empty", f"Make one: {token_page(kind, address)}")
        access = f"{email.strip()}:{token.strip()}" if email.strip() else token.strip()
        return await self._add(kind, clean_address(kind, address), SignIn.TOKEN, Tokens(access))

    async def sign_in_by_browser(self, kind: HostKind, address: str, open_browser: OpenBrowser) -> Account:
        """Sign in in the system's browser."""
        address = clean_address(kind, address)
        oauth = self._oauth(kind, address)
        return await self._add(kind, address, SignIn.BROWSER, await oauth.by_browser(open_browser))

    async def sign_in_by_device(self, kind: HostKind, address: str, show: Callable[[DeviceCode], None]) -> Account:
        """Sign in by a code that is typed in at the host."""
        address = clean_address(kind, address)
        oauth = self._oauth(kind, address)
        return await self._add(kind, address, SignIn.DEVICE, await oauth.by_device(show))

    async def sign_in_by_app(self, app: GitHubApp, open_browser: OpenBrowser) -> Account:
        """Sign in as a user of a GitHub App of one's own, in the system's browser."""
        tokens = await (await self._oauth_of_app(app)).by_browser(open_browser)
        return await self._add(HostKind.GITHUB, app.address, SignIn.APP, tokens, app.client_id)

    def app_of(self, account: Account) -> GitHubApp | None:
        """Give the app that an account was signed in by, None for any other sign-in, or where it was forgotten."""
        if account.sign_in is not SignIn.APP:
            return None
        return self.apps.by_client(account.address, account.client_id)

    def signed_in_by(self, app: GitHubApp) -> tuple[Account, ...]:
        """Give the accounts that were signed in by an app."""
        return tuple(each for each in self.accounts if self.app_of(each) == app)

    async def forget_app(self, app: GitHubApp) -> None:
        """Forget an app, and the accounts that were signed in by it."""
        for each in self.signed_in_by(app):
            await self.remove(each)
        await self.apps.forget(app)

    async def remove(self, account: Account) -> None:
        """Forget an account and its tokens. At the host, the sign-in can be revoked too."""
        self._write(SETTING, [_row(each) for each in self.accounts if each.id != account.id])
        await self._secrets.forget_secret(_name(account.id))
        self.changed.emit(self)

    def tell_commits(self, account: Account, *, is_on: bool) -> Account:
        """Let this computer tell the account's host the states of commits in its name, or let it no more."""
        changed = replace(account, tells_commits=is_on)
        self._write(SETTING, [_row(changed if each.id == account.id else each) for each in self.accounts])
        self.changed.emit(self)
        return changed

    def host(self, account: Account) -> GitHost:
        """Give what asks the host in the account's name. Close it after use."""
        return self._host(account, lambda refused: self._authorization(account, refused))

    async def _add(self, kind: HostKind, address: str, sign_in: SignIn, tokens: Tokens, client_id: str = "") -> Account:
        draft = Account("", kind, address, "", "", sign_in, client_id or self.client_id(address))

        async def just_this(refused: str) -> str:
            if refused:
                raise SignInAgain(f"{NAMES[kind]} does not accept this", "the token is wrong or revoked", "Try another")
            return _header(kind, tokens)

        host = self._host(draft, just_this)
        try:
            login, name = await host.who_am_i()
        finally:
            await host.close()
        known = [each for each in self.accounts if (each.address, each.login) == (address, login)]
        account_id = known[0].id if known else randomness.token_hex(6)
        tells = bool(known) and known[0].tells_commits
        account = replace(draft, id=account_id, login=login, name=name, tells_commits=tells)
        await self._secrets.keep_secret(_name(account_id), _stored(tokens))
        kept = [each for each in self.accounts if each.id != account_id]
        self._write(SETTING, [_row(each) for each in (*kept, account)])
        self.changed.emit(self)
        return account

    async def _authorization(self, account: Account, refused: str) -> str:
        # One at a time: hosts take a refresh token once, and whoever waited finds what the other one got.
        async with self._renewing.setdefault(account.id, asyncio.Lock()):
            return await self._accepted(account, refused)

    async def _accepted(self, account: Account, refused: str) -> str:
        stored = await self._secrets.secret(_name(account.id))
        if stored is None:
            raise SignInAgain(
                f"{account.label} is signed out", "its token is not in the keyring of this computer", "Sign in again"
            )
        tokens = _tokens(stored)
        is_old = tokens.expires_at is not None and tokens.expires_at - _RENEW_BEFORE < datetime.now(UTC)
        if is_old or _header(account.kind, tokens) == refused:
            if not tokens.refresh:
                raise SignInAgain(
                    f"{account.label} has to sign in again", "its token is expired or was revoked", "Sign in again"
                )
            tokens = await (await self._oauth_of(account)).renew(tokens)
            await self._secrets.keep_secret(_name(account.id), _stored(tokens))
        return _header(account.kind, tokens)

    async def _oauth_of(self, account: Account) -> OAuth:
        if account.sign_in is not SignIn.APP:
            return self._oauth(account.kind, account.address)
        app = self.app_of(account)
        if app is None:
            raise SignInAgain(
                f"{account.label} has to sign in again",
                "the app that it was signed in by was forgotten here",
                "Sign in again, by another app or another way",
            )
        return await self._oauth_of_app(app)

    async def _oauth_of_app(self, app: GitHubApp) -> OAuth:
        kept = await self.apps.secrets_of(app)
        endpoints = github.endpoints(app.address)
        return OAuth(endpoints, app.client_id, (), self._transport, secret=kept.client_secret, port=app.port)

    def _oauth(self, kind: HostKind, address: str) -> OAuth:
        endpoints: dict[HostKind, Callable[[str], Endpoints]] = {
            HostKind.GITHUB: github.endpoints,
            HostKind.GITLAB: gitlab.endpoints,
            HostKind.GITEA: gitea.endpoints,
        }
        client_id = self.client_id(address)
        if kind not in endpoints or not client_id:
            raise BadInput(
                f"Signing in at {address} in the browser is not set up",
                "no client id of an OAuth application is set for it",
                "Make a public OAuth application there with the redirect address http://127.0.0.1/ and give its client"
                " id, or sign in with a token",
            )
        return OAuth(endpoints[kind](address), client_id, SCOPES[kind], self._transport)

    def _host(self, account: Account, authorization: Authorization) -> GitHost:
        kind = _HOSTS[account.kind]
        headers = github.HEADERS if account.kind is HostKind.GITHUB else None
        name = NAMES[account.kind] if account.address == PUBLIC[account.kind] else account.address.partition("://")[2]
        client = HostClient(name, kind.api(account.address), authorization, headers=headers, transport=self._transport)
        app = self.app_of(account)
        return kind(client) if app is None else GitHubByApp(client, app)


def _header(kind: HostKind, tokens: Tokens) -> str:
    if kind is HostKind.BITBUCKET and ":" in tokens.access:
        return f"Basic {base64.b64encode(tokens.access.encode()).decode('ascii')}"
    return f"Bearer {tokens.access}"


def _name(account_id: str) -> str:
    return f"git account {account_id}"


def _row(account: Account) -> dict[str, str | bool]:
    return {**vars(account), "kind": account.kind.value, "sign_in": account.sign_in.value}


def _account(row: dict[str, Any]) -> Account:
    return Account(**{**row, "kind": HostKind(row["kind"]), "sign_in": SignIn(row["sign_in"])})


def _stored(tokens: Tokens) -> str:
    expires_at = tokens.expires_at.isoformat() if tokens.expires_at else ""
    return json.dumps(
        {"access": tokens.access, "refresh": tokens.refresh, "expires_at": expires_at, "scopes": tokens.scopes}
    )


def _tokens(stored: str) -> Tokens:
    found = json.loads(stored)
    expires_at = datetime.fromisoformat(found["expires_at"]) if found["expires_at"] else None
    return Tokens(found["access"], found["refresh"], expires_at, tuple(found["scopes"]))
