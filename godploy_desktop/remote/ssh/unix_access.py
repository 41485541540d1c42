"""What the server can do, and how to reach a unix socket on it when sshd does not forward to it: command lines only."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import Enum
from typing import Final

DOCKER_SOCKETS: Final = frozenset({"/var/run/docker.sock", "/run/docker.sock"})

_MARK: Final = "godploy-answer"

PROBE_COMMAND: Final = (
    f'printf "{_MARK} %s\\n" "uid=$(id -u)" "python=$(command -v python3)" "docker=$(command -v docker)"'
    ' "sudo=$([ "$(id -u)" = 0 ] || { sudo -n true >/dev/null 2>&1 && echo yes; })"'
)
"""One command right after the login. Up to OpenSSH 10.0, sshd leaves Nagle's algorithm on until a session channel
exists: without this, every request waits 44 ms."""

_RELAY: Final = """
import os, socket, sys, threading
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
def up():
    while True:
        d = os.read(0, 65536)
        if not d:
            break
        s.sendall(d)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while True:
    d = s.recv(65536)
    if not d:
        break
    while d:
        d = d[os.write(1, d):]
"""


@dataclass(frozen=True)
class ServerFacts:
    """What the account can do on the server. `uid` is None where the account runs no commands."""

    uid: int | None = None
    python: str = ""
    docker: str = ""
    has_sudo: bool = False  # without a password

    @property
    def is_root(self) -> bool:
        """Whether the account is root."""
        return self.uid == 0


class SocketAccess(Enum):
    """What stands between the account and a unix socket."""

    USABLE = "usable"  # so it is sshd that does not forward
    NEEDS_ROOT = "needs-root"  # and sudo gives it
    DENIED = "denied"
    ABSENT = "absent"


def parse_probe(output: bytes) -> ServerFacts:
    """Read what PROBE_COMMAND printed, among whatever the login shell prints."""
    values = dict(line.split("=", 1) for line in _answers(output) if "=" in line)
    uid = values.get("uid", "")
    return ServerFacts(
        uid=int(uid) if uid.isdigit() else None,
        python=values.get("python", ""),
        docker=values.get("docker", ""),
        has_sudo=values.get("sudo") == "yes",
    )


def access_command(path: str) -> str:
    """Give back the command that tells what stands between the account and a socket."""
    quoted = shlex.quote(path)
    return (
        f"if [ -S {quoted} ] && [ -r {quoted} ] && [ -w {quoted} ]; then echo {_MARK} usable; "
        f'elif [ "$(id -u)" != 0 ] && sudo -n test -S {quoted} 2>/dev/null; then echo {_MARK} needs-root; '
        f"elif [ -e {quoted} ]; then echo {_MARK} denied; else echo {_MARK} absent; fi"
    )


def parse_access(output: bytes) -> SocketAccess:
    """Read what `access_command` printed; ABSENT when it printed nothing of use."""
    known = {each.value: each for each in SocketAccess}
    return next((known[line] for line in _answers(output) if line in known), SocketAccess.ABSENT)


def relay_command(path: str, facts: ServerFacts, *, as_root: bool) -> str | None:
    """Give back the command that joins its stdin and stdout with a unix socket; None where nothing there can."""
    if path in DOCKER_SOCKETS and facts.docker:
        command = f"docker -H {shlex.quote(f'unix://{path}')} system dial-stdio"
    elif facts.python:
        command = f"python3 -c {shlex.quote(_RELAY)} {shlex.quote(path)}"
    else:
        return None
    return as_root_command(command) if as_root else command


def as_root_command(command: str) -> str:
    """Give back the shell command line that runs `command` as root through sudo, asking for nothing."""
    return f"sudo -n -- sh -c {shlex.quote(command)}"


def group_command(command: str) -> str:
    """Give back `command` so that it tells the id of its process group first, on stderr.

    sshd makes each command the leader of a session; the shells replace each other, so that the id stays.
    """
    return f"exec sh -c {shlex.quote(f'echo {_MARK} pid=$$ >&2; {command}')}"


def parse_group(stderr: bytes) -> tuple[int | None, bytes]:
    """Give back the process group that `group_command` told, and the rest of stderr."""
    kept: list[bytes] = []
    group: int | None = None
    for line in stderr.splitlines(keepends=True):
        text = line.decode("utf-8", "replace").strip()
        if group is None and text.startswith(f"{_MARK} pid=") and text.rpartition("=")[2].isdigit():
            group = int(text.rpartition("=")[2])
        else:
            kept.append(line)
    return group, b"".join(kept)


def end_group_command(group: int, *, with_sudo: bool) -> str:
    """Give back the command that ends a process group: asked first, forced after 5 s."""
    script = (  # without "--", which dash's kill does not know
        f"kill -TERM -{group} 2>/dev/null; "
        f"for i in 1 2 3 4 5; do kill -0 -{group} 2>/dev/null || exit 0; sleep 1; done; "
        f"kill -KILL -{group} 2>/dev/null"
    )
    return as_root_command(script) if with_sudo else script


def write_command(path: str, mode: int, size_bytes: int) -> str:
    """Give back the command that writes its stdin to a file, whole or not at all."""
    target, part = shlex.quote(path), shlex.quote(f"{path}.godploy-part")
    return (
        f"set -e; umask 077; cat > {part}; "
        f'if [ "$(wc -c < {part})" -ne {size_bytes} ]; then rm -f {part}; echo "the upload was cut" >&2; exit 75; fi; '
        f"chmod {mode:04o} {part}; mv -f {part} {target}"
    )


def _answers(output: bytes) -> list[str]:
    lines = output.decode("utf-8", "replace").splitlines()
    return [line.removeprefix(_MARK).strip() for line in lines if line.startswith(f"{_MARK} ")]
