"""Telling a person of deliveries that were refused, without letting whoever sends them fill a list or a disk."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import Final

from godploy_server.contract.hooks import Notice
from godploy_server.relay.handover import HandOver
from godploy_server.relay.limits import Rate
from godploy_server.relay.spool import SpoolFull

_MOST_COUNTED: Final = 2_000

_log = logging.getLogger(__name__)


class Refusals:
    """Hands refused deliveries to the agent for the list of their service: some at once, then one now and then, which
    says how many were left out."""

    def __init__(self, agent: HandOver, rate: Rate) -> None:
        self._agent = agent
        self._rate = rate
        self._left_out: Counter[str] = Counter()

    async def tell(self, notice: Notice, now_s: float) -> None:
        """Tell of one, whose `refused` says why."""
        if not self._rate.allows(notice.hook, now_s):
            if len(self._left_out) < _MOST_COUNTED or notice.hook in self._left_out:
                self._left_out[notice.hook] += 1
            return
        if left_out := self._left_out.pop(notice.hook, 0):
            notice = replace(notice, refused=f"{notice.refused} ({left_out} more before it are not listed)")
        try:
            await self._agent.take((notice,))
        except (SpoolFull, OSError) as error:
            _log.warning("a refused delivery could not be told: %s", type(error).__name__)
