"""The one event stream: a snapshot, then every change. Each subscriber has a bounded queue of ready lines.

A subscriber that does not keep up is not waited for and not fed with holes: its stream ends, so that it opens a new
one and begins with a fresh snapshot.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Final

from godploy_server.agent.messages import json_line
from godploy_server.contract.events import Event, Heartbeat
from godploy_server.runtime.time_limit import within
from godploy_server.state.database import now

HEARTBEAT_S: Final = 15.0
MAX_WAITING_LINES: Final = 2000
MAX_WAITING_BYTES: Final = 4 * 1024 * 1024


class _Subscriber:
    def __init__(self) -> None:
        self.lines: deque[bytes] = deque()
        self.size = 0
        self.arrived = asyncio.Event()
        self.is_over = False

    def put(self, line: bytes) -> None:
        if len(self.lines) >= MAX_WAITING_LINES or self.size + len(line) > MAX_WAITING_BYTES:
            self.end()
            return
        self.lines.append(line)
        self.size += len(line)
        self.arrived.set()

    def end(self) -> None:
        self.is_over = True
        self.arrived.set()

    def take(self) -> bytes:
        taken = b"".join(self.lines)
        self.lines.clear()
        self.size = 0
        self.arrived.clear()
        return taken


class EventHub:
    """Hands each published event to every open stream."""

    def __init__(self) -> None:
        self._subscribers: set[_Subscriber] = set()
        self._is_closed = False

    @property
    def has_subscribers(self) -> bool:
        """Whether anybody listens."""
        return bool(self._subscribers)

    def publish(self, event: Event) -> None:
        """Send an event to everybody who listens now."""
        if not self._subscribers:
            return
        line = json_line(event)
        for each in self._subscribers:
            each.put(line)

    def close(self) -> None:
        """End all streams, and those opened later at once."""
        self._is_closed = True
        for each in self._subscribers:
            each.end()

    async def follow(self, snapshot: Callable[[], Event]) -> AsyncGenerator[bytes, None]:
        """Yield lines: the snapshot, then every event published after it was taken, heartbeats when there are none."""
        subscriber = _Subscriber()
        self._subscribers.add(subscriber)
        try:
            yield json_line(snapshot())
            while not (subscriber.is_over or self._is_closed):
                try:
                    await within(subscriber.arrived.wait(), HEARTBEAT_S)
                except asyncio.TimeoutError:
                    yield json_line(Heartbeat(now()))
                    continue
                lines = subscriber.take()
                if lines and not subscriber.is_over:
                    yield lines
        finally:
            self._subscribers.discard(subscriber)
