"""Load as cards and charts show it, computed from the remembered samples. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from godploy_desktop.core.server_model import ServerModel
from godploy_server.contract import ServerMetrics, Service, ServiceMetrics

SPARK_POINTS: Final = 40
"""How many samples a small course shows."""

Sample = TypeVar("Sample", ServerMetrics, ServiceMetrics)


@dataclass(frozen=True)
class ServiceLoad:
    """Load of one service now and lately. Fractions are of what the service may use at most."""

    cpu_fraction: float
    memory_fraction: float
    memory_bytes: int
    cpu_course: tuple[float, ...]
    memory_course: tuple[float, ...]


@dataclass(frozen=True)
class ServersLoad:
    """Load of several servers together. The courses hold one value for each of the last samples."""

    cpu_fraction: float
    memory_fraction: float
    received_bytes_s: float
    sent_bytes_s: float
    cpu_course: tuple[float, ...]
    memory_course: tuple[float, ...]
    traffic_course: tuple[float, ...]


def service_load(model: ServerModel, service: Service) -> ServiceLoad | None:
    """Give back the load of a service; None where nothing was measured yet."""
    samples = _last(model.service_metrics(service.id), SPARK_POINTS)
    if not samples:
        return None
    cores = cpu_limit(model, service)
    newest = samples[-1]
    limit = max(1, memory_limit(newest, service))
    return ServiceLoad(
        cpu_fraction=newest.cpu_cores / cores,
        memory_fraction=newest.memory_bytes / limit,
        memory_bytes=newest.memory_bytes,
        cpu_course=tuple(each.cpu_cores / cores for each in samples),
        memory_course=tuple(each.memory_bytes / limit for each in samples),
    )


def cpu_limit(model: ServerModel, service: Service) -> float:
    """Give back how many cores a service may use: its limit times its containers, or all of the server's."""
    if service.settings.limits.cpus:
        return service.settings.limits.cpus * max(1, service.containers_wanted)
    return float(model.metrics[-1].cores) if model.metrics else 1.0


def memory_limit(sample: ServiceMetrics, service: Service) -> int:
    """Give back how many bytes a service may use: its limit times its containers, or the server's memory."""
    if service.settings.limits.memory_bytes:
        return service.settings.limits.memory_bytes * max(1, service.containers_wanted)
    return sample.memory_limit_bytes


def servers_load(models: Iterable[ServerModel]) -> ServersLoad | None:
    """Give back the load of servers together, each core and byte counted; None where nothing was measured yet."""
    rings = [_last(model.metrics, SPARK_POINTS) for model in models if model.metrics]
    if not rings:
        return None
    count = min(len(ring) for ring in rings)
    moments = [[ring[index - count] for ring in rings] for index in range(count)]
    newest = moments[-1]
    return ServersLoad(
        cpu_fraction=_cpu(newest),
        memory_fraction=_memory(newest),
        received_bytes_s=sum(each.received_bytes_s for each in newest),
        sent_bytes_s=sum(each.sent_bytes_s for each in newest),
        cpu_course=tuple(_cpu(each) for each in moments),
        memory_course=tuple(_memory(each) for each in moments),
        traffic_course=tuple(sum(one.received_bytes_s + one.sent_bytes_s for one in each) for each in moments),
    )


def points(samples: Iterable[Sample], value: Callable[[Sample], float]) -> list[tuple[datetime, float]]:
    """Give back a chart's points for one value of each sample."""
    return [(each.at, value(each)) for each in samples]


def _cpu(samples: Sequence[ServerMetrics]) -> float:
    return sum(each.cpu_fraction * each.cores for each in samples) / max(1, sum(each.cores for each in samples))


def _memory(samples: Sequence[ServerMetrics]) -> float:
    return sum(each.memory_used_bytes for each in samples) / max(1, sum(each.memory_total_bytes for each in samples))


def _last(samples: Sequence[Sample], count: int) -> list[Sample]:
    return list(islice(samples, max(0, len(samples) - count), None))
