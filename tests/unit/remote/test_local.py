from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from godploy_desktop.remote.connection import ConnectionState
from godploy_desktop.remote.local import LocalConnection
from godploy_desktop.remote.local_agent import (
    agent_arguments,
    choose_ports,
    docker_socket_path,
    is_port_free,
    remembered_ports,
    require_docker,
    running_agent,
)
from godploy_server.contract import GodployError, NotReady
from tests.unit.remote.waiting import until

S = ConnectionState


def has_docker() -> bool:
    try:
        require_docker(docker_socket_path())
    except GodployError:
        return False
    return True


def free_but(*taken: int) -> Callable[[int], bool]:
    return lambda port: port not in taken


def test_the_usual_ports_are_taken_when_they_are_free_and_may_be_used() -> None:
    assert choose_ports(free_but(), is_privileged=True) == (80, 443)
    assert choose_ports(free_but(), is_privileged=False) == (8080, 8443)
    assert choose_ports(free_but(443), is_privileged=True) == (8080, 8443)
    assert choose_ports(free_but(80, 8080), is_privileged=True) == (8180, 8543)
    with pytest.raises(NotReady):
        choose_ports(lambda port: False, is_privileged=True)


def test_ports_stay_the_same_from_one_start_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("godploy_desktop.remote.local_agent.is_port_free", free_but(80))
    assert remembered_ports(tmp_path) == (8080, 8443)
    monkeypatch.setattr("godploy_desktop.remote.local_agent.is_port_free", free_but(8080))  # by its own proxy
    assert remembered_ports(tmp_path) == (8080, 8443)


def test_without_docker_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as missing:
        require_docker(str(tmp_path / "absent.sock"))
    assert "Install Docker" in missing.value.problem.next_step


def test_the_agent_is_started_as_everywhere() -> None:
    arguments = agent_arguments(Path("/s"), Path("/r"), (8080, 8443))
    assert arguments[1:] == [
        "-m", "godploy_server", "agent", "--embedded", "--state-dir", "/s", "--run-dir", "/r",
        "--http-port", "8080", "--https-port", "8443",
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_an_agent_that_does_not_start_tells_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("godploy_desktop.remote.local.require_docker", lambda path: None)
    connection = LocalConnection(
        state_dir=tmp_path / "state",
        run_dir=tmp_path / "run",
        actor="me",
        arguments=["/bin/sh", "-c", "echo no good >&2; exit 1"],
    )
    with pytest.raises(NotReady) as failed:
        await connection.connect()
    assert "no good" in failed.value.problem.why
    assert connection.state is S.FAILED
    await connection.close()


LISTEN = """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
os.path.exists(sys.argv[1]) and os.unlink(sys.argv[1])
s.bind(sys.argv[1])
s.listen(9)
while True:
    c, _ = s.accept()
    try:
        c.recv(9999)
        c.sendall(b"HTTP/1.1 200 x\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    except OSError:
        pass
    c.close()
"""


@pytest.mark.asyncio
async def test_an_agent_that_ends_is_started_again_and_one_that_runs_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("godploy_desktop.remote.local.require_docker", lambda path: None)
    monkeypatch.setattr("godploy_desktop.remote.local.END_TIMEOUT_S", 0.2)  # this one knows no shutdown
    run_dir = tmp_path / "run"
    arguments = ["python3", "-c", LISTEN, str(run_dir / "agent.sock")]

    def connection() -> LocalConnection:
        return LocalConnection(state_dir=tmp_path / "state", run_dir=run_dir, actor="me", arguments=arguments)

    mine, other = connection(), connection()
    await mine.connect()
    first = running_agent(run_dir)
    await other.connect()
    assert first is not None
    assert running_agent(run_dir) == first
    await other.close()  # found it running: leaves it
    assert running_agent(run_dir) == first
    states: list[ConnectionState] = []
    mine.on_state(states.append)
    os.kill(first, signal.SIGKILL)
    await until(lambda: states == [S.LOST, S.RECONNECTING, S.CONNECTED])
    assert running_agent(run_dir) != first
    await mine.close(keep_agent=True)
    kept = running_agent(run_dir)
    assert kept is not None
    last = connection()
    await last.connect()
    await last.close(keep_agent=False)
    await until(lambda: running_agent(run_dir) is None)


@pytest.mark.lab
@pytest.mark.asyncio
@pytest.mark.skipif(not has_docker(), reason="needs a Docker that answers")
async def test_other_programs_and_docker_py_reach_this_computers_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the agent plays no part here: any process of this computer stands for it
    monkeypatch.setattr("godploy_desktop.remote.local.running_agent", lambda run_dir: os.getpid())
    connection = LocalConnection(state_dir=tmp_path / "state", run_dir=tmp_path / "run", actor="me")
    await connection.connect()
    version = await asyncio.to_thread(lambda: connection.docker().version())
    listener = await connection.listen(tmp_path / "run" / "docker.sock")
    command = ["docker", "-H", f"unix://{listener.path}", "version", "--format", "{{.Server.Version}}"]
    shown = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == version["Version"]
    await connection.close(keep_agent=True)


def test_a_port_that_any_address_of_this_computer_listens_on_is_not_free():
    with socket.socket() as listener, socket.socket() as other:
        listener.bind(("127.77.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not is_port_free(port)
        other.bind(("127.77.0.1", 0))  # bound, yet nobody listens
        assert is_port_free(other.getsockname()[1])
