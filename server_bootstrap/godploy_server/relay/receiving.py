"""One delivery from its head to its answer: is it meant for us, is it believed, what does it tell."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import mmap
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from godploy_server.contract.hooks import HookEvent, HookHost, Notice
from godploy_server.relay.body import MAX_BODY_BYTES, Taking, taken
from godploy_server.relay.events import delivery_id, event_name, notices
from godploy_server.relay.handover import HandOver
from godploy_server.relay.head import Head, Refused
from godploy_server.relay.hook_files import Hook, HookFiles
from godploy_server.relay.limits import Rate, Seen, Slots
from godploy_server.relay.refusals import Refusals
from godploy_server.relay.scan import NotJson, Text
from godploy_server.relay.signatures import NotSigned, verifier
from godploy_server.relay.spool import SpoolFull

HOOKS_PATH: Final = "/_godploy/hooks/"
SEEN_FILE: Final = "seen"

_REMEMBERED: Final = 5_000
_SLOT_WITHIN_S: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """The answer to a delivery that was believed."""

    status: int
    said: str


@dataclass
class Limits:
    """What one hook may do. Only what was believed counts against what its host may send: whoever merely knows the
    address of a hook shuts nobody out."""

    believed: Rate = field(default_factory=lambda: Rate(burst=60, per_s=1))
    shared: Rate = field(default_factory=lambda: Rate(burst=600, per_s=10))
    """The same for a hook that tells of all repositories of an app."""
    pings: Rate = field(default_factory=lambda: Rate(burst=20, per_s=0.1))
    large_guesses: Rate = field(default_factory=lambda: Rate(burst=10, per_s=0.1))
    """Large bodies that were not believed: each costs a file."""
    listed: Rate = field(default_factory=lambda: Rate(burst=10, per_s=0.2))
    at_once: Slots = field(default_factory=lambda: Slots(most=100, most_each=30))
    large_at_once: Slots = field(default_factory=lambda: Slots(most=4, most_each=2))


class Receiving:
    """What all deliveries share. `spool` is also where large bodies lie while they are looked at, without a name.
    `clock` gives the time in seconds."""

    def __init__(
        self,
        hooks: HookFiles,
        agent: HandOver,
        spool: Path,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> None:
        self._hooks = hooks
        self._agent = agent
        self._spool = spool
        self._clock = clock
        self._limits = limits or Limits()
        self._seen = Seen(_REMEMBERED, spool / SEEN_FILE)
        self._refusals = Refusals(agent, self._limits.listed)

    async def receive(self, head: Head, reader: asyncio.StreamReader) -> Received:
        """Take one delivery; it is with the agent, or in the spool, when this returns.

        Raises Refused; with a reason it is listed for a person.
        """
        hook = self._hooks.find(head.path[len(HOOKS_PATH) :])
        if hook is None:
            raise Refused(404)
        if head.method != "POST":
            raise Refused(405)
        try:
            if not self._limits.at_once.try_take(hook.id):
                raise Refused(429, "too many deliveries came at once", retry_after_s=10)
            try:
                return await self._take(hook, head, reader)
            finally:
                self._limits.at_once.give_back(hook.id)
        except Refused as refusal:
            await self._refusals.tell(self._notice(hook, head, refused=refusal.reason), self._clock())
            raise

    async def _take(self, hook: Hook, head: Head, reader: asyncio.StreamReader) -> Received:
        _check_kind(head)
        try:
            check = verifier(hook.host, hook.secret, head.fields, self._clock())
        except NotSigned as reason:
            raise Refused(401, str(reason)) from None
        digest = hashlib.sha256(_told_beside(hook.host, head))

        def feed(piece: bytes) -> None:
            check.update(piece)
            digest.update(piece)

        async with AsyncExitStack() as stack:
            allow_large = self._allow_large(hook, stack)
            body = await stack.enter_async_context(taken(reader, head.length, Taking(feed, allow_large, self._spool)))
            if not check.fits():
                if isinstance(body, mmap.mmap):
                    self._limits.large_guesses.take(hook.id, self._clock())
                raise Refused(401, "its signature does not fit: the secrets differ, or it was changed")
            return await self._believe(hook, head, digest.hexdigest(), body)

    def _allow_large(self, hook: Hook, stack: AsyncExitStack) -> Callable[[], Awaitable[None]]:
        """Give what is asked once a body becomes large; the slot is given back when `stack` ends."""

        async def ask() -> None:
            if wait_s := self._limits.large_guesses.wait_s(hook.id, self._clock()):
                raise Refused(429, "too many large ones came that were not believed", retry_after_s=wait_s)
            slots = self._limits.large_at_once
            if not await slots.take(hook.id, _SLOT_WITHIN_S):
                raise Refused(503, "too many large deliveries came at once", retry_after_s=10)
            stack.callback(slots.give_back, hook.id)

        return ask

    async def _believe(self, hook: Hook, head: Head, digest: str, body: Text) -> Received:
        mark = hashlib.sha256(f"{hook.id} {digest}".encode()).hexdigest()[:32]
        if not self._seen.claim(mark):
            raise Refused(409, "it was received before: have it delivered again from the list, if it was meant")
        is_kept = False
        try:
            told = await self._told(hook, head, digest, body)
            is_ping = all(each.event is HookEvent.PING for each in told)
            believed = self._limits.shared if hook.is_shared else self._limits.believed
            await self._hand_over(told, self._limits.pings if is_ping else believed)
            is_kept = not is_ping  # a ping changes nothing and may come again
        finally:
            if is_kept:
                self._seen.keep(mark)
            else:
                self._seen.release(mark)
        return Received(202, ", ".join(sorted({each.event.value for each in told})))

    async def _told(self, hook: Hook, head: Head, digest: str, body: Text) -> tuple[Notice, ...]:
        base = self._notice(hook, head, digest)
        try:
            if isinstance(body, mmap.mmap):  # takes seconds: not at the cost of everyone else
                return await asyncio.to_thread(notices, hook.host, head.fields, body, base)
            return notices(hook.host, head.fields, body, base)
        except NotJson as reason:
            raise Refused(400, f"its payload cannot be read: {reason}") from None

    async def _hand_over(self, told: tuple[Notice, ...], rate: Rate) -> None:
        hook, now = told[0].hook, self._clock()
        if wait_s := rate.wait_s(hook, now):
            raise Refused(429, "more came than one hook may send", retry_after_s=wait_s)
        rate.take(hook, now)
        try:
            await self._agent.take(told)
        except (SpoolFull, OSError) as error:
            _log.warning("a delivery could not be kept: %s", type(error).__name__)
            raise Refused(503, "the agent is down and no more can be kept for it", retry_after_s=60) from None

    def _notice(self, hook: Hook, head: Head, digest: str = "", refused: str = "") -> Notice:
        return Notice(
            hook=hook.id,
            delivery=delivery_id(head.fields),
            digest=digest,
            received_at=datetime.fromtimestamp(self._clock(), timezone.utc),
            event_name=event_name(hook.host, head.fields),
            refused=refused,
        )


def _check_kind(head: Head) -> None:
    if head.length is None and not head.is_chunked:
        raise Refused(411, "it does not say how long it is")
    if head.length is not None and head.length > MAX_BODY_BYTES:
        raise Refused(413, f"it is larger than {MAX_BODY_BYTES // 1024 // 1024} MB")
    kind = head.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Refused(415, "its content type is another one: set that of the webhook to application/json")


def _told_beside(host: HookHost, head: Head) -> bytes:
    """Give what makes a delivery another one beside its body: the event; at GitLab also the id, which is either signed
    or, with the token, as good as the body. GitLab's pushes carry no time: two of them may be alike to the byte."""
    beside = event_name(host, head.fields)
    if host is HookHost.GITLAB:
        beside += f" {delivery_id(head.fields)}"
    return beside.encode() + b"\n"
