from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

import pytest

from godploy_desktop.remote.connection import ConnectionState
from godploy_desktop.remote.ssh import watchdog
from godploy_desktop.remote.ssh_connection import SshConnection
from godploy_server.contract import Unreachable
from tests.unit.remote.loopback_sshd import Sshd
from tests.unit.remote.unix_server import UnixServer
from tests.unit.remote.waiting import how_late
from tests.unit.remote.waiting import until as until_true

pytestmark = pytest.mark.asyncio

ConnectionTo = Callable[..., SshConnection]
S = ConnectionState


async def until(connection: SshConnection, state: ConnectionState, within_s: float = 60.0) -> float:
    """Wait for a state; gives back how long that took. The time bounds a test that hangs."""
    reached = asyncio.Event()
    unsubscribe = connection.on_state(lambda now: reached.set() if now is state else None)
    started = time.monotonic()
    try:
        if connection.state is not state:
            async with asyncio.timeout(within_s):
                await reached.wait()
    finally:
        unsubscribe()
    return time.monotonic() - started


async def test_a_connection_that_is_cut_comes_back_by_itself(sshd: Sshd, connection_to: ConnectionTo) -> None:
    connection = connection_to(sshd)
    states: list[ConnectionState] = []
    connection.on_state(states.append)
    await connection.connect()
    sshd.signal_sessions(signal.SIGKILL)
    await until(connection, S.LOST)
    with pytest.raises(Unreachable):
        await connection.run("echo")
    await until(connection, S.CONNECTED)
    assert (await connection.run("echo back")).stdout == b"back\n"
    assert states == [S.CONNECTING, S.CONNECTED, S.LOST, S.RECONNECTING, S.CONNECTED]
    await connection.close()


async def test_a_server_that_freezes_is_noticed_within_ten_seconds(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    stream = await connection.open_unix(str(unix_server.path))
    reader, writer = await asyncio.open_connection(sock=stream)
    writer.write(b"GET /lines/100/x HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    sshd.signal_sessions(signal.SIGSTOP)
    async with how_late() as late:
        took = await until(connection, S.LOST)
    assert took - late.total_s <= 10.5  # the requirement: a dead peer is noticed in 10 s
    assert connection.problem is not None
    assert "no answer" in connection.problem.why
    async with asyncio.timeout(60):
        await reader.read(-1)  # the stream that hung has ended
    writer.close()
    await until(connection, S.CONNECTED)  # only the old session is frozen
    assert (await connection.run("echo back")).ok
    await connection.close()


async def test_a_server_that_has_nothing_to_say_stays_connected(sshd: Sshd, connection_to: ConnectionTo) -> None:
    connection = connection_to(sshd)
    states: list[ConnectionState] = []
    await connection.connect()
    connection.on_state(states.append)
    await asyncio.sleep(12)  # longer than a dead server is believed
    assert states == []
    await connection.close()


async def test_waking_up_from_sleep_makes_the_connection_anew(
    sshd: Sshd, connection_to: ConnectionTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    slept_s = 3600.0
    monkeypatch.setattr(watchdog, "elapsed_clock", lambda: time.monotonic() + slept_s)
    await until(connection, S.LOST)
    assert connection.problem is not None
    assert "asleep" in connection.problem.why
    await until(connection, S.CONNECTED)
    await connection.close()


async def test_asking_to_connect_while_lost_tries_at_once_and_tells_what_fails(
    sshd: Sshd, connection_to: ConnectionTo
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    sshd.stop()
    await until(connection, S.LOST)
    with pytest.raises(Unreachable):
        await connection.connect()
    sshd.start()
    await connection.connect()
    assert connection.state is S.CONNECTED
    await connection.close()


async def test_many_who_connect_at_once_make_one_login(sshd: Sshd, connection_to: ConnectionTo) -> None:
    connection = connection_to(sshd)
    await asyncio.gather(*(connection.connect() for _ in range(10)))
    assert len(sshd.sessions()) <= 2
    await connection.close()


async def test_an_attempt_that_nobody_waits_for_any_more_ends(sshd: Sshd, connection_to: ConnectionTo) -> None:
    sshd.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]  # it was started
    connection = connection_to(sshd)
    waiting = asyncio.create_task(connection.connect())
    await asyncio.sleep(0.3)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until_true(lambda: connection.state is S.DISCONNECTED)
    sshd.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]  # it was started
    await connection.connect()
    await connection.close()


async def test_closing_leaves_no_session_behind(sshd: Sshd, connection_to: ConnectionTo) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    await connection.close()
    assert connection.state is S.DISCONNECTED
    await until_true(lambda: not sshd.sessions())
