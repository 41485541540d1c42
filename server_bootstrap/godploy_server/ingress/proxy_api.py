"""Traefik's own API on loopback: what it serves at this moment."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Final

from godploy_server.contract import NotReady, ServiceId
from godploy_server.ingress.dynamic import TOKEN_HEADER
from godploy_server.ingress.http_get import http_get

_POLL_S: Final = 0.02
SWITCH_TIMEOUT_S: Final = 15.0


async def proxy_version(api_port: int, token: str, timeout_s: float) -> str:
    """Wait until Traefik answers and give its version. Raises NotReady when it does not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            said = await _api(api_port, token, "/api/version")
        except OSError as error:
            if time.monotonic() >= deadline:
                raise _silent(str(error)) from None
        else:
            if said is not None:
                return str(said.get("Version", ""))
            if time.monotonic() >= deadline:
                raise _silent("its API does not accept this server's token")
        await asyncio.sleep(0.1)


async def upstreams_served(api_port: int, token: str, service_id: ServiceId) -> tuple[str, ...] | None:
    """Give the upstreams that Traefik uses for a service now; None when it knows no such service. Raises OSError."""
    said = await _api(api_port, token, f"/api/http/services/{service_id}@file")
    if said is None:
        return None
    return tuple(each["url"] for each in said.get("loadBalancer", {}).get("servers") or ())


async def wait_until_served(
    api_port: int,
    token: str,
    service_id: ServiceId,
    upstreams: Sequence[str],
    mark: str,
    timeout_s: float = SWITCH_TIMEOUT_S,
) -> None:
    """Wait until Traefik uses the routes with this mark, and sends the service's requests to exactly `upstreams`.

    Raises NotReady after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            served = None
            if await _api(api_port, token, f"/api/http/middlewares/{mark}@file") is not None:
                served = await upstreams_served(api_port, token, service_id)
            why = f"it still serves {', '.join(served or ()) or 'nothing'}"
        except OSError as error:
            served, why = None, f"its API does not answer: {error}"
        if served is not None and sorted(served) == sorted(upstreams):
            return
        if time.monotonic() >= deadline:
            raise NotReady(
                "The proxy did not take the new route",
                why,
                "Look at the log of the proxy's container; deploy again once it runs",
            )
        await asyncio.sleep(_POLL_S)


async def _api(api_port: int, token: str, path: str) -> dict[str, Any] | None:
    answer = await http_get("127.0.0.1", api_port, path, headers={TOKEN_HEADER: token})
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise ConnectionError(f"it answered {answer.status}")
    try:
        said: dict[str, Any] = json.loads(answer.body)
    except ValueError:
        raise ConnectionError("it answered something else than JSON") from None
    return said


def _silent(why: str) -> NotReady:
    return NotReady("The proxy does not answer", why, "Look at the log of the proxy's container on the server")
