"""Asking a git host's HTTP API: authorization, rate limits, paging, and errors that a person understands."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from godploy_desktop.git_hosting.host import RateLimited, SignInAgain
from godploy_desktop.git_hosting.values import RateLimit
from godploy_server.contract import BadInput, Conflict, GodployError, NotAllowed, NotFound, Unreachable

Authorization = Callable[[str], Awaitable[str]]
"""Gives the value of the Authorization header ("": none is sent), another one than the argument: what the host
refused, "" at first.
Raises SignInAgain when there is none to be had."""

TIMEOUT: Final = httpx.Timeout(20.0, connect=10.0)
MOST_BYTES: Final = 8 * 1024 * 1024
_TRIES: Final = 3
_LONGEST_WAIT_S: Final = 20.0
_NEXT_LINK: Final = re.compile(r'<([^>]*)>;\s*rel="?next"?')
_USER_AGENT: Final = "godploy"


@dataclass(frozen=True)
class Answer:
    """What a host answered: decoded JSON (None for an empty body), and its header fields."""

    content: Any
    fields: Mapping[str, str]

    @property
    def next_page(self) -> str:
        """The address of the next page from the Link header (RFC 8288), "" at the end."""
        found = _NEXT_LINK.search(self.fields.get("link", ""))
        return found[1] if found else ""


class HostClient:
    """Asks one host in one account's name. `host` is its name in messages; `base` the address that paths are below."""

    def __init__(
        self,
        host: str,
        base: str,
        authorization: Authorization,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._host = host
        self._base = httpx.URL(base.rstrip("/") + "/")
        self._authorization = authorization
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT,
            headers={"User-Agent": _USER_AGENT, "Accept": "application/json", **(headers or {})},
            transport=transport,
            verify=_trust() if transport is None else True,
            follow_redirects=False,
        )
        self.rate_limit: RateLimit | None = None

    async def get(self, path: str, **query: str | int) -> Answer:
        """GET; `path` may be a whole address that an earlier answer gave, of the same host."""
        return await self.ask("GET", path, query={name: str(value) for name, value in query.items()})

    async def ask(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None, raw: bool = False
    ) -> Answer:
        """Ask, signing in anew once if the token was refused and waiting for a short rate limit. Raises GodployError.

        With `raw` the content is the bytes as they came.
        """
        refused = ""
        for attempt in range(_TRIES):
            authorization = await self._authorization(refused)
            response, content = await self._send(method, path, body, query or {}, authorization)
            self._note_limit(response)
            if response.status_code == 401 and not refused:
                refused = authorization
                continue
            wait_s = _waits(response)
            if wait_s is not None:
                if wait_s > _LONGEST_WAIT_S or attempt == _TRIES - 1:
                    raise self._limited(wait_s)
                await asyncio.sleep(wait_s)
                continue
            if response.status_code >= 400:
                raise self._error(response.status_code, _said(content), method)
            return Answer(content if raw else _decoded(content, self._host), _lower(response.headers))
        raise self._error(401, "", method)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(
        self, method: str, path: str, body: object, query: Mapping[str, str], authorization: str
    ) -> tuple[httpx.Response, bytes]:
        address = self._address(path)
        headers = {"Authorization": authorization} if authorization else {}
        try:
            async with self._client.stream(
                method, address, params=query or None, json=body, headers=headers
            ) as response:
                content = b""
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        raise BadInput(f"{self._host} answered too much", "more than 8 MB", "Choose something smaller")
                return response, content
        except httpx.TimeoutException:
            raise self._unreachable("it did not answer in time") from None
        except httpx.HTTPError as error:
            raise self._unreachable(str(error)[:200] or type(error).__name__) from None

    def _address(self, path: str) -> httpx.URL:
        address = self._base.join(path.lstrip("/") if "://" not in path else path)
        if (address.scheme, address.host, address.port) != (self._base.scheme, self._base.host, self._base.port):
            # the token goes nowhere but to its host, whatever an answer says
            raise NotAllowed(
                f"{self._host} named another host", f"the next page is said to be at {address.host}", "Try again later"
            )
        return address

    def _note_limit(self, response: httpx.Response) -> None:
        fields = _lower(response.headers)
        for prefix in ("x-ratelimit-", "ratelimit-"):
            limit, remaining = fields.get(f"{prefix}limit", ""), fields.get(f"{prefix}remaining", "")
            if limit.isdigit() and remaining.isdigit():
                reset = fields.get(f"{prefix}reset", "")
                at = datetime.fromtimestamp(int(reset), UTC) if reset.isdigit() and int(reset) > 10**9 else None
                self.rate_limit = RateLimit(int(remaining), int(limit), at)
                return

    def _limited(self, wait_s: float) -> GodployError:
        minutes = max(1, round(wait_s / 60))
        return RateLimited(
            f"{self._host} takes no more requests for now",
            f"the account asked too often; it goes on in about {minutes} min",
            "Wait that long and try again",
        )

    def _unreachable(self, why: str) -> GodployError:
        return Unreachable(
            f"{self._host} cannot be reached", why, "Check the address and this computer's connection, then try again"
        )

    def _error(self, status: int, said: str, method: str) -> GodployError:
        why = f"it answered {status}{f': {said}' if said else ''}"
        doing = "reading" if method == "GET" else "changing"
        if status == 401:
            return SignInAgain(f"{self._host} does not accept the sign-in any more", why, "Sign in again")
        if status == 403:
            return NotAllowed(
                f"{self._host} does not allow {doing} this",
                why,
                "Sign in with the scopes that are named there, or ask an administrator of the repository",
            )
        if status == 404:
            return NotFound(
                f"{self._host} does not know this", why, "Check the name, and that the account can see the repository"
            )
        if status in (409, 422):
            return Conflict(f"{self._host} refuses this", why, "Correct what it names")
        if status >= 500:
            return Unreachable(f"{self._host} has a problem", why, "Try again later")
        return BadInput(f"{self._host} refuses this", why, "Correct what it names")


def _trust() -> ssl.SSLContext:
    # what the system trusts, so that a company's own authority works without a setting of ours
    return ssl.create_default_context()


def _waits(response: httpx.Response) -> float | None:
    """How long a host wants us to wait, in seconds; None if it does not. GitHub says so with 403 too."""
    fields = _lower(response.headers)
    if response.status_code == 429 or (response.status_code == 403 and "retry-after" in fields):
        after = fields.get("retry-after", "")
        return float(after) if after.isdigit() else 60.0
    if response.status_code == 403 and fields.get("x-ratelimit-remaining") == "0":
        reset = fields.get("x-ratelimit-reset", "")
        return max(1.0, int(reset) - datetime.now(UTC).timestamp()) if reset.isdigit() else 60.0
    return None


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _decoded(content: bytes, host: str) -> Any:
    if not content.strip():
        return None
    try:
        return httpx.Response(200, content=content).json()
    except ValueError:
        raise Unreachable(
            f"{host} did not answer as its API does", "the answer is no JSON", "Check the address of the host"
        ) from None


def _said(content: bytes) -> str:
    """Give the sentence in an error answer, in one line of at most 300 characters."""
    try:
        found = httpx.Response(200, content=content).json()
    except ValueError:
        return ""
    parts = []
    if isinstance(found, Mapping):
        for name in ("message", "error_description", "error"):
            value = found.get(name)
            value = value.get("message") if isinstance(value, Mapping) else value
            if value and str(value) not in parts:
                parts.append(str(value))
        for each in found.get("errors") or ():
            text = each.get("message") if isinstance(each, Mapping) else each
            if text:
                parts.append(str(text))
    return "; ".join("".join(sign for sign in part if sign.isprintable()) for part in parts)[:300]
