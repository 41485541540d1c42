"""Testing a webhook that was entered at a git host by hand: this computer sends what the host would send.

It goes the same way, through the public address, the proxy and the relay, signed as that kind of host signs; a test
that arrives is listed as one and deploys nothing. What it cannot tell is what the host itself does: that is read from
what came last.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import socket
import ssl
from contextlib import aclosing
from typing import Final
from urllib.parse import urlsplit

import httpx

from godploy_desktop.core.git import linking
from godploy_desktop.core.git.hook_words import HookTested, last_of_host
from godploy_desktop.core.server import Server
from godploy_server.contract import (
    TEST_EVENT,
    BadInput,
    Conflict,
    Delivery,
    DeliveryReceived,
    GodployError,
    Hook,
    HookHost,
    NotReady,
    ServiceId,
    Snapshot,
    Unreachable,
)

ANSWER_WITHIN_S: Final = 15.0
LISTED_WITHIN_S: Final = 15.0
_SHOWN: Final = 200


def signed_test(host: HookHost, secret: str, nonce: str) -> tuple[dict[str, str], bytes]:
    """Give header fields and body of a test, signed as this kind of host signs. `nonce` makes it unlike any other."""
    body = json.dumps({"test": nonce}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    fields = {
        HookHost.GITHUB: {
            "x-github-event": TEST_EVENT,
            "x-github-delivery": nonce,
            "x-hub-signature-256": f"sha256={signature}",
        },
        HookHost.GITEA: {
            "x-gitea-event": TEST_EVENT,
            "x-gitea-delivery": nonce,
            "x-gitea-signature": signature,
        },
        HookHost.GITLAB: {
            "x-gitlab-event": TEST_EVENT,
            "x-gitlab-event-uuid": nonce,
            "x-gitlab-token": secret,
        },
        HookHost.BITBUCKET: {
            "x-event-key": TEST_EVENT,
            "x-request-uuid": nonce,
            "x-hub-signature": f"sha256={signature}",
        },
    }[host]
    return {"content-type": "application/json", "user-agent": "godploy", **fields}, body


async def send_test(server: Server, service_id: ServiceId, trust: ssl.SSLContext | None = None) -> HookTested:
    """Send a test to a service's webhook and wait until the server lists it; gives how that went, whatever it was.

    `trust` None: the certificates that this computer trusts. Raises NotFound where there is no hook, Conflict for one
    that an application at the host holds, and what the server answers if it cannot be asked.
    """
    hook = await server.agent.hook(service_id)
    if hook.shared:
        raise Conflict(
            "The webhook is not the service's own",
            "an application at the git host holds its address and secret",
            "Let the host send a test instead",
        )
    address = await linking.hook_address(server, hook)
    secret = (await server.agent.hook_secret(service_id)).secret
    last = last_of_host(await server.agent.deliveries(service_id))
    try:
        await _send_and_wait(server, hook, address, secret, trust)
    except GodployError as error:
        return HookTested(address, error.problem, last)
    return HookTested(address, None, last)


async def _send_and_wait(
    server: Server, hook: Hook, address: str, secret: str, trust: ssl.SSLContext | None
) -> Delivery:
    """Send a test and give what the server lists. The stream of events is opened first, so that nothing is missed."""
    headers, body = signed_test(hook.host, secret, secrets.token_hex(16))
    await _resolve(address)
    async with aclosing(server.agent.events()) as events:
        async for event in events:
            if isinstance(event, Snapshot):
                break
        _require_believed(await _send(address, headers, body, trust), address)
        try:
            async with asyncio.timeout(LISTED_WITHIN_S):
                async for event in events:
                    if isinstance(event, DeliveryReceived) and _is_test(event.delivery, hook.service_id):
                        return event.delivery
        except TimeoutError:
            pass
    raise NotReady(
        "The test was taken, but is not listed",
        f"the relay answered that it has it, and the agent told of none within {LISTED_WITHIN_S:g} s",
        "Look at the state of the server's agent",
    )


def _is_test(delivery: Delivery, service_id: ServiceId) -> bool:
    return delivery.service_id == service_id and delivery.event_name == TEST_EVENT


async def _resolve(address: str) -> None:
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        await asyncio.get_running_loop().getaddrinfo(host, parts.port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(
            f"No address is known for {host}",
            f"DNS says: {getattr(error, 'strerror', None) or error}",
            "Add its DNS record, or another domain, to be reached by",
        ) from error


async def _send(address: str, headers: dict[str, str], body: bytes, trust: ssl.SSLContext | None) -> httpx.Response:
    where = urlsplit(address).netloc
    context = trust or ssl.create_default_context()
    try:
        async with httpx.AsyncClient(verify=context, timeout=ANSWER_WITHIN_S, follow_redirects=False) as client:
            return await client.post(address, headers=headers, content=body)
    except httpx.TimeoutException:
        raise Unreachable(
            f"{where} does not answer",
            f"nothing came within {ANSWER_WITHIN_S:g} s",
            "Open its port in the firewall, and check that DNS leads to this server",
        ) from None
    except httpx.TransportError as error:
        if (problem := _tls_problem(error)) is not None:
            raise Unreachable(
                f"The certificate of {where} is not trusted",
                problem,
                "Wait until the domain's certificate is there, or see why it is not under Domains",
            ) from error
        raise Unreachable(
            f"{where} cannot be reached",
            str(error) or type(error).__name__,
            "Open its port in the firewall, and check that the proxy runs",
        ) from error


def _tls_problem(error: BaseException | None) -> str | None:
    """Give why a handshake failed, None if it was something else."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return getattr(error, "verify_message", "") or error.reason or str(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error) or "[SSL" in str(error):
            return str(error)[:_SHOWN]
        error = error.__cause__ or error.__context__
    return None


def _require_believed(response: httpx.Response, address: str) -> None:
    """Raise what any other answer than the relay's yes means."""
    where, status = urlsplit(address).netloc, response.status_code
    is_relay = response.headers.get("content-type", "").startswith("application/json")
    if status == 202:
        return
    if 300 <= status < 400:
        raise Conflict(
            f"{where} answers with another address",
            f"it leads to {response.headers.get('location', 'nowhere')[:_SHOWN]}, and git hosts do not follow",
            "Enter that address at the host, or another domain",
        )
    if status == 404 and not is_relay:
        raise Unreachable(
            f"Something else answers at {where}",
            "it does not know the path of webhooks (404): DNS or a port leads to another machine, or to a proxy that"
            " stands before this server",
            f"Lead {where} to this server, with everything below /_godploy/",
        )
    if status == 404:
        raise Conflict(
            "The server does not know this address",
            "it was made anew meanwhile, or belongs to another server",
            "Enter the address that is shown now",
        )
    refused = _refusal(response)
    if status == 401:
        raise BadInput("The test was not believed", refused or "its signature was refused", "Make a new secret")
    if status == 429:
        raise NotReady("Too much came at once", refused or "the relay takes no more now", "Try again in a minute")
    raise Unreachable(
        f"{where} answered {status}",
        refused or response.text.strip()[:_SHOWN] or "it gave no reason",
        "Look at the proxy and at the server's relay",
    )


def _refusal(response: httpx.Response) -> str:
    try:
        found = response.json()
    except ValueError:
        return ""
    return str(found.get("refused", ""))[:_SHOWN] if isinstance(found, dict) else ""
