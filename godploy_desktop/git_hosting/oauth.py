"""OAuth 2.0 for native applications: the system's browser, a redirect to loopback, PKCE; and the device flow.

Sources: RFC 8252 (native applications), RFC 7636 (PKCE, S256 only), RFC 6749 (refresh), RFC 8628 (device flow).
These are public clients without a secret; but a GitHub App that was made here has one of its own, which lies in the
keyring. Tokens are never printed or put into an address.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from godploy_desktop.git_hosting.host import SignInAgain
from godploy_desktop.git_hosting.loopback import Loopback
from godploy_desktop.git_hosting.values import Tokens
from godploy_server.contract import Cancelled, NotAllowed, Unreachable

LONGEST_SIGN_IN_S: Final = 600.0
_TIMEOUT: Final = httpx.Timeout(20.0, connect=10.0)

OpenBrowser = Callable[[str], Awaitable[None]]
"""Opens an address in the person's browser."""


@dataclass(frozen=True)
class Endpoints:
    """Where a host signs people in; `device` is "" where it has no device flow."""

    authorize: str
    token: str
    device: str = ""


@dataclass(frozen=True)
class DeviceCode:
    """What the person types in at `address`, on whatever device has a browser."""

    user_code: str
    address: str
    expires_in_s: float


@dataclass(frozen=True)
class Verifier:
    """The secret of one sign-in (RFC 7636) and what of it goes over the browser."""

    secret: str
    challenge: str

    @classmethod
    def new(cls) -> Verifier:
        """Give a new one: 43 characters of 256 random bits."""
        secret = secrets.token_urlsafe(32)
        digest = hashlib.sha256(secret.encode("ascii")).digest()
        return cls(secret, base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"))


class OAuth:
    """Signs in at one host for one client. `secret` is that of an app that was made here, else "" (public clients).
    `port` of loopback is tried first."""

    def __init__(
        self,
        endpoints: Endpoints,
        client_id: str,
        scopes: tuple[str, ...],
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        secret: str = "",
        port: int = 0,
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._scopes = scopes
        self._transport = transport
        self._secret = secret
        self._port = port

    async def by_browser(self, open_browser: OpenBrowser, within_s: float = LONGEST_SIGN_IN_S) -> Tokens:
        """Let the person sign in in the browser. Raises Cancelled (refused there), NotAllowed, Unreachable."""
        verifier, state = Verifier.new(), secrets.token_urlsafe(24)
        async with Loopback(self._port) as loopback:
            query = {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": loopback.address,
                **({"scope": " ".join(self._scopes)} if self._scopes else {}),
                "state": state,
                "code_challenge": verifier.challenge,
                "code_challenge_method": "S256",
            }
            await open_browser(f"{self._endpoints.authorize}?{urlencode(query)}")
            answer = await loopback.answer_to(state, within_s)
            if "code" not in answer:
                why = answer.get("error_description") or answer.get("error") or "it gave no reason"
                raise Cancelled("The sign-in was refused", f"the host says: {why[:200]}", "Begin again, or use a token")
            return await self._token(
                {
                    "grant_type": "authorization_code",
                    "code": answer["code"],
                    "redirect_uri": loopback.address,
                    "code_verifier": verifier.secret,
                }
            )

    async def by_device(self, show: Callable[[DeviceCode], None]) -> Tokens:
        """Let the person type a code in on any device. Raises Cancelled, NotAllowed, Unreachable."""
        asked = await self._post(
            self._endpoints.device, {"client_id": self._client_id, "scope": " ".join(self._scopes)}
        )
        code = str(asked.get("device_code", ""))
        if not code:
            raise _refused(asked)
        expires_in_s = float(asked.get("expires_in", 900))
        address = str(asked.get("verification_uri_complete") or asked.get("verification_uri") or "")
        show(DeviceCode(str(asked.get("user_code", "")), address, expires_in_s))
        interval_s = float(asked.get("interval", 5))
        give_up = asyncio.get_running_loop().time() + expires_in_s
        while asyncio.get_running_loop().time() < give_up:
            await asyncio.sleep(interval_s)
            answer = await self._post(
                self._endpoints.token,
                {
                    "client_id": self._client_id,
                    "device_code": code,
                    "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                },
            )
            error = answer.get("error")
            if error == "slow_down":
                interval_s = float(answer.get("interval", interval_s + 5))
            elif error == "access_denied":
                raise Cancelled("The sign-in was refused", "it was refused at the host", "Begin again, or use a token")
            elif error != "authorization_pending":
                return _tokens(answer)
        raise Cancelled("Nobody signed in", "the code is no longer valid", "Begin again")

    async def renew(self, tokens: Tokens) -> Tokens:
        """Give new tokens for a refresh token. Raises SignInAgain, Unreachable."""
        if not tokens.refresh:
            raise SignInAgain("The sign-in is over", "the host gave no way to renew it", "Sign in again")
        try:
            renewed = await self._token({"grant_type": "refresh_token", "refresh_token": tokens.refresh})
        except NotAllowed as error:
            raise SignInAgain("The sign-in is over", error.problem.why, "Sign in again") from None
        if renewed.refresh:
            return renewed
        return Tokens(renewed.access, tokens.refresh, renewed.expires_at, renewed.scopes or tokens.scopes)

    async def _token(self, form: Mapping[str, str]) -> Tokens:
        client = {"client_id": self._client_id} | ({"client_secret": self._secret} if self._secret else {})
        return _tokens(await self._post(self._endpoints.token, client | dict(form)))

    async def _post(self, address: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        verify = ssl.create_default_context() if self._transport is None else True
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT, transport=self._transport, verify=verify) as client:
                response = await client.post(address, data=dict(form), headers={"Accept": "application/json"})
                answer = response.json()
        except httpx.HTTPError as error:
            raise Unreachable(
                "The git host cannot be reached", str(error)[:200] or type(error).__name__, "Check its address"
            ) from None
        except ValueError:
            answer = None
        if not isinstance(answer, Mapping):
            raise Unreachable(
                "The git host did not answer as OAuth says",
                f"it answered {response.status_code}, and no JSON object",
                "Check its address and the client id",
            )
        return answer


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        raise _refused(answer)
    expires_in = answer.get("expires_in")
    expires_at = None
    if isinstance(expires_in, (int, float)) and expires_in > 0:
        expires_at = datetime.now(UTC) + timedelta(seconds=float(expires_in))
    scopes = str(answer.get("scope") or answer.get("scopes") or "").replace(",", " ").split()
    return Tokens(access, str(answer.get("refresh_token") or ""), expires_at, tuple(scopes))


def _refused(answer: Mapping[str, Any]) -> NotAllowed:
    why = str(answer.get("error_description") or answer.get("error") or "it gave no reason")
    return NotAllowed(
        "The git host refused the sign-in",
        f"it says: {''.join(sign for sign in why if sign.isprintable())[:200]}",
        "Check the client id and its redirect address (http://127.0.0.1/), or use a token",
    )
