"""What all builds of a server together may use, so that a build cannot take the server down: pure values.

Every command of a build runs in one cgroup, whose limits the agent sets: Docker takes its path for BuildKit (since
version 23; before, all builds share a group of Docker's own, which is limited instead) and for pack's containers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from godploy_server.contract import BUILD_GROUP, AgentSettings, DeploymentFailed

LEAST_MEMORY_BYTES: Final = 64 << 20
_CPU_PERIOD_US: Final = 100_000
_KILLED: Final = re.compile(
    r"(code|status)\W*137\b|\bkilled\b|signal: 9|cannot allocate memory|out of memory|memoryerror", re.I
)


@dataclass(frozen=True)
class Cap:
    """The most that all builds together may use. Memory counts swap in."""

    memory_bytes: int
    cpus: float


@dataclass(frozen=True)
class DockerKind:
    """What of a Docker decides where its builds run."""

    driver: str  # "cgroupfs" or "systemd"
    cgroup_version: str  # "1" or "2"
    is_integrated: bool  # BuildKit of Docker 20.10, which takes no cgroup of ours


@dataclass(frozen=True)
class Setting:
    """One file of a cgroup to write; one that does not exist (`is_optional`) is left out."""

    path: str
    value: str
    is_optional: bool = False


def cap_of(settings: AgentSettings, memory_total_bytes: int, cores: int) -> Cap:
    """Give the cap that settings mean: three quarters of the memory and all cores but half of one where they say 0."""
    memory = settings.build_memory_bytes or memory_total_bytes * 3 // 4
    cpus = settings.build_cpus or max(cores - 0.5, 0.5)
    return Cap(max(memory, LEAST_MEMORY_BYTES), cpus)


def group_of(kind: DockerKind) -> str:
    """Give the path of the cgroup that a Docker's builds run in."""
    if kind.is_integrated and kind.driver == "cgroupfs":
        return "docker/buildkit"
    return BUILD_GROUP


def settings_of(group: str, cap: Cap, cgroup_version: str) -> list[Setting]:
    """Give the files (relative to /sys/fs/cgroup) that hold a group to its cap, in the order in which they are written.

    Source: Linux kernel, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. In version 1 the sum of memory and swap
    may never be below the memory alone, so that lifting a limit wants the other order: it is written on both sides.
    """
    quota, memory = str(int(cap.cpus * _CPU_PERIOD_US)), str(cap.memory_bytes)
    if cgroup_version == "2":
        return [
            Setting(f"{group}/memory.max", memory),
            Setting(f"{group}/memory.swap.max", "0", is_optional=True),
            Setting(f"{group}/cpu.max", f"{quota} {_CPU_PERIOD_US}"),
        ]
    both = Setting(f"memory/{group}/memory.memsw.limit_in_bytes", memory, is_optional=True)
    return [
        Setting(f"memory/{group}/memory.memsw.limit_in_bytes", "-1", is_optional=True),
        Setting(f"memory/{group}/memory.limit_in_bytes", memory),
        both,
        Setting(f"cpu/{group}/cpu.cfs_period_us", str(_CPU_PERIOD_US)),
        Setting(f"cpu/{group}/cpu.cfs_quota_us", quota),
    ]


def unit_properties(cap: Cap) -> list[str]:
    """Give the properties of the slice for a systemd that manages Docker's cgroups (systemd.resource-control(5))."""
    return [
        "MemoryAccounting=yes",
        "CPUAccounting=yes",
        f"MemoryMax={cap.memory_bytes}",
        "MemorySwapMax=0",
        f"CPUQuota={int(cap.cpus * 100)}%",
    ]


def counter_of(group: str) -> str:
    """Give the file that counts the kills of a group of version 2, those of groups below it included."""
    return f"{group}/memory.events"


def peak_of(group: str) -> str:
    """Give the file that holds the most memory that a group of version 1 used since something was written to it.

    Its counters of failures tell nothing: they are of the group alone, and newer kernels do not count at all.
    """
    return f"memory/{group}/memory.max_usage_in_bytes"


def is_at_limit(peak: str, cap: Cap) -> bool:
    """Whether a group of version 1 used all that it may, but for what a charge of pages may leave."""
    return peak.strip().isdigit() and int(peak) >= cap.memory_bytes - (cap.memory_bytes >> 6)


def count_in(text: str) -> int:
    """Read the line `oom_kill N` of memory.events."""
    for line in text.splitlines():
        name, _, number = line.rpartition(" ")
        if name == "oom_kill" and number.isdigit():
            return int(number)
    return 0


def was_killed(lines: Sequence[str]) -> bool:
    """Whether the last lines of a build say that a program was killed, or got no memory."""
    return any(_KILLED.search(line) for line in lines)


def cap_reached(cap: Cap) -> DeploymentFailed:
    """Give the error of a build that needed more memory than builds may use."""
    return DeploymentFailed(
        "The build needed more memory than it may use",
        f"builds of this server may use {cap.memory_bytes >> 20} MiB together, and a program of it was ended there",
        "Make the build smaller, or raise the cap in the server's settings (build memory)",
    )


def described(cap: Cap, settings: AgentSettings) -> str:
    """Say what the cap is, in a line of the log."""
    own = "as the server's settings say" if settings.build_memory_bytes or settings.build_cpus else "the default"
    return f"Builds may use {cap.memory_bytes >> 20} MiB of memory and {cap.cpus:g} cores together ({own})"
