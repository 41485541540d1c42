"""Load curves that look like load and are the same on every run."""

import math
import random
from datetime import datetime, timedelta

from godploy_server.contract import ServerMetrics, ServiceId, ServiceMetrics

MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE


def walk(seed: int, base: float, swing: float, count: int) -> list[float]:
    chance = random.Random(seed)
    values, here = [], base
    for index in range(count):
        here += chance.uniform(-swing, swing) + (base - here) * 0.15
        values.append(max(0.0, here + math.sin(index / 6) * swing))
    return values


def server_load(seed: int, until: datetime, cpu: float, memory: float, count: int = 120) -> tuple[ServerMetrics, ...]:
    curves = zip(
        walk(seed, cpu, cpu * 0.12, count),
        walk(seed + 1, memory, 0.01, count),
        walk(seed + 2, 2.4 * MEGABYTE, 0.3 * MEGABYTE, count),
        walk(seed + 3, 0.9 * MEGABYTE, 0.2 * MEGABYTE, count),
        strict=True,
    )
    return tuple(
        ServerMetrics(
            at=until - timedelta(seconds=30 * (count - index - 1)),
            cpu_fraction=min(1.0, used),
            cores=4,
            load_1m=round(used * 4.4, 2),
            memory_used_bytes=int(filled * 8 * GIGABYTE),
            memory_total_bytes=8 * GIGABYTE,
            disk_used_bytes=31 * GIGABYTE + index * MEGABYTE,
            disk_total_bytes=80 * GIGABYTE,
            received_bytes_s=received,
            sent_bytes_s=sent,
        )
        for index, (used, filled, received, sent) in enumerate(curves)
    )


def service_load(
    service_id: ServiceId, seed: int, until: datetime, cpu: float, memory_mb: float, count: int = 120
) -> tuple[ServiceMetrics, ...]:
    curves = zip(
        walk(seed, cpu, cpu * 0.12, count),
        walk(seed + 1, memory_mb, memory_mb * 0.05, count),
        walk(seed + 2, 380_000, 60_000, count),
        walk(seed + 3, 910_000, 150_000, count),
        strict=True,
    )
    return tuple(
        ServiceMetrics(
            service_id=service_id,
            at=until - timedelta(seconds=30 * (count - index - 1)),
            cpu_cores=busy,
            memory_bytes=int(filled * MEGABYTE),
            memory_limit_bytes=512 * MEGABYTE,
            received_bytes_s=received,
            sent_bytes_s=sent,
        )
        for index, (busy, filled, received, sent) in enumerate(curves)
    )
