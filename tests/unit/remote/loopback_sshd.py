"""A real sshd on a free loopback port, with keys and settings of its own, and a real HTTP server on a unix socket."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.ports import free_port

SSHD = "/usr/sbin/sshd"


def make_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    rounds = ["-a", "1"] if passphrase else []  # few rounds: the tests are not attacked
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, *rounds, "-f", str(path)], check=True)
    return path


@dataclass
class Sshd:
    """One running sshd. `options` are further lines of sshd_config."""

    folder: Path
    options: tuple[str, ...] = ()
    host_key_kind: str = "ed25519"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def host_key(self) -> Path:
        return self.folder / "host_key"

    @property
    def user_key(self) -> Path:
        return self.folder / "user_key"

    def start(self) -> Sshd:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.host_key.exists():
            make_key(self.host_key, kind=self.host_key_kind)
        if not self.user_key.exists():
            make_key(self.user_key)
            self.authorize(self.user_key)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # privilege separation needs it, empty
        config = self.folder / "sshd_config"
        config.write_text(
            "\n".join(
                (
                    *self.options,
                    f"Port {self.port}",
                    "ListenAddress 127.0.0.1",
                    f"HostKey {self.host_key}",
                    f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
                    "PidFile none",
                    "StrictModes no",
                    "UsePAM no",
                    "PermitRootLogin yes",
                    "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no",
                    "MaxStartups 200",
                    "LogLevel ERROR",
                )
            )
            + "\n"
        )
        self.process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(config)], stderr=(self.folder / "log").open("ab"), start_new_session=True
        )
        self._wait_until_it_answers()
        return self

    def _wait_until_it_answers(self) -> None:
        for _ in range(200):
            with socket.socket() as probe, contextlib.suppress(OSError):  # not there yet, or slow to say so
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and probe.recv(4) == b"SSH-":
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def authorize(self, key: Path) -> None:
        with (self.folder / "authorized_keys").open("a") as file:
            file.write(key.with_name(f"{key.name}.pub").read_text())

    def new_host_key(self) -> None:
        self.host_key.unlink()
        self.host_key.with_name("host_key.pub").unlink()
        make_key(self.host_key, kind=self.host_key_kind)

    def public_host_key(self) -> str:
        return " ".join(self.host_key.with_name("host_key.pub").read_text().split()[:2])

    def fingerprint(self) -> str:
        public = str(self.host_key.with_name("host_key.pub"))
        return subprocess.run(["ssh-keygen", "-lf", public], check=True, capture_output=True, text=True).stdout.split()[
            1
        ]

    def known_hosts_line(self, host: str = "127.0.0.1") -> str:
        return f"[{host}]:{self.port} {self.public_host_key()}"

    def sessions(self) -> list[int]:
        """The processes that serve connections: every process below the one that listens."""
        return _below(self.process.pid) if self.process is not None else []

    def signal_sessions(self, number: int) -> None:
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        if self.process is None:
            return
        sessions = self.sessions()
        self.process.kill()
        self.process.wait()
        self.process = None
        for pid in sessions:
            for number in (signal.SIGKILL, signal.SIGCONT):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)


def _below(pid: int) -> list[int]:
    found: list[int] = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in children:
        found += [int(child), *_below(int(child))]
    return found


def can_run() -> bool:
    return os.geteuid() == 0 and Path(SSHD).exists() and shutil.which("ssh-keygen") is not None
