"""Real sshd processes on loopback, and connections to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion
from godploy_desktop.remote.ssh_connection import SshConnection
from tests.unit.remote.loopback_sshd import Sshd, can_run
from tests.unit.remote.unix_server import UnixServer


async def trust(question: HostKeyQuestion) -> HostKeyDecision:
    del question
    return HostKeyDecision.TRUST


@pytest.fixture
def make_sshd(tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    if not can_run():
        pytest.skip("needs root and sshd (apt-get install openssh-server)")
    started: list[Sshd] = []

    def make(*options: str, **settings: Any) -> Sshd:
        sshd = Sshd(tmp_path / f"sshd{len(started)}", options, **settings)
        started.append(sshd)
        return sshd.start()

    yield make
    for sshd in started:
        sshd.stop()


@pytest.fixture
def sshd(make_sshd: Callable[..., Sshd]) -> Sshd:
    return make_sshd()


@pytest.fixture
def unix_server(tmp_path: Path) -> Iterator[UnixServer]:
    server = UnixServer(tmp_path / "http.sock").start()
    yield server
    server.stop()


@pytest.fixture
def connection_to(tmp_path: Path) -> Callable[..., SshConnection]:
    def make(sshd: Sshd, **settings: Any) -> SshConnection:
        address = settings.pop("address", ServerAddress("127.0.0.1", "root", sshd.port, sshd.user_key, use_agent=False))
        settings = {"decide_host_key": trust, "ssh_config": None, "known_hosts": None, **settings}
        return SshConnection(address, profile_folder=tmp_path / "profile", actor="someone", **settings)

    return make
