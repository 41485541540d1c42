"""Telling a process from a later one with the same pid."""

from __future__ import annotations

from pathlib import Path


def start_of(pid: int) -> str | None:
    """Give a text that no other process with this pid has (boot id and start time), None if there is no such process.

    A zombie counts as gone. Source: proc(5), fields 3 (state) and 22 (starttime) of /proc/PID/stat.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    if fields[0] in "ZX":
        return None
    return f"{boot}:{fields[19]}"
