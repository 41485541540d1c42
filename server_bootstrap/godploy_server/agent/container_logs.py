"""The log lines of a service: those of its containers, merged by time, then followed through restarts and rollouts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final, Literal

from godploy_server.agent.messages import json_line
from godploy_server.contract.entities import LogLine
from godploy_server.contract.problem import GodployError
from godploy_server.runtime.docker_client import DockerClient
from godploy_server.runtime.time_limit import within
from godploy_server.watch.container_facts import ContainerFacts, Phase, docker_time

_WAITING_LINES: Final = 5000
"""Lines read ahead of a slow reader; then reading from Docker pauses (its own buffer is the container's log file)."""

_BEFORE_START: Final = timedelta(seconds=1)
"""Docker notes that a program started a moment after its first lines may have been written."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


def parse_line(container: str, stream: Literal["stdout", "stderr"], frame: bytes) -> LogLine | None:
    """Give the line that one frame of Docker's log (with its time before) holds; None if it holds none."""
    time, _, text = frame.partition(b" ")
    try:
        at = docker_time(time.decode("ascii"))
    except ValueError:
        return None
    return LogLine(at, container, stream, text.decode("utf-8", "replace").rstrip("\r\n"))


def shown(containers: Iterable[ContainerFacts], serving: int | None) -> list[ContainerFacts]:
    """Give the containers whose lines a person wants to read: those of the release that serves, and all that run.

    Those that are kept, stopped, for a rollback wrote their lines long ago.
    """
    return [
        each
        for each in containers
        if each.release == serving or each.phase in (Phase.RUNNING, Phase.RESTARTING, Phase.PAUSED)
    ]


def newest(lines: Iterable[LogLine], count: int) -> list[LogLine]:
    """Give the last `count` lines in the order of their times; lines of the same moment stay as they were written."""
    ordered = sorted(lines, key=lambda line: line.at)
    return ordered[max(0, len(ordered) - count) :]


async def service_logs(
    docker: DockerClient,
    containers: Callable[[], list[ContainerFacts]],
    changed: asyncio.Condition,
    tail: int,
    follow: bool,
) -> AsyncGenerator[bytes, None]:
    """Yield a service's lines as NDJSON: its last `tail`, then (with `follow`) each one as it is written.

    `containers` gives those that exist now; `changed` is notified when they may be different.
    """
    known = {each.id: each for each in containers()}
    # One line is read even where none is wanted: following begins after it.
    past = await asyncio.gather(*(_last_lines(docker, each, max(1, tail)) for each in known.values()))
    yield _encoded(newest((line for lines in past for line in lines), tail))
    if not follow:
        return
    seen = {container_id: lines[-1].at if lines else _EPOCH for container_id, lines in zip(known, past, strict=True)}
    follower = _Follower(docker, containers, changed, seen)
    try:
        async for lines in follower.lines():
            yield lines
    finally:
        await follower.close()


def _encoded(lines: Sequence[LogLine]) -> bytes:
    return b"".join(json_line(each) for each in lines)


async def _last_lines(docker: DockerClient, container: ContainerFacts, tail: int) -> list[LogLine]:
    lines = []
    with contextlib.suppress(GodployError):  # a container that is removed meanwhile has no lines
        frames = docker.log_frames(container.id, tail=tail, timestamps=True)
        async with contextlib.aclosing(frames) as found:
            async for stream, frame in found:
                if line := parse_line(container.short_name, stream, frame):
                    lines.append(line)
    return lines


class _Follower:
    """One task a running container; a container that (re)starts gets one as soon as Docker says so."""

    def __init__(
        self,
        docker: DockerClient,
        containers: Callable[[], list[ContainerFacts]],
        changed: asyncio.Condition,
        seen: dict[str, datetime],
    ) -> None:
        self._docker = docker
        self._containers = containers
        self._changed = changed
        self._seen = seen
        self._lines: asyncio.Queue[LogLine] = asyncio.Queue(_WAITING_LINES)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._joining = asyncio.ensure_future(self._join())

    async def lines(self) -> AsyncGenerator[bytes, None]:
        while True:
            batch = [await self._lines.get()]
            while not self._lines.empty() and len(batch) < 500:
                batch.append(self._lines.get_nowait())
            yield _encoded(newest(batch, len(batch)))

    async def close(self) -> None:
        tasks = [self._joining, *self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self) -> None:
        while True:
            for each in self._containers():
                task = self._tasks.get(each.id)
                if each.phase is Phase.RUNNING and (task is None or task.done()):
                    self._tasks[each.id] = asyncio.ensure_future(self._follow(each))
            async with self._changed:
                # Looked at again now and then too: a stream may have ended after its container's last event.
                with contextlib.suppress(asyncio.TimeoutError):
                    await within(self._changed.wait(), 2.0)

    async def _follow(self, container: ContainerFacts) -> None:
        last = self._seen.get(container.id, _EPOCH)
        if container.started_at is not None and container.id not in self._seen:
            last = container.started_at - _BEFORE_START  # started again for a rollback: it has lines of long ago
        # Docker's times are finer than ours: what it sends again of the same microsecond is left out below.
        since = (last - timedelta(milliseconds=1)).timestamp() if last > _EPOCH else 0
        with contextlib.suppress(GodployError):
            frames = self._docker.log_frames(container.id, follow=True, timestamps=True, since=since)
            async with contextlib.aclosing(frames) as found:
                async for stream, frame in found:
                    line = parse_line(container.short_name, stream, frame)
                    if line is None or line.at <= last:
                        continue
                    self._seen[container.id] = line.at
                    await self._lines.put(line)
