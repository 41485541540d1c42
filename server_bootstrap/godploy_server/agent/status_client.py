"""Telling one commit state to a git host: one bounded POST to the address that a person set, and what its answer means.

Follows no redirect, so that the token goes nowhere else. Source: RFC 9110, “Retry-After”; GitHub REST API, “Rate
limits”, which answers 403 for them too.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final
from urllib.parse import urlsplit

import h11

from godploy_server.contract import (
    BadInput,
    CommitStatus,
    HookHost,
    NotAllowed,
    NotFound,
    NotReady,
    Problem,
    StatusRequest,
    StatusWriter,
    Unreachable,
    knows_already,
    status_request,
)
from godploy_server.contract.status_requests import TOKENS
from godploy_server.runtime.time_limit import within

TIMEOUT_S: Final = 20.0
_MOST_BYTES: Final = 64 * 1024
_LONGEST_SAID: Final = 200
_USUAL_WAIT_S: Final = 60.0
_GITHUB_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


@dataclass(frozen=True)
class HostAnswer:
    """What a git host answered: field names in lower case, `said` the sentence of an error."""

    status: int
    fields: Mapping[str, str]
    said: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of telling a state: taken (`problem` is None), to be tried again after `again_s`, or refused for good
    (`again_s` is None). `again_s` 0: as soon as seems right."""

    problem: Problem | None = None
    again_s: float | None = None


async def tell(writer: StatusWriter, token: str, commit: str, status: CommitStatus) -> Outcome:
    """Tell a state; never raises for what the host or the network does."""
    request = status_request(writer.host, writer.repository, commit, writer.name, status)
    place = urlsplit(writer.api).hostname or ""
    try:
        answer = await within(_post(writer.api, request, headers_of(writer.host, token)), TIMEOUT_S)
    except asyncio.TimeoutError:
        return _unreachable(place, f"it did not answer within {TIMEOUT_S:g} s")
    except ssl.SSLCertVerificationError as error:
        return _unreachable(place, f"its certificate is not trusted: {error.verify_message}")
    except (OSError, h11.ProtocolError) as error:
        return _unreachable(place, without_token(str(error), token)[:_LONGEST_SAID] or type(error).__name__)
    said = without_token(answer.said, token)
    return outcome_of(writer, HostAnswer(answer.status, answer.fields, said), datetime.now(timezone.utc))


def headers_of(host: HookHost, token: str) -> dict[str, str]:
    """Give the header fields of a request, the authorization among them."""
    match host:
        case HookHost.GITHUB:
            return {"Authorization": f"Bearer {token}", **_GITHUB_HEADERS}
        case HookHost.GITLAB:
            return {"PRIVATE-TOKEN": token, "Accept": "application/json"}
        case HookHost.GITEA:
            return {"Authorization": f"token {token}", "Accept": "application/json"}
        case HookHost.BITBUCKET if ":" in token:  # email:token, an API token of a person
            encoded = base64.b64encode(token.encode()).decode("ascii")
            return {"Authorization": f"Basic {encoded}", "Accept": "application/json"}
        case HookHost.BITBUCKET:
            return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def without_token(text: str, token: str) -> str:
    """Give a text of one line in which the token does not stand, should a host repeat it."""
    return "".join(each if each.isprintable() else " " for each in text.replace(token, "[REDACTED]"))


def outcome_of(writer: StatusWriter, answer: HostAnswer, at: datetime) -> Outcome:
    """Give what an answer means."""
    status, place = answer.status, urlsplit(writer.api).hostname or ""
    why = f"it answered {status}{f': {answer.said[:_LONGEST_SAID]}' if answer.said else ''}"
    if 200 <= status < 300 or knows_already(writer.host, status, answer.said):
        return Outcome()
    wait_s = _wait_s(answer, at)
    if wait_s is not None:
        text = "It is tried again after the time that the host names"
        return Outcome(NotReady(f"{place} takes no more commit states for now", why, text).problem, wait_s)
    if status >= 500 or status == 408:
        return _unreachable(place, why)
    if 300 <= status < 400:
        text = "Correct the address of the API, or the repository's name if it was renamed"
        return Outcome(BadInput(f"{place} sends the commit state elsewhere", why, text).problem)
    if status in (401, 403):
        text = f"Store another token: {TOKENS[writer.host]}"
        what = (
            f"{place} does not accept the token"
            if status == 401
            else f"The token may not tell commit states at {place}"
        )
        return Outcome(NotAllowed(what, why, text).problem)
    if status == 404:
        text = f"Check the repository's name and that the token reaches it: {TOKENS[writer.host]}"
        return Outcome(NotFound(f"{place} does not know {writer.repository}", why, text).problem)
    return Outcome(BadInput(f"{place} refuses the commit state", why, "Correct what it names").problem)


def _unreachable(place: str, why: str) -> Outcome:
    text = "It is tried again for a while; check that the server reaches the host"
    return Outcome(Unreachable(f"{place} cannot be told the commit state", why, text).problem, 0.0)


def _wait_s(answer: HostAnswer, at: datetime) -> float | None:
    """How long the host wants us to wait; None if it does not."""
    after = answer.fields.get("retry-after", "")
    if answer.status == 429 or (answer.status in (403, 503) and after):
        return _seconds(after, at)
    if answer.status == 403 and answer.fields.get("x-ratelimit-remaining") == "0":
        reset = answer.fields.get("x-ratelimit-reset", "")
        return max(1.0, int(reset) - at.timestamp()) if reset.isdigit() and len(reset) < 12 else _USUAL_WAIT_S
    return None


def _seconds(after: str, at: datetime) -> float:
    if after.isascii() and after.isdigit() and len(after) < 12:
        return float(after)
    from email.utils import parsedate_to_datetime  # 0.7 MB, and almost every host gives seconds

    try:
        return max(0.0, (parsedate_to_datetime(after) - at).total_seconds())
    except (TypeError, ValueError):
        return _USUAL_WAIT_S


async def _post(api: str, request: StatusRequest, headers: Mapping[str, str]) -> HostAnswer:
    parts = urlsplit(api)
    assert parts.hostname is not None
    is_tls = parts.scheme == "https"
    # The trusted certificates take 30 ms to read: not on the loop.
    context = await asyncio.to_thread(ssl.create_default_context) if is_tls else None
    port = parts.port or (443 if is_tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        body = json.dumps(request.body).encode()
        lines = [
            ("Host", parts.netloc),
            ("Connection", "close"),
            ("User-Agent", "godploy"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *headers.items(),
        ]
        protocol = h11.Connection(h11.CLIENT)
        target = f"{parts.path}/{request.path}"
        writer.write(protocol.send(h11.Request(method="POST", target=target, headers=lines)) or b"")
        writer.write(protocol.send(h11.Data(data=body)) or b"")
        writer.write(protocol.send(h11.EndOfMessage()) or b"")
        return await _answer(protocol, reader)
    finally:
        writer.close()


async def _answer(protocol: h11.Connection, reader: asyncio.StreamReader) -> HostAnswer:
    head: h11.Response | None = None
    body = bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await reader.read(65536))
            continue
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        is_over = len(body) > _MOST_BYTES or isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed))
        if head is not None and is_over:
            fields = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in head.headers}
            return HostAnswer(head.status_code, fields, _said(bytes(body)) if head.status_code >= 300 else "")
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionError("the connection was closed without an answer")


def _said(content: bytes) -> str:
    """Give the sentence of an error answer, "" where it is none that a program writes."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    parts: list[str] = []
    for name in ("message", "error_description", "error"):
        value = found.get(name) if isinstance(found, dict) else None
        value = value.get("message") if isinstance(value, dict) else value
        if isinstance(value, str) and value not in parts:
            parts.append(value)
    return "; ".join(parts)
