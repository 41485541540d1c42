"""Removing what nobody used for long, by itself: after a deployment, at most once a day."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from godploy_server.contract import Cleanup, GodployError
from godploy_server.contract.wire import from_json

if TYPE_CHECKING:
    from godploy_server.agent.agent import Agent

_DAY_S: Final = 86_400.0
_LONGEST_S: Final = 1800.0

_log = logging.getLogger(__name__)


class Housekeeping:
    """Cleans one server up. One process at a time; whoever asks meanwhile waits."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._turn = asyncio.Lock()
        self._mark = agent.paths.state_dir / "last-cleanup"

    async def preview(self) -> Cleanup:
        """Give what the server could do without."""
        return await self._ask("preview")

    async def clean_up(self) -> Cleanup:
        """Remove that, and give what went."""
        return await self._ask("all")

    def deployment_ended(self) -> None:
        """Remove what is old, unless that was done today. The first time nothing is: then the day begins."""
        if self._is_due() and not self._turn.locked():
            self._agent.run(self._remove_old())

    def _is_due(self) -> bool:
        try:
            return time.time() - self._mark.stat().st_mtime > _DAY_S
        except FileNotFoundError:
            self._mark.touch(mode=0o600)
            return False

    async def _remove_old(self) -> None:
        self._mark.touch(mode=0o600)
        try:
            gone = await self._ask("old")
        except GodployError as error:
            _log.warning("old things could not be removed: %s", error)
            return
        if gone.items:
            _log.info("removed %d things that nobody used for long: %d MB", len(gone.items), gone.size_bytes // 10**6)

    async def _ask(self, what: str) -> Cleanup:
        from godploy_server.agent.own_process import ask_process

        async with self._turn:
            told = await ask_process(self._agent, ["cleanup", what], "cleanup", "Cleaning up", _LONGEST_S)
        return from_json(Cleanup, told)
