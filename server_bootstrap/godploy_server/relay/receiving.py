"""One delivery from its head to its answer: is it meant for us, is it believed, what does it tell."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import mmap
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, Final

from godploy_server.contract.hooks import Notice
from godploy_server.relay.events import delivery_id, event_name, notices
from godploy_server.relay.handover import HandOver, SpoolFull
from godploy_server.relay.head import Head, Refused
from godploy_server.relay.hook_files import Hook, HookFiles
from godploy_server.relay.limits import Rate, Seen
from godploy_server.relay.scan import NotJson
from godploy_server.relay.signatures import NotSigned, Verifier, verifier

HOOKS_PATH: Final = "/_godploy/hooks/"
MAX_BODY_BYTES: Final = 25 * 1024 * 1024  # GitHub's own limit

_IN_MEMORY_BYTES: Final = 128 * 1024
_PIECE_BYTES: Final = 64 * 1024
_SLOWEST_BYTES_S: Final = 32 * 1024
_LEAST_TIME_S: Final = 10.0
_LARGE_AT_ONCE: Final = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """The answer to a delivery that was believed."""

    status: int
    said: str


@dataclass
class Receiving:
    """What all deliveries share. `spool` is also where large bodies lie while they are looked at, without a name."""

    hooks: HookFiles
    agent: HandOver
    spool: Path
    clock: Callable[[], float] = time.time
    rate: Rate = field(default_factory=lambda: Rate(burst=60, per_s=1))
    told: Rate = field(default_factory=lambda: Rate(burst=10, per_s=0.2))
    seen: Seen = field(default_factory=lambda: Seen(5_000))
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LARGE_AT_ONCE))

    async def receive(self, head: Head, reader: asyncio.StreamReader) -> Received:
        """Take one delivery; it is with the agent, or in the spool, when this returns. Raises Refused."""
        hook = self.hooks.find(head.path[len(HOOKS_PATH) :])
        if hook is None:
            raise Refused(404)
        if head.method != "POST":
            raise Refused(405)
        if not self.rate.allows(hook.id, self.clock()):
            raise Refused(429)
        length = _acceptable_length(head)
        try:
            check = verifier(hook.host, hook.secret, head.fields, self.clock())
        except NotSigned as reason:
            await self._tell_refusal(hook, head, f"{reason}")
            raise Refused(401, str(reason)) from None
        if length <= _IN_MEMORY_BYTES:
            body = await _read(reader, length, check)
            return await self._believe(hook, head, check, body)
        async with self.large:
            with tempfile.TemporaryFile(dir=self.spool) as file:
                await _read_into(file, reader, length, check)
                with closing(mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ)) as text:
                    return await self._believe(hook, head, check, text)

    async def _believe(self, hook: Hook, head: Head, check: Verifier, body: bytes | mmap.mmap) -> Received:
        if not check.fits():
            await self._tell_refusal(hook, head, "its signature does not fit: the secrets differ, or it was changed")
            raise Refused(401, "the signature does not fit")
        digest = hashlib.sha256(event_name(hook.host, head.fields).encode() + b"\n")
        digest.update(body)
        mark = f"{hook.id}{digest.hexdigest()}"
        if mark in self.seen:
            await self._tell_refusal(hook, head, "it was received before")
            raise Refused(409, "received before")
        base = self._notice(hook, head, digest.hexdigest())
        try:
            told = notices(hook.host, head.fields, body, base)
        except NotJson as reason:
            await self._tell_refusal(hook, head, f"its payload cannot be read: {reason}")
            raise Refused(400, f"not JSON: {reason}") from None
        try:
            await self.agent.take(told)
        except (SpoolFull, OSError) as error:
            _log.warning("a delivery could not be kept: %s", type(error).__name__)
            raise Refused(503) from None
        self.seen.add(mark)
        return Received(202, ", ".join(sorted({each.event.value for each in told})))

    async def _tell_refusal(self, hook: Hook, head: Head, why: str) -> None:
        """Let the person see it in the list of deliveries; a flood is told in part."""
        if not self.told.allows(hook.id, self.clock()):
            return
        notice = self._notice(hook, head, "", why)
        try:
            await self.agent.take((notice,))
        except (SpoolFull, OSError):
            _log.warning("a refused delivery could not be told")

    def _notice(self, hook: Hook, head: Head, digest: str, refused: str = "") -> Notice:
        return Notice(
            hook=hook.id,
            delivery=delivery_id(head.fields),
            digest=digest,
            received_at=datetime.fromtimestamp(self.clock(), timezone.utc),
            event_name=event_name(hook.host, head.fields),
            refused=refused,
        )


def _acceptable_length(head: Head) -> int:
    if head.length is None:
        raise Refused(411)
    if head.length > MAX_BODY_BYTES:
        raise Refused(413)
    kind = head.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Refused(415, "set the content type of the webhook to application/json")
    return head.length


async def _read(reader: asyncio.StreamReader, length: int, check: Verifier) -> bytes:
    pieces: list[bytes] = []
    await _pieces(reader, length, check, pieces.append)
    return b"".join(pieces)


async def _read_into(file: BinaryIO, reader: asyncio.StreamReader, length: int, check: Verifier) -> None:
    await _pieces(reader, length, check, file.write)
    file.flush()


async def _pieces(reader: asyncio.StreamReader, length: int, check: Verifier, keep: Callable[[bytes], object]) -> None:
    """Take the body as it comes; a sender that is too slow, or ends early, is refused."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + _LEAST_TIME_S + length / _SLOWEST_BYTES_S
    left = length
    while left:
        patience = give_up - loop.time()
        if patience <= 0:
            raise Refused(408)
        try:
            piece = await asyncio.wait_for(reader.read(min(left, _PIECE_BYTES)), patience)
        except asyncio.TimeoutError:
            raise Refused(408) from None
        if not piece:
            raise Refused(0)
        check.update(piece)
        keep(piece)
        left -= len(piece)
