"""The tunnel against OpenSSH's own, each as a ratio within one run: latency, throughput, and 200 live log streams.

Against a real sshd on loopback, and behind it Docker's socket where there is one (latency) and a real HTTP server on a
unix socket, each a process of its own.
Run: python -m tests.bench.bench_tunnel
"""

from __future__ import annotations

import asyncio
import http.client
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from godploy_desktop.remote.agent_http import HttpConnection, Request
from godploy_desktop.remote.docker_socket import open_in_thread
from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion
from godploy_desktop.remote.ssh_connection import SshConnection
from tests.bench.figures import Figure, publish
from tests.unit.remote.loopback_sshd import Sshd, can_run
from tests.unit.remote.unix_server import UnixServer

REQUESTS = 1000
ROUNDS = 15
BLOCK_BYTES = 60_000_000
DOCKER = Path("/var/run/docker.sock")
STREAMS = 200
STREAM_SECONDS = 8.0
LINES_PER_SECOND = 1.0


class _SocketHttp(http.client.HTTPConnection):
    def __init__(self, sock: socket.socket) -> None:
        super().__init__("bench")
        self.sock = sock


class Requests:
    """Requests on one kept connection, timed one by one."""

    def __init__(self, sock: socket.socket, target: str) -> None:
        sock.settimeout(30)
        self._client = _SocketHttp(sock)
        self._target = target
        self.seconds: list[float] = []

    def one(self) -> None:
        started = time.perf_counter()
        self._client.request("GET", self._target)
        self._client.getresponse().read()
        self.seconds.append(time.perf_counter() - started)

    def close(self) -> None:
        self._client.close()


def _download(sock: socket.socket) -> float:
    """Bytes a second of one long answer."""
    with sock:
        sock.settimeout(30)
        sock.sendall(b"GET /bytes/%d HTTP/1.1\r\n\r\n" % BLOCK_BYTES)
        left = BLOCK_BYTES
        started = time.perf_counter()
        buffer = bytearray(1 << 20)
        while left > 0:
            count = sock.recv_into(buffer)
            if not count:
                raise RuntimeError("the stream was cut")
            left -= count
        return BLOCK_BYTES / (time.perf_counter() - started)


def _answers(path: Path) -> bool:
    try:
        _connected(path).close()
    except OSError:
        return False
    return True


def _connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    return sock


def _ssh(sshd: Sshd) -> list[str]:
    return [
        *("ssh", "-F", "none", "-i", str(sshd.user_key), "-p", str(sshd.port), "-o", "StrictHostKeyChecking=no"),
        *("-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ControlMaster=no"),
        *("-c", "aes128-gcm@openssh.com"),
    ]


@contextmanager
def _openssh_forward(sshd: Sshd, target: Path, folder: Path) -> Iterator[Path]:
    path = folder / "openssh.sock"
    command = [*_ssh(sshd), "-N", "-L", f"{path}:{target}", "root@127.0.0.1"]
    process = subprocess.Popen(command)
    try:
        while not path.exists():
            time.sleep(0.05)
        yield path
    finally:
        process.kill()
        process.wait()


def _ssh_cat(sshd: Sshd) -> float:
    """Bytes a second of `ssh cat` for the same number of bytes, without the time of its login."""
    command = [*_ssh(sshd), "root@127.0.0.1", f"echo; exec head -c {BLOCK_BYTES} /dev/zero"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        started = time.perf_counter()
        while os.read(process.stdout.fileno(), 1 << 20):
            pass
        return BLOCK_BYTES / (time.perf_counter() - started)


async def _trust(question: HostKeyQuestion) -> HostKeyDecision:
    del question
    return HostKeyDecision.TRUST


async def _latency_and_throughput(
    connection: SshConnection, sshd: Sshd, server: UnixServer, folder: Path
) -> list[Figure]:
    loop = asyncio.get_running_loop()
    path, target = (DOCKER, "/containers/json") if _answers(DOCKER) else (server.path, "/")

    def tunnel(socket_path: Path, *, bulk: bool = False) -> socket.socket:
        return open_in_thread(loop, lambda: connection.open_unix(str(socket_path), bulk=bulk))

    def measure() -> list[Figure]:
        # one by one in turn: the load of the machine is in both alike
        with _openssh_forward(sshd, path, folder) as forwarded:
            ours, theirs = Requests(tunnel(path), target), Requests(_connected(forwarded), target)
            _alternate(REQUESTS, ours.one, theirs.one)
            ours.close()
            theirs.close()
        rates: list[float] = []
        cats: list[float] = []
        _alternate(
            ROUNDS, lambda: rates.append(_download(tunnel(server.path, bulk=True))), lambda: cats.append(_ssh_cat(sshd))
        )
        mine, other = statistics.median(ours.seconds), statistics.median(theirs.seconds)
        rate, cat = statistics.median(rates), statistics.median(cats)
        return [
            Figure(
                "tunnel latency", mine / other, "x",
                f"{mine * 1e6:.0f} us, median of {REQUESTS} times GET {target}", f"ssh -L {other * 1e6:.0f} us", 1.2,
            ),
            Figure(
                "tunnel throughput", rate / cat, "x",
                f"{rate / 1e6:.0f} MB/s, median of {ROUNDS}", f"ssh cat {cat / 1e6:.0f} MB/s", 0.9, is_at_most=False,
            ),
        ]  # fmt: skip

    return await asyncio.to_thread(measure)


def _alternate(rounds: int, *measured: Callable[[], object]) -> None:
    for _ in range(rounds):
        for each in measured:
            each()


async def _streams(connection: SshConnection, server: UnixServer) -> Figure:
    async def through_the_tunnel() -> socket.socket:
        return await connection.open_unix(str(server.path))

    async def directly() -> socket.socket:
        sock = _connected(server.path)
        sock.setblocking(False)
        return sock

    share, rate = await _share_of_streams(through_the_tunnel)
    reference, _ = await _share_of_streams(directly)
    return Figure(
        f"{STREAMS} live log streams, processor time", share, " %",
        f"{share / reference:.1f}x, of one core at {rate:.0f} lines/s together, one connection",
        f"the same sockets without a tunnel {reference:.1f} %", 5.0,
    )  # fmt: skip


async def _share_of_streams(open_socket: Callable[[], Awaitable[socket.socket]]) -> tuple[float, float]:
    """Follow all streams for a while; gives back the share of a core in per cent, and lines a second together."""
    lines = 0

    async def follow() -> None:
        nonlocal lines
        stream = await HttpConnection.over(await open_socket())
        try:
            await stream.send(Request("GET", f"/lines/{LINES_PER_SECOND}/{'x' * 100}"), {})
            async for chunk in stream.chunks():
                lines += chunk.count(b"\n")
        finally:
            stream.abort()

    following = [asyncio.create_task(follow()) for _ in range(STREAMS)]
    while lines < STREAMS:  # noqa: ASYNC110  a bench may look now and then
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    before_lines, before_cpu, started = lines, time.process_time(), time.perf_counter()
    await asyncio.sleep(STREAM_SECONDS)
    elapsed = time.perf_counter() - started
    share = (time.process_time() - before_cpu) / elapsed * 100
    rate = (lines - before_lines) / elapsed
    for each in following:
        each.cancel()
    await asyncio.wait(following)
    return share, rate


async def measure() -> list[Figure]:
    """Measure everything."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sshd, server = Sshd(folder / "sshd"), UnixServer(folder / "http.sock")
        try:
            sshd.start()
            server.start()
            connection = SshConnection(
                ServerAddress("127.0.0.1", "root", sshd.port, sshd.user_key, use_agent=False),
                profile_folder=folder / "profile",
                actor="bench",
                decide_host_key=_trust,
                ssh_config=None,
                known_hosts=None,
            )
            await connection.connect()
            figures = await _latency_and_throughput(connection, sshd, server, folder)
            figures.append(await _streams(connection, server))
            await connection.close()
            return figures
        finally:
            server.stop()
            sshd.stop()


def main() -> int:
    if not can_run():
        publish([Figure("tunnel", not_run="needs root, sshd and ssh-keygen")])
        return 0
    publish(asyncio.run(measure()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
