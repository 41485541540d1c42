"""Handing notices to the agent: over its socket, or by way of a spool on disk while the agent is down.

One connection, one line of JSON a notice, answered in order by one line: "+" when the agent has written it down, "-"
when it cannot now. A notice that is not taken goes into the spool, which is emptied in order before anything newer is
handed over.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from godploy_server.contract.hooks import Notice
from godploy_server.contract.wire import to_json
from godploy_server.relay.spool import Spool, Waiting

_ANSWER_WITHIN_S: Final = 3.0
_LOOK_EVERY_S: Final = 1.0
_GIVE_UP_AFTER_S: Final = 3600.0
"""A notice that a running agent cannot take for so long is dropped: it holds up what came after it for its hook."""

_log = logging.getLogger(__name__)


class Handed(Enum):
    """What the agent said to a notice."""

    TAKEN = "+"
    LATER = "-"
    NOT_THERE = ""


@dataclass(eq=False)
class _Link:
    """One connection to the agent, and who waits for its answers, in order."""

    writer: asyncio.StreamWriter
    waiting: deque[asyncio.Future[Handed]] = field(default_factory=deque)


class HandOver:
    """Takes notices for the agent behind `agent_socket`. `spool` is a folder of the relay's own."""

    def __init__(self, agent_socket: Path, spool: Path) -> None:
        self._agent_socket = agent_socket
        self._spool = Spool(spool)
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()
        self._refused_since: dict[str, float] = {}

    async def take(self, notices: Sequence[Notice]) -> None:
        """Return when the agent or the spool has these notices. Raises SpoolFull, OSError."""
        for notice in notices:
            line = json.dumps(to_json(notice), separators=(",", ":")).encode() + b"\n"
            if len(self._spool) or await self._hand(line) is not Handed.TAKEN:
                self._spool.keep(line, notice.hook, is_refused=bool(notice.refused))

    async def empty_spool(self) -> None:
        """Hand over what is in the spool whenever the agent is there, for ever."""
        while True:
            try:
                await self.empty()
            except OSError as error:
                _log.warning("the spool cannot be emptied: %s", type(error).__name__)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def empty(self) -> None:
        """Hand over what waits, in order; ends where the agent is not there. What the agent cannot take holds up the
        later ones of its own hook only."""
        held_up: set[str] = set()
        for waiting in self._spool.waiting():
            if waiting.hook in held_up:
                continue
            try:
                line = self._spool.read(waiting)
            except FileNotFoundError:
                self._spool.drop(waiting)
                continue
            handed = await self._hand(line)
            if handed is Handed.NOT_THERE:
                return
            if handed is Handed.LATER and not self._is_given_up(waiting):
                held_up.add(waiting.hook)
                continue
            self._refused_since.pop(waiting.name, None)
            self._spool.drop(waiting)

    def close(self) -> None:
        """Close the connection; what is not answered stays with its sender."""
        if self._link is not None:
            self._end(self._link)

    def _is_given_up(self, waiting: Waiting) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._refused_since.setdefault(waiting.name, now) < _GIVE_UP_AFTER_S:
            return False
        _log.warning("a delivery that the agent could not take for an hour was dropped")
        return True

    async def _hand(self, line: bytes) -> Handed:
        try:
            link = self._link or await self._connect()
            answer: asyncio.Future[Handed] = asyncio.get_running_loop().create_future()
            link.waiting.append(answer)
            link.writer.write(line)
        except OSError:
            return Handed.NOT_THERE
        done, _ = await asyncio.wait({answer}, timeout=_ANSWER_WITHIN_S)
        if not done:
            self._end(link)  # it may be taken all the same: the agent knows a notice that comes twice
        return answer.result()

    async def _connect(self) -> _Link:
        async with self._connecting:
            if self._link is None:
                reader, writer = await asyncio.open_unix_connection(str(self._agent_socket))
                self._link = _Link(writer)
                self._reading = asyncio.ensure_future(self._read(reader, self._link))
            return self._link

    async def _read(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                if link.waiting:
                    answer = link.waiting.popleft()
                    if not answer.done():
                        answer.set_result(Handed.TAKEN if line == b"+\n" else Handed.LATER)
        self._end(link)

    def _end(self, link: _Link) -> None:
        """Close a connection; whoever waits on it, and on no other, hears that the agent is not there."""
        if self._link is link:
            self._link = None
        link.writer.close()
        while link.waiting:
            answer = link.waiting.popleft()
            if not answer.done():
                answer.set_result(Handed.NOT_THERE)
