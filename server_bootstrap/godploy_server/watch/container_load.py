"""The load of one container: from its cgroup's files (v1 and v2) where they can be read, else from Docker.

Source: kernel documentation, admin-guide/cgroup-v2 and cgroup-v1; Docker Engine API, ContainerStats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from godploy_server.watch.container_facts import ContainerFacts
from godploy_server.watch.server_load import read_traffic

_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")
_NO_LIMIT: Final = 1 << 60
"""Version 1 writes "no limit" as a number near 2**63."""


@dataclass(frozen=True)
class ContainerLoad:
    """Processor seconds used since the start, memory now (without file cache that can go), bytes through the network.

    `memory_limit_bytes` is 0 where there is none.
    """

    cpu_s: float
    memory_bytes: int
    memory_limit_bytes: int
    received: int
    sent: int


def read_cgroup(container: ContainerFacts, proc: Path = _PROC, cgroups: Path = _CGROUPS) -> ContainerLoad | None:
    """Give a running container's load from its files; None if they cannot be read.

    The cgroup's path must hold the container's id: a pid from another machine's Docker (in a VM) is no pid here.
    """
    try:
        lines = (proc / str(container.pid) / "cgroup").read_text(encoding="utf-8").splitlines()
        folders = _folders(lines, cgroups)
        if container.pid <= 0 or container.id not in "".join(lines):
            return None
        received, sent = read_traffic(proc / str(container.pid) / "net" / "dev", include_virtual=True)
        if "memory" in folders and "cpuacct" in folders:
            return _version_1(folders["cpuacct"], folders["memory"], received, sent)
        return _version_2(folders[""], received, sent)
    except (OSError, KeyError, ValueError, IndexError):
        return None


def from_docker(stats: Mapping[str, Any]) -> ContainerLoad:
    """Give a container's load from one answer of Docker's stats."""
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    networks = (stats.get("networks") or {}).values()
    limit = memory.get("limit", 0)
    return ContainerLoad(
        cpu_s=((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage", 0) / 1e9,
        memory_bytes=max(0, memory.get("usage", 0) - cache),
        memory_limit_bytes=limit if limit < _NO_LIMIT else 0,
        received=sum(each.get("rx_bytes", 0) for each in networks),
        sent=sum(each.get("tx_bytes", 0) for each in networks),
    )


def _folders(lines: list[str], cgroups: Path) -> dict[str, Path]:
    """Give the folder of each controller; the unified hierarchy's under ""."""
    folders = {}
    for line in lines:
        _, names, path = line.split(":", 2)
        relative = path.lstrip("/")
        if not names:
            folders[""] = cgroups / relative
        for name in filter(None, names.split(",")):
            folders[name] = cgroups / names / relative if (cgroups / names).exists() else cgroups / name / relative
    return folders


def _version_2(folder: Path, received: int, sent: int) -> ContainerLoad:
    cpu = _table(folder / "cpu.stat")
    limit = (folder / "memory.max").read_text(encoding="ascii").strip()
    return ContainerLoad(
        cpu_s=cpu["usage_usec"] / 1e6,
        memory_bytes=max(0, _number(folder / "memory.current") - _table(folder / "memory.stat")["inactive_file"]),
        memory_limit_bytes=0 if limit == "max" else int(limit),
        received=received,
        sent=sent,
    )


def _version_1(cpu: Path, memory: Path, received: int, sent: int) -> ContainerLoad:
    limit = _number(memory / "memory.limit_in_bytes")
    cache = _table(memory / "memory.stat").get("total_inactive_file", 0)
    return ContainerLoad(
        cpu_s=_number(cpu / "cpuacct.usage") / 1e9,
        memory_bytes=max(0, _number(memory / "memory.usage_in_bytes") - cache),
        memory_limit_bytes=limit if limit < _NO_LIMIT else 0,
        received=received,
        sent=sent,
    )


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))


def _table(file: Path) -> dict[str, int]:
    pairs = (line.split() for line in file.read_text(encoding="ascii").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs}
