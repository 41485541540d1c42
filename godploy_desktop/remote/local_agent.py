"""The agent of this computer as a process: finding it, starting it, and the ports that its proxy serves on."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from godploy_server.contract import NotAllowed, NotReady

START_TIMEOUT_S: Final = 20.0
PORT_CHOICES: Final = ((80, 443), (8080, 8443), (8180, 8543), (18080, 18443))
SOCKET_NAME: Final = "agent.sock"
PORTS_NAME: Final = "ports.json"
LOG_NAME: Final = "agent.log"
_LISTENS: Final = "0A"

Ports = tuple[int, int]


def docker_socket_path() -> str:
    """Give back where this computer's Docker listens: DOCKER_HOST if that is a unix socket, else the usual place."""
    host = os.environ.get("DOCKER_HOST", "")
    return host.removeprefix("unix://") if host.startswith("unix://") else "/var/run/docker.sock"


def require_docker(path: str) -> None:
    """Raise NotReady or NotAllowed, with what to do, unless something answers at the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        code = probe.connect_ex(path)
    if code == 0:
        return
    if code in {errno.EACCES, errno.EPERM}:
        raise NotAllowed(
            "This computer's Docker may not be used",
            f"your account has no permission on {path}",
            'Add yourself to the group "docker" (sudo usermod -aG docker $USER) and log in again',
        )
    raise NotReady(
        "This computer has no Docker that runs",
        f"nothing listens on {path}",
        "Install Docker (on Debian and Ubuntu: sudo apt install docker.io) or start it (sudo systemctl start docker)",
    )


def choose_ports(is_free: Callable[[int], bool], *, is_privileged: bool) -> Ports:
    """Give back the first pair of ports for HTTP and HTTPS that is free. Raises NotReady when none is.

    `is_privileged` is False where Docker runs without root: it cannot open ports below 1024.
    """
    for http, https in PORT_CHOICES:
        if (is_privileged or http >= 1024) and is_free(http) and is_free(https):
            return http, https
    raise NotReady(
        "No ports are left for the proxy of this computer",
        "other programs listen on " + ", ".join(f"{http}/{https}" for http, https in PORT_CHOICES),
        "Stop one of them",
    )


def is_port_free(port: int) -> bool:
    """Whether nothing on this computer listens on the port, on whatever address: Docker opens it on all of them."""
    with contextlib.suppress(OSError):  # no such table where the kernel is not Linux
        return port not in listening_ports(Path("/proc/net/tcp").read_text(), _text_or_nothing(Path("/proc/net/tcp6")))
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((address, port)) == 0:
                    return False
        except OSError:  # no IPv6 here
            continue
    return True


def listening_ports(*tables: str) -> frozenset[int]:
    """Give back the ports that a table of the kernel's sockets shows as listened on. Source: proc(5), /proc/net/tcp."""
    rows = (line.split() for table in tables for line in table.splitlines()[1:])
    return frozenset(int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTENS)


def _text_or_nothing(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # no IPv6 here
        return ""


def remembered_ports(state_dir: Path) -> Ports:
    """Give back the ports of this computer's proxy: chosen once, kept from then on, as links to them are."""
    file = state_dir / PORTS_NAME
    try:
        http, https = json.loads(file.read_text(encoding="utf-8"))
        return int(http), int(https)
    except (OSError, ValueError, TypeError):
        pass
    is_privileged = not docker_socket_path().startswith("/run/user/")
    ports = choose_ports(is_port_free, is_privileged=is_privileged)
    file.write_text(json.dumps(ports), encoding="utf-8")
    return ports


def agent_arguments(state_dir: Path, run_dir: Path, ports: Ports) -> list[str]:
    """Give back the command line of an embedded agent."""
    return [
        *(sys.executable, "-m", "godploy_server", "agent", "--embedded"),
        *("--state-dir", str(state_dir), "--run-dir", str(run_dir)),
        *("--http-port", str(ports[0]), "--https-port", str(ports[1])),
    ]


def running_agent(run_dir: Path) -> int | None:
    """Give back the process id of the agent that listens there; None when none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(run_dir / SOCKET_NAME))
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return None
    pid, _, _ = struct.unpack("3i", credentials)
    return int(pid)


def start_agent(state_dir: Path, run_dir: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start an agent and wait until it listens. It has a session of its own: it may outlive this program. Blocks.

    Raises NotReady with the end of its log when it does not come up.
    """
    for folder in (state_dir, run_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = state_dir / LOG_NAME
    with log.open("ab") as output:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=state_dir
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if running_agent(run_dir) is not None:
            return process
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise NotReady(
        "The agent of this computer did not start",
        log.read_text(encoding="utf-8", errors="replace").strip()[-400:] or "it ended without a word",
        f"Look at {log}",
    )


def wait_for_end(pid: int, process: subprocess.Popen[bytes] | None, timeout_s: float) -> None:
    """Wait until an agent that was asked to end has ended; after `timeout_s` it is told to by a signal. Blocks."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not is_running(pid, process):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGTERM)


def is_running(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    """Whether the agent still runs; reaps it if it was started here."""
    if process is not None and process.pid == pid:
        return process.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
