"""A git host reached by SSH: a real sshd on loopback, whose host key can change."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from godploy_server.deploy.git_hosts import trusted
from godploy_server.runtime.engine import Engine


@dataclass
class SshHost:
    port: int
    folder: Path

    def url(self, repository: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository}"

    def allow(self, public_key: str) -> None:
        (self.folder / "authorized_keys").write_text(public_key + "\n")

    @property
    def name(self) -> str:
        return f"[127.0.0.1]:{self.port}"

    @property
    def key(self) -> str:
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        shown = subprocess.run(
            ["ssh-keygen", "-lf", str(self.folder / "host_key.pub")], check=True, capture_output=True, text=True
        )
        return shown.stdout.split()[1]

    def trust(self, engine: Engine) -> None:
        trusted.trust(engine, self.name, self.key, "ada")

    def add_key(self) -> None:
        """Show an RSA key too to whoever connects from now on."""
        _keygen(self.folder / "host_key_rsa", "rsa")

    def change_key(self, kind: str = "ed25519") -> None:
        for file in self.folder.glob("host_key*"):
            file.unlink()
        _keygen(self.folder / "host_key", kind)


def _keygen(file: Path, kind: str = "ed25519") -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(file)], check=True)


@contextmanager
def serving(folder: Path, port: int) -> Iterator[SshHost]:
    """Run sshd with a new host key until the end of the block."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs sshd (apt-get install openssh-server)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, started as root, confines its network half
    folder.mkdir()
    host = SshHost(port, folder)
    host.allow("")
    _keygen(folder / "host_key")
    # -D with one process a connection, so that each connection reads the host keys anew (see change_key, add_key)
    configuration = [
        f"AuthorizedKeysFile {folder}/authorized_keys", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
        "PermitRootLogin yes", f"ListenAddress 127.0.0.1:{host.port}", f"HostKey {folder}/host_key",
        f"HostKey {folder}/host_key_rsa", f"PidFile {folder}/pid",
    ]  # fmt: skip
    (folder / "config").write_text("\n".join(configuration) + "\n")
    server = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", host.port), 1).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    try:
        yield host
    finally:
        server.terminate()
        server.wait(10)
