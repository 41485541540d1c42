"""*This computer* as a server: the same agent as a child process, reached over its unix socket without SSH."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from godploy_desktop.remote.agent_client import AgentClient
from godploy_desktop.remote.commands import Command, run_to_end, write_with
from godploy_desktop.remote.connection import (
    COMMAND_TIMEOUT_S,
    DOCKER_SOCKET,
    CommandResult,
    RunningCommand,
    StateListener,
)
from godploy_desktop.remote.docker_socket import UnixListener
from godploy_desktop.remote.local_agent import (
    SOCKET_NAME,
    agent_arguments,
    docker_socket_path,
    is_running,
    remembered_ports,
    require_docker,
    running_agent,
    start_agent,
    wait_for_end,
)
from godploy_desktop.remote.local_commands import LocalExecution, end_group
from godploy_desktop.remote.local_relay import join_sockets
from godploy_desktop.remote.problems import lost, not_connected, unreachable
from godploy_desktop.remote.ssh.unix_access import as_root_command, write_command
from godploy_desktop.remote.ssh.watchdog import delays
from godploy_desktop.remote.states import ConnectionEvent, ConnectionState, StateRecord
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import AGENT_SOCKET, GodployError, Leftovers, Problem, Unreachable, internal_error

if TYPE_CHECKING:
    import docker

NAME: Final = "this computer"
LOOK_S: Final = 1.0
END_TIMEOUT_S: Final = 10.0


class LocalConnection:
    """A `Connection` to this computer. `connect` finds the agent that runs, or starts it; it needs Docker, not root.

    Files and the agent's sockets lie in `state_dir` and `run_dir`, folders of the user's alone. `arguments` replaces
    the agent's command line (a packaged program has no interpreter to start).
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        run_dir: Path,
        actor: str,
        arguments: Sequence[str] | None = None,
    ) -> None:
        self._state_dir = state_dir
        self._run_dir = run_dir
        self._arguments = arguments
        self._workers = Workers("local")
        self._record = StateRecord()
        self._attempt: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._sockets: list[UnixListener] = []
        self._pid: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._agent = AgentClient(
            lambda: self.open_unix(AGENT_SOCKET), actor, lambda: self.open_unix(AGENT_SOCKET, bulk=True)
        )
        self._docker: docker.DockerClient | None = None

    @property
    def state(self) -> ConnectionState:
        """What is true now."""
        return self._record.state

    @property
    def problem(self) -> Problem | None:
        """Why it is lost or failed."""
        return self._record.problem

    def on_state(self, callback: StateListener) -> Callable[[], None]:
        """Call `callback` after every change; gives back what unsubscribes it."""
        return self._record.on_change(callback)

    # the agent's life

    async def connect(self) -> None:
        """Find the agent, or start it. Raises NotReady without Docker, NotAllowed where it may not be used."""
        if self.state is ConnectionState.CONNECTED:
            return
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.get_running_loop().create_task(self._establish())
        await asyncio.shield(self._attempt)

    async def _establish(self) -> None:
        self._record.happen(ConnectionEvent.ASKED)
        try:
            await self._workers.call(self._find_or_start)
        except GodployError as error:
            self._fail(error)
            raise
        except Exception as error:
            failure = internal_error("Starting this computer's agent", error)
            self._fail(failure)
            raise failure from error
        self._record.happen(ConnectionEvent.ESTABLISHED)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def _fail(self, error: GodployError) -> None:
        was_there = self.state is ConnectionState.RECONNECTING
        self._record.happen(ConnectionEvent.LOST if was_there else ConnectionEvent.REFUSED, error.problem)

    def _find_or_start(self) -> None:
        self._pid = running_agent(self._run_dir)
        if self._pid is not None:
            return
        require_docker(docker_socket_path())
        self._state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        arguments = self._arguments or agent_arguments(
            self._state_dir, self._run_dir, remembered_ports(self._state_dir)
        )
        self._process = start_agent(self._state_dir, self._run_dir, arguments)
        self._pid = self._process.pid

    async def _keep(self) -> None:
        while True:
            while self._pid is not None and is_running(self._pid, self._process):  # noqa: ASYNC110  see below
                await asyncio.sleep(LOOK_S)  # a process that is not a child tells nobody of its end
            self._agent.close_idle()
            self._record.happen(ConnectionEvent.LOST, lost(NAME, "its agent ended").problem)
            for delay_s in delays(random.Random()):
                await asyncio.sleep(delay_s)
                if self.state is ConnectionState.LOST:
                    with contextlib.suppress(GodployError):
                        await self.connect()
                if self.state is ConnectionState.CONNECTED:
                    break

    async def close(self, keep_agent: bool | None = None) -> None:
        """Let go of this computer. The agent ends unless `keep_agent`; None: it ends only if it was started here.

        Running deployments go on in either case.
        """
        await self._close(self._process is None if keep_agent is None else keep_agent)

    async def close_for_good(self) -> Leftovers:
        """End the agent, and its proxy where no service needs it; gives back what then stays in Docker."""
        return await self._close(is_kept=False, removes_proxy=True)

    async def _close(self, is_kept: bool, *, removes_proxy: bool = False) -> Leftovers:
        left = Leftovers()
        for task in (self._keeper, self._attempt):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
        self._keeper = self._attempt = None
        for listener in tuple(self._sockets):
            await listener.close()
        if self._pid is not None and not is_kept and self.state is ConnectionState.CONNECTED:
            with contextlib.suppress(GodployError):
                left = await self._agent.shutdown(removes_proxy=removes_proxy)
            await self._workers.call(partial(wait_for_end, self._pid, self._process, END_TIMEOUT_S))
        self._agent.close_idle()
        self._pid = self._process = None
        if self.state is not ConnectionState.DISCONNECTED:
            self._record.happen(ConnectionEvent.CLOSED)
        return left

    # using it

    def _require_connected(self) -> None:
        if self.state is not ConnectionState.CONNECTED:
            raise not_connected(NAME, self._record.problem)

    async def open_unix(self, path: str, *, bulk: bool = False) -> socket.socket:
        """Give back a non-blocking socket to a unix socket of this computer; the agent's and Docker's own places are
        known by the names that they have on a server."""
        del bulk  # nothing waits behind it here
        self._require_connected()
        return await self._workers.call(partial(_open, self._local_path(path)), discard=socket.socket.close)

    def _local_path(self, path: str) -> str:
        if path == AGENT_SOCKET:
            return str(self._run_dir / SOCKET_NAME)
        return docker_socket_path() if path == DOCKER_SOCKET else path

    async def run(self, command: str, stdin: bytes = b"", timeout_s: float = COMMAND_TIMEOUT_S) -> CommandResult:
        """Run a shell command line to its end."""
        return await run_to_end(self._command(command, stdin, timeout_s))

    def run_lines(self, command: str, stdin: bytes = b"", timeout_s: float | None = None) -> RunningCommand:
        """Give back a command whose lines come as they are written; it starts when they are asked for."""
        return self._command(command, stdin, timeout_s)

    def _command(self, command: str, stdin: bytes, timeout_s: float | None) -> Command:
        async def start() -> LocalExecution:
            return await self._workers.call(lambda: LocalExecution(command), discard=LocalExecution.abandon)

        async def end(group: int) -> None:
            await self._workers.call(lambda: end_group(group))

        return Command(NAME, start, end, self._workers, stdin, timeout_s)

    async def put_file(
        self,
        content: bytes | Path,
        remote_path: str,
        mode: int = 0o644,
        progress: Callable[[float], None] | None = None,
        *,
        as_root: bool = False,
    ) -> None:
        """Write a file, whole or not at all."""
        data = content if isinstance(content, bytes) else await self._workers.call(content.read_bytes)
        command = write_command(remote_path, mode, len(data))
        running = self._command(self.as_root(command) if as_root else command, data, None)
        await write_with(running, remote_path, NAME, progress)

    def as_root(self, command: str) -> str:
        """Give back the shell command line that runs `command` as root."""
        return command if os.geteuid() == 0 else as_root_command(command)

    def agent(self) -> AgentClient:
        """Give back the client of this computer's agent."""
        return self._agent

    def docker(self) -> docker.DockerClient:
        """Give back a Docker client, for use in threads other than the loop's."""
        from godploy_desktop.remote.docker_api import docker_client

        if self._docker is None:
            self._docker = docker_client(lambda: _blocking(_open(docker_socket_path())))
        return self._docker

    async def listen(self, path: Path) -> UnixListener:
        """Listen on a local unix socket that leads to this computer's Docker."""

        async def join(sock: socket.socket) -> None:
            try:
                docker_socket = await self.open_unix(DOCKER_SOCKET)
            except GodployError:
                sock.close()
                raise
            await join_sockets(sock, docker_socket)

        listener = UnixListener(path, join, self._sockets.remove)
        listener.start()
        self._sockets.append(listener)
        return listener


def _open(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise _cannot_open(path, error) from error
    sock.setblocking(False)
    return sock


def _blocking(sock: socket.socket) -> socket.socket:
    sock.setblocking(True)
    return sock


def _cannot_open(path: str, error: OSError) -> Unreachable:
    if isinstance(error, FileNotFoundError):
        return unreachable(path, OSError("no such socket exists: the program that makes it does not run"))
    return unreachable(path, error)
