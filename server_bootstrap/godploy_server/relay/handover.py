"""Handing notices to the agent: over its socket, or by way of a spool on disk while the agent is down.

One connection, one line of JSON a notice, answered in order by one line: "+" when the agent has written it down. A
notice that is not answered goes into the spool, which is emptied in order before anything newer is handed over.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from godploy_server.contract.hooks import Notice
from godploy_server.contract.wire import to_json

_ANSWER_WITHIN_S: Final = 5.0
_LOOK_EVERY_S: Final = 1.0
_MOST_SPOOLED: Final = 2_000

_log = logging.getLogger(__name__)


class SpoolFull(Exception):
    """The agent is down and the spool takes no more: the sender must come back."""


class HandOver:
    """Takes notices for the agent behind `agent_socket`. `spool` is a folder of the relay's own."""

    def __init__(self, agent_socket: Path, spool: Path) -> None:
        self._agent_socket = agent_socket
        self._spool = spool
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._connecting = asyncio.Lock()
        self._sequence = 0
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spooled = len(self._files())

    async def take(self, notices: Sequence[Notice]) -> None:
        """Return when the agent or the spool has these notices. Raises SpoolFull."""
        for notice in notices:
            line = json.dumps(to_json(notice), separators=(",", ":")).encode() + b"\n"
            if self._spooled or not await self._hand(line):
                self._keep(line)

    async def empty_spool(self) -> None:
        """Hand over what is in the spool whenever the agent is there, for ever."""
        while True:
            if self._spooled:
                await self._empty()
            await asyncio.sleep(_LOOK_EVERY_S)

    def close(self) -> None:
        """Close the connection; what is not answered stays with its sender."""
        self._broken()

    async def _empty(self) -> None:
        for file in self._files():
            try:
                line = file.read_bytes()
            except OSError:
                continue
            if not await self._hand(line):
                return
            file.unlink(missing_ok=True)
        self._spooled = len(self._files())

    async def _hand(self, line: bytes) -> bool:
        try:
            async with self._connecting:
                if self._writer is None:
                    await self._connect()
            writer = self._writer
            if writer is None:
                return False
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append(answer)
            writer.write(line)
        except OSError:
            self._broken()
            return False
        done, _ = await asyncio.wait({answer}, timeout=_ANSWER_WITHIN_S)
        if not done:
            self._broken()
            return False
        return answer.result()

    async def _connect(self) -> None:
        reader, self._writer = await asyncio.open_unix_connection(str(self._agent_socket))
        self._reading = asyncio.ensure_future(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                if self._waiting:
                    answer = self._waiting.popleft()
                    if not answer.done():
                        answer.set_result(line == b"+\n")
        self._broken()

    def _broken(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        while self._waiting:
            answer = self._waiting.popleft()
            if not answer.done():
                answer.set_result(False)

    def _keep(self, line: bytes) -> None:
        if self._spooled >= _MOST_SPOOLED:
            raise SpoolFull
        self._sequence += 1
        name = f"{int(asyncio.get_running_loop().time() * 1000):016d}-{os.getpid():08d}-{self._sequence:08d}.json"
        unfinished = self._spool / f".{name}"
        with unfinished.open("wb") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._spool / name)
        self._spooled += 1

    def _files(self) -> list[Path]:
        try:
            return sorted(self._spool.glob("[0-9]*.json"))
        except OSError:
            return []
