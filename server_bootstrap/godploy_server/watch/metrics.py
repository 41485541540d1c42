"""Samples the server and every service: every 10 s, every 2 s while somebody follows; remembers an hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from godploy_server.contract.entities import ServerMetrics, ServiceId, ServiceMetrics
from godploy_server.contract.problem import GodployError
from godploy_server.runtime.docker_client import DockerClient
from godploy_server.runtime.time_limit import within
from godploy_server.watch.container_facts import ContainerFacts, Phase
from godploy_server.watch.container_load import ContainerLoad, from_docker, read_cgroup
from godploy_server.watch.rings import Ring
from godploy_server.watch.server_load import Counters, rate, read_counters, server_metrics

IDLE_EVERY_S: Final = 10.0
FOLLOWED_EVERY_S: Final = 2.0
_STATS_TIMEOUT_S: Final = 5.0
_SERVER_FIELDS: Final = (
    "cpu_fraction", "cores", "load_1m", "memory_used_bytes", "memory_total_bytes", "disk_used_bytes",
    "disk_total_bytes", "received_bytes_s", "sent_bytes_s",
)  # fmt: skip
_SERVICE_FIELDS: Final = ("cpu_cores", "memory_bytes", "memory_limit_bytes", "received_bytes_s", "sent_bytes_s")
_WHOLE: Final = frozenset(
    {"cores", "memory_used_bytes", "memory_total_bytes", "disk_used_bytes", "disk_total_bytes", "memory_bytes",
     "memory_limit_bytes"}
)  # fmt: skip

_log = logging.getLogger(__name__)

OnSample = Callable[[ServerMetrics, tuple[ServiceMetrics, ...]], None]


class MetricsWatch:
    """Takes samples. `containers` gives those that exist now; `on_sample` gets every sample as it is taken."""

    def __init__(
        self, docker: DockerClient, disk: Path, containers: Callable[[], Iterable[ContainerFacts]], on_sample: OnSample
    ) -> None:
        self._docker = docker
        self._disk = disk
        self._list = containers
        self._on_sample = on_sample
        self._server = Ring(1 + len(_SERVER_FIELDS))
        self._services: dict[str, Ring] = {}
        self._loads: dict[str, tuple[float, ContainerLoad]] = {}
        self._counters: tuple[float, Counters] = (time.monotonic(), read_counters())
        self._followers = 0
        self._hurry = asyncio.Event()
        self._newest: tuple[ServerMetrics, tuple[ServiceMetrics, ...]] | None = None
        self._next: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def follow(self) -> None:
        """Somebody begins to follow: sample more often. Every call needs one of `unfollow`."""
        self._followers += 1
        self._hurry.set()

    def unfollow(self) -> None:
        """Somebody ended following."""
        self._followers -= 1

    def newest(self, service_id: str | None = None) -> ServerMetrics | ServiceMetrics | None:
        """Give the newest sample of the server, or of a service; None if the last one held nothing of it."""
        if self._newest is None:
            return None
        server, of_services = self._newest
        if service_id is None:
            return server
        return next((each for each in of_services if each.service_id == service_id), None)

    async def wait(self, timeout_s: float) -> None:
        """Wait for the next sample. Raises asyncio.TimeoutError."""
        await within(asyncio.shield(self._next), timeout_s)

    def forget(self, service_id: str) -> None:
        """Forget a service that was removed."""
        self._services.pop(service_id, None)

    def server_hour(self) -> list[ServerMetrics]:
        """Give the remembered samples of the server, the oldest first."""
        return [ServerMetrics(at=_at(row[0]), **_fields(_SERVER_FIELDS, row)) for row in self._server.rows()]

    def service_hour(self, service_id: str) -> list[ServiceMetrics]:
        """Give the remembered samples of a service, the oldest first."""
        ring = self._services.get(service_id)
        rows = ring.rows() if ring else ()
        return [ServiceMetrics(ServiceId(service_id), _at(row[0]), **_fields(_SERVICE_FIELDS, row)) for row in rows]

    async def run(self) -> None:
        """Sample for ever."""
        while True:
            with suppress(asyncio.TimeoutError):
                await within(self._hurry.wait(), FOLLOWED_EVERY_S if self._followers else IDLE_EVERY_S)
                await asyncio.sleep(FOLLOWED_EVERY_S / 2)  # a rate over less than this says little
            self._hurry.clear()
            try:
                await self._sample()
            except (OSError, ValueError, KeyError, IndexError):
                _log.exception("a sample could not be taken")

    async def _sample(self) -> None:
        at, moment = datetime.now(timezone.utc), time.monotonic()
        before, counters = self._counters
        now = read_counters()
        server = server_metrics(counters, now, moment - before, at, self._disk)
        self._counters = (moment, now)
        self._server.add((at.timestamp(), *(float(getattr(server, name)) for name in _SERVER_FIELDS)))
        services = await self._sample_services(at, server.memory_total_bytes)
        for each in services:
            ring = self._services.setdefault(each.service_id, Ring(1 + len(_SERVICE_FIELDS)))
            ring.add((at.timestamp(), *(float(getattr(each, name)) for name in _SERVICE_FIELDS)))
        self._newest = (server, services)
        self._next.set_result(None)
        self._next = asyncio.get_running_loop().create_future()
        self._on_sample(server, services)

    async def _sample_services(self, at: datetime, server_memory: int) -> tuple[ServiceMetrics, ...]:
        running = [each for each in self._list() if each.phase is Phase.RUNNING]
        loads = await asyncio.gather(*(self._load(each) for each in running))
        moment = time.monotonic()
        sums: dict[str, list[float]] = {}
        seen = {}
        for container, load in zip(running, loads, strict=True):
            if load is None:
                continue
            then, earlier = self._loads.get(container.id, (moment, load))
            seen[container.id] = (moment, load)
            seconds = moment - then
            total = sums.setdefault(container.service_id, [0.0] * len(_SERVICE_FIELDS))
            total[0] += rate(earlier.cpu_s, load.cpu_s, seconds)
            total[1] += load.memory_bytes
            total[2] += min(load.memory_limit_bytes or server_memory, server_memory)
            total[3] += rate(earlier.received, load.received, seconds)
            total[4] += rate(earlier.sent, load.sent, seconds)
        self._loads = seen
        return tuple(
            ServiceMetrics(ServiceId(service_id), at, **_fields(_SERVICE_FIELDS, (0.0, *total)))
            for service_id, total in sorted(sums.items())
        )

    async def _load(self, container: ContainerFacts) -> ContainerLoad | None:
        load = read_cgroup(container)
        if load is not None:
            return load
        query = {"stream": "false", "one-shot": "true"}
        try:
            stats = await self._docker.request(
                "GET", f"/containers/{container.id}/stats", query, None, _STATS_TIMEOUT_S
            )
        except GodployError:
            return None  # it ended meanwhile, or Docker did: the event stream says which
        return from_docker(stats)


def _fields(names: tuple[str, ...], row: tuple[float, ...]) -> dict[str, Any]:
    return {name: int(value) if name in _WHOLE else value for name, value in zip(names, row[1:], strict=True)}


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
