"""Who listens on a port: so that a taken port can be named together with its holder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from godploy_server.contract import GodployError

_LISTEN = "0A"


class PortTaken(GodployError):
    """A port that the proxy needs belongs to someone else."""

    code, status, exit_code = "port-taken", 409, 12


def port_taken(port: int, holder: str) -> PortTaken:
    """Give the error for a port that `holder` (a phrase such as "nginx (pid 812)") listens on."""
    return PortTaken(
        f"Port {port} on this server is already in use",
        f"{holder or 'another program'} listens on it",
        "Stop that program, or let the proxy use other ports in the server's ingress settings",
    )


def published_by(containers: Iterable[Mapping[str, Any]], port: int, own: str) -> str:
    """Give "the container NAME" for the container that publishes `port`, from Docker's list; "" if none does."""
    for container in containers:
        names = [name.lstrip("/") for name in container.get("Names", ())]
        if own in names:
            continue
        for published in container.get("Ports", ()):
            if published.get("PublicPort") == port:
                return f"the container {names[0] if names else container['Id'][:12]}"
    return ""


def listening_inodes(proc_net_tcp: str, port: int) -> set[str]:
    """Give the socket inodes that listen on `port` in the text of /proc/net/tcp or tcp6. Source: proc(5)."""
    found = set()
    for line in proc_net_tcp.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
            found.add(fields[9])
    return found


def holder_of(port: int, proc: Path = Path("/proc")) -> str:
    """Give "NAME (pid N)" of the process that listens on `port`; "" when none does or it may not be seen."""
    inodes: set[str] = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            inodes |= listening_inodes((proc / "net" / table).read_text(encoding="ascii"), port)
    wanted = {f"socket:[{inode}]" for inode in inodes}
    if not wanted:
        return ""
    for process in proc.iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in wanted:
                    name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                    return f"{name} (pid {process.name})"
    return ""
