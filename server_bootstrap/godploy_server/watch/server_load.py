"""The load of the whole server, from /proc. Source: proc(5)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from godploy_server.contract.entities import ServerMetrics

_PROC: Final = Path("/proc")
_VIRTUAL: Final = re.compile(r"lo|veth.*|br-.*|docker\d*|virbr.*|tunl\d*|ip6tnl\d*|dummy.*|cni.*|flannel.*")


@dataclass(frozen=True)
class Counters:
    """What only grows: processor time in ticks, bytes through the real network interfaces."""

    busy_ticks: int
    all_ticks: int
    received: int
    sent: int


def read_counters(proc: Path = _PROC) -> Counters:
    """Read the counters as they stand."""
    with (proc / "stat").open(encoding="ascii") as file:
        ticks = [int(each) for each in file.readline().split()[1:9]]  # guest time is within user time already
    received, sent = read_traffic(proc / "net" / "dev")
    return Counters(sum(ticks) - ticks[3] - ticks[4], sum(ticks), received, sent)


def read_traffic(net_dev: Path, include_virtual: bool = False) -> tuple[int, int]:
    """Give the bytes received and sent through all interfaces but loopback (and virtual ones unless included)."""
    received = sent = 0
    for line in net_dev.read_text(encoding="ascii").splitlines()[2:]:
        name, _, numbers = line.partition(":")
        name = name.strip()
        if name == "lo" or (not include_virtual and _VIRTUAL.fullmatch(name)):
            continue
        fields = numbers.split()
        received += int(fields[0])
        sent += int(fields[8])
    return received, sent


def memory_total(proc: Path = _PROC) -> int:
    """Give the memory of the server in bytes."""
    return _memory(proc)[1]


def server_metrics(
    before: Counters, after: Counters, seconds: float, at: datetime, disk: Path, proc: Path = _PROC
) -> ServerMetrics:
    """Give the load between two readings `seconds` apart; `disk`: any path on the file system to measure."""
    ticks = after.all_ticks - before.all_ticks
    busy = (after.busy_ticks - before.busy_ticks) / ticks if ticks > 0 else 0.0
    used, total = _memory(proc)
    space = os.statvfs(disk)
    return ServerMetrics(
        at=at,
        cpu_fraction=min(1.0, max(0.0, busy)),
        cores=os.cpu_count() or 1,
        load_1m=float((proc / "loadavg").read_text(encoding="ascii").split()[0]),
        memory_used_bytes=used,
        memory_total_bytes=total,
        disk_used_bytes=(space.f_blocks - space.f_bfree) * space.f_frsize,
        disk_total_bytes=space.f_blocks * space.f_frsize,
        received_bytes_s=rate(before.received, after.received, seconds),
        sent_bytes_s=rate(before.sent, after.sent, seconds),
    )


def rate(before: float, after: float, seconds: float) -> float:
    """Give the growth per second; 0 when the counter began anew."""
    return max(0.0, after - before) / seconds if seconds > 0 else 0.0


def _memory(proc: Path) -> tuple[int, int]:
    values = {}
    for line in (proc / "meminfo").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemAvailable", "MemFree"):
            values[name] = int(rest.split()[0]) * 1024
    total = values["MemTotal"]
    return total - values.get("MemAvailable", values.get("MemFree", 0)), total
