from __future__ import annotations

import asyncio
import os
import resource
import shlex
import socket
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from godploy_desktop.remote.agent_http import HttpConnection, Request
from godploy_desktop.remote.ssh.unix_access import SocketAccess, access_command, parse_access
from godploy_desktop.remote.ssh_connection import SshConnection
from godploy_server.contract import NotAllowed, Unreachable
from tests.unit.remote.loopback_sshd import Sshd
from tests.unit.remote.unix_server import UnixServer
from tests.unit.remote.waiting import until

pytestmark = pytest.mark.asyncio

ConnectionTo = Callable[..., SshConnection]
WAIT_S = 20


async def get(connection: SshConnection, path: str, target: str, *, bulk: bool = False) -> bytes:
    http = await HttpConnection.over(await connection.open_unix(path, bulk=bulk))
    try:
        await http.send(Request("GET", target), {})
        return await http.body()
    finally:
        http.abort()


async def first_chunk(connection: SshConnection, path: str, target: str) -> HttpConnection:
    http = await HttpConnection.over(await connection.open_unix(path))
    await http.send(Request("GET", target), {})
    async with aclosing(http.chunks()) as chunks:
        async for chunk in chunks:
            assert chunk.startswith(b"0 ")
            break
    return http


async def streams_at(connection: SshConnection, path: str) -> int:
    return int(await get(connection, path, "/streams"))


async def streams_become(connection: SshConnection, path: str, count: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while await streams_at(connection, path) != count:  # noqa: ASYNC110  it is another process that counts
            await asyncio.sleep(0.1)


async def test_two_hundred_streams_go_through_one_connection_that_allows_ten_sessions(
    make_sshd: Callable[..., Sshd], connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    sshd = make_sshd("MaxSessions 10")
    connection = connection_to(sshd)
    await connection.connect()
    path = str(unix_server.path)
    streams = await asyncio.gather(*(first_chunk(connection, path, "/lines/1/x") for _ in range(200)))
    assert await streams_at(connection, path) == 200
    assert len(sshd.sessions()) <= 2  # one connection: a monitor and its worker
    assert (await connection.run("echo still")).stdout == b"still\n"
    for stream in streams:
        stream.abort()
    await streams_become(connection, path, 0)
    await connection.close()


async def test_a_closed_stream_ends_on_the_server_at_once(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    path = str(unix_server.path)
    stream = await first_chunk(connection, path, "/lines/0.01/x")  # the next line is far away: nothing to write
    assert await streams_at(connection, path) == 1
    stream.abort()
    await streams_become(connection, path, 0)
    await connection.close()


async def test_a_reader_that_waits_holds_up_nobody_else(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    path = str(unix_server.path)
    lazy = await connection.open_unix(path)
    lazy.send(b"GET /bytes/100000000 HTTP/1.1\r\n\r\n")
    await asyncio.sleep(0.5)
    async with asyncio.timeout(WAIT_S):
        assert await get(connection, path, "/") == b'{"ok": true}'
    lazy.close()
    await connection.close()


async def test_what_goes_in_comes_out_whole_in_both_directions(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    content = os.urandom(9_000_001)
    for bulk in (False, True):
        reader, writer = await asyncio.open_connection(
            sock=await connection.open_unix(str(unix_server.path), bulk=bulk)
        )
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(len(content)) == content
        writer.close()
    await connection.close()


async def test_a_download_that_outruns_its_reader_never_stands_still(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    size = 100_000_000

    def read_with_pauses(sock: socket.socket) -> int:
        sock.settimeout(WAIT_S)
        sock.sendall(b"GET /bytes/%d HTTP/1.1\r\n\r\n" % size)
        got, number = 0, 0
        while got < size:
            got += len(sock.recv(65536 if number % 50 else 4_000_000))
            number += 1
            if number % 200 == 0:
                time.sleep(0.002)
        return got

    for bulk in (False, True):
        sock = await connection.open_unix(str(unix_server.path), bulk=bulk)
        assert await asyncio.to_thread(read_with_pauses, sock) >= size
        sock.close()
    await connection.close()


async def test_streams_that_are_left_at_full_speed_do_not_hold_up_the_line(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    path = str(unix_server.path)

    async def leave_early(number: int) -> None:
        if number % 4 == 0:
            running = connection.run_lines("yes")
            async for _ in running:
                break
            await running.aclose()
            return
        reader, writer = await asyncio.open_connection(sock=await connection.open_unix(path))
        writer.write(b"GET /bytes/50000000 HTTP/1.1\r\n\r\n")
        await reader.readexactly(100_000 * (number % 7 + 1))
        writer.transport.abort()

    for start in range(0, 120, 8):
        async with asyncio.timeout(60):
            await asyncio.gather(*(leave_early(number) for number in range(start, start + 8)))
    assert (await connection.run("echo still")).stdout == b"still\n"
    await connection.close()


async def test_a_half_closed_stream_still_gives_what_comes(
    sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path
) -> None:
    async def answer_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"%d" % len(await reader.read()))
        writer.close()

    path = str(tmp_path / "count.sock")
    async with await asyncio.start_unix_server(answer_at_the_end, path):
        connection = connection_to(sshd)
        await connection.connect()
        reader, writer = await asyncio.open_connection(sock=await connection.open_unix(path))
        writer.write(b"12345")
        writer.write_eof()
        assert await reader.read() == b"5"
        writer.close()
        await connection.close()


async def test_where_sshd_does_not_forward_a_command_joins_the_socket(
    make_sshd: Callable[..., Sshd], connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    sshd = make_sshd("AllowStreamLocalForwarding no", "MaxSessions 10")
    connection = connection_to(sshd)
    await connection.connect()
    path = str(unix_server.path)
    streams = await asyncio.gather(*(first_chunk(connection, path, "/lines/1/x") for _ in range(12)))
    assert await streams_at(connection, path) == 12  # more than one connection allows: others were made
    for stream in streams:
        stream.abort()
    await streams_become(connection, path, 0)
    assert await get(connection, path, "/bytes/3000000") == bytes(3_000_000)
    await connection.close()


async def test_a_socket_that_is_not_there_is_named(sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    with pytest.raises(Unreachable) as missing:
        await connection.open_unix(str(tmp_path / "absent.sock"))
    assert "is not there" in missing.value.problem.what
    assert (await connection.run("echo still")).ok
    await connection.close()


async def test_a_server_without_a_connection_says_so(sshd: Sshd, connection_to: ConnectionTo) -> None:
    connection = connection_to(sshd)
    with pytest.raises(Unreachable) as refused:
        await connection.open_unix("/run/x")
    assert "not connected" in refused.value.problem.what


async def test_other_programs_reach_docker_through_a_socket_of_the_users_own(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("godploy_desktop.remote.ssh_connection.DOCKER_SOCKET", str(unix_server.path))
    connection = connection_to(sshd)
    await connection.connect()
    listener = await connection.listen(tmp_path / "run" / "web.sock")
    assert listener.path.stat().st_mode & 0o777 == 0o600
    assert listener.path.parent.stat().st_mode & 0o777 == 0o700

    def ask() -> bytes:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(listener.path))
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}") and (piece := sock.recv(4096)):
                answer += piece
            return answer

    answers = await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(5)))
    assert all(b'{"ok": true}' in answer for answer in answers)
    sshd.signal_sessions(9)
    await until(lambda: not connection.state.is_live)
    await until(lambda: connection.state.is_live)
    assert b'{"ok": true}' in await asyncio.to_thread(ask)
    await listener.close()
    assert not listener.path.exists()
    await connection.close()


async def test_the_server_says_what_stands_between_an_account_and_a_socket(
    sshd: Sshd, connection_to: ConnectionTo, unix_server: UnixServer
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    unix_server.path.chmod(0o600)
    question = access_command(str(unix_server.path))
    assert parse_access((await connection.run(question)).stdout) is SocketAccess.USABLE
    as_another = f"setpriv --reuid=65534 --clear-groups sh -c {shlex.quote(question)}"
    refused = parse_access((await connection.run(as_another)).stdout)
    assert refused in {SocketAccess.DENIED, SocketAccess.ABSENT}  # absent: it may not even look into the folder
    absent = parse_access((await connection.run(access_command("/run/absent.sock"))).stdout)
    assert absent is SocketAccess.ABSENT
    await connection.close()


async def test_a_denied_socket_says_what_to_do(
    sshd: Sshd, connection_to: ConnectionTo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connection_to(sshd)
    await connection.connect()
    monkeypatch.setattr("godploy_desktop.remote.ssh.tunnel.access_command", lambda path: "echo godploy-answer denied")
    with pytest.raises(NotAllowed) as denied:
        await connection.open_unix(str(tmp_path / "x.sock"))
    assert "sudo" in denied.value.problem.next_step
    await connection.close()
