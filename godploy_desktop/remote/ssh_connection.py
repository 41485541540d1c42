"""A server reached by SSH: connects, notices loss, connects again, and gives out what goes through the tunnel."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from godploy_desktop.remote.agent_client import AgentClient
from godploy_desktop.remote.commands import run_to_end, write_with
from godploy_desktop.remote.connection import (
    COMMAND_TIMEOUT_S,
    DOCKER_SOCKET,
    CommandResult,
    RunningCommand,
    StateListener,
)
from godploy_desktop.remote.docker_socket import UnixListener, open_in_thread
from godploy_desktop.remote.problems import HostKeyChanged, HostKeyRevoked, not_connected
from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh.questions import Credentials, DecideHostKey, refuse_host_key
from godploy_desktop.remote.ssh.unix_access import ServerFacts, as_root_command, write_command
from godploy_desktop.remote.ssh.watchdog import delays
from godploy_desktop.remote.states import ConnectionEvent, ConnectionState, StateRecord
from godploy_desktop.remote.workers import Workers
from godploy_server.contract import AGENT_SOCKET, GodployError, NotAllowed, Problem, internal_error

if TYPE_CHECKING:
    import docker

    from godploy_desktop.remote.ssh.authentication import Authenticator
    from godploy_desktop.remote.ssh.tunnel import Tunnel

KNOWN_HOSTS_NAME: Final = "known_hosts"
MAX_REFUSALS: Final = 5
"""A server that boots refuses logins for a while (pam_nologin); one that refuses so often means it."""
UPLOAD_TIMEOUT_S: Final = 900.0


class SshConnection:
    """A `Connection` by SSH.

    `profile_folder` holds the own known_hosts file. `decide_host_key` and `credentials` are asked in the event loop.
    `ssh_config` and `known_hosts` are the user's files, read only; None for none.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        profile_folder: Path,
        actor: str,
        decide_host_key: DecideHostKey = refuse_host_key,
        credentials: Credentials | None = None,
        ssh_config: Path | None = Path("~/.ssh/config"),
        known_hosts: Path | None = Path("~/.ssh/known_hosts"),
    ) -> None:
        self.address = address
        self._profile_folder = profile_folder
        self._decide_host_key = decide_host_key
        self._credentials = credentials or Credentials()
        self._ssh_config = ssh_config.expanduser() if ssh_config else None
        self._known_hosts = known_hosts.expanduser() if known_hosts else None
        self._workers = Workers(f"ssh-{address.host}")
        self._record = StateRecord()
        self._tunnel: Tunnel | None = None
        self._authenticator: Authenticator | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._waiting = 0
        self._refusals = 0
        self._keeper: asyncio.Task[None] | None = None
        self._is_decided = asyncio.Event()  # an attempt ended, so that waiting for the next is over
        self._sockets: list[UnixListener] = []
        self._loop: asyncio.AbstractEventLoop | None = None
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
        """Why it is lost, blocked or failed."""
        return self._record.problem

    @property
    def facts(self) -> ServerFacts:
        """What the account can do on the server, as found when the connection was made."""
        return self._tunnel.facts if self._tunnel is not None else ServerFacts()

    def on_state(self, callback: StateListener) -> Callable[[], None]:
        """Call `callback` after every change; gives back what unsubscribes it."""
        return self._record.on_change(callback)

    # connecting

    async def connect(self) -> None:
        """Connect, or join the attempt under way. While the connection is lost, this tries again at once.

        Raises HostKeyRefused (HostKeyChanged, HostKeyRevoked), NotAllowed when the login is refused, or Unreachable.
        When the last one who waits for a first attempt is cancelled, the attempt ends.
        """
        if self.state is ConnectionState.CONNECTED:
            return
        attempt = self._single_attempt()
        self._waiting += 1
        try:
            await asyncio.shield(attempt)
        except asyncio.CancelledError:
            if self._waiting == 1 and self.state is ConnectionState.CONNECTING:
                attempt.cancel()
            raise
        finally:
            self._waiting -= 1

    def _single_attempt(self) -> asyncio.Task[None]:
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.get_running_loop().create_task(self._establish())
            self._attempt.add_done_callback(_look_at)
        return self._attempt

    async def _establish(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._record.happen(ConnectionEvent.ASKED)
        try:
            self._tunnel = await self._open_tunnel()
        except asyncio.CancelledError:
            self._record.happen(ConnectionEvent.CLOSED)
            raise
        except GodployError as error:
            self._fail(error)
            raise
        except Exception as error:
            failure = internal_error(f"Connecting to {self.address}", error)
            self._fail(failure)
            raise failure from error
        finally:
            self._is_decided.set()
        self._refusals = 0
        self._record.happen(ConnectionEvent.ESTABLISHED)
        if self._keeper is None or self._keeper.done():
            self._keeper = self._loop.create_task(self._keep())

    async def _open_tunnel(self) -> Tunnel:
        await self._workers.call(_import_ssh)
        from godploy_desktop.remote.ssh.authentication import Authenticator
        from godploy_desktop.remote.ssh.host_keys import KnownHosts
        from godploy_desktop.remote.ssh.line import Dialer
        from godploy_desktop.remote.ssh.ssh_config import SshConfig
        from godploy_desktop.remote.ssh.tunnel import Tunnel

        config = await self._workers.call(lambda: SshConfig(self._ssh_config))
        if self._authenticator is None:
            self._authenticator = Authenticator(self._credentials, self._workers)
        known_hosts = KnownHosts(self._profile_folder / KNOWN_HOSTS_NAME, self._known_hosts)
        route = config.route(self.address)
        dialer = Dialer(route, known_hosts, self._decide_host_key, self._authenticator, self._workers)
        return await Tunnel.open(str(route[-1]), dialer, self._workers)

    def _fail(self, error: GodployError) -> None:
        event = ConnectionEvent.REFUSED
        if isinstance(error, HostKeyChanged | HostKeyRevoked):
            event = ConnectionEvent.HOST_KEY_REFUSED
        elif self.state is ConnectionState.RECONNECTING:
            self._refusals = self._refusals + 1 if isinstance(error, NotAllowed) else 0
            if self._refusals < MAX_REFUSALS:
                event = ConnectionEvent.LOST
        self._record.happen(event, error.problem)

    async def _keep(self) -> None:
        while self._tunnel is not None:
            error = await self._tunnel.watch()
            self._agent.close_idle()
            self._record.happen(ConnectionEvent.LOST, error.problem)
            for delay_s in delays(random.Random()):
                self._is_decided.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._is_decided.wait(), delay_s)
                if self.state is ConnectionState.LOST:
                    with contextlib.suppress(GodployError):
                        await asyncio.shield(self._single_attempt())
                if self.state is ConnectionState.CONNECTED:
                    break
                if self.state in {ConnectionState.BLOCKED, ConnectionState.FAILED}:
                    return

    async def close(self) -> None:
        """End everything that goes through it, and any attempt under way."""
        for task in (self._keeper, self._attempt):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
        self._keeper = self._attempt = None
        for listener in tuple(self._sockets):
            await listener.close()
        self._agent.close_idle()
        if self._tunnel is not None:
            self._tunnel.close()
            self._tunnel = None
        if self.state is not ConnectionState.DISCONNECTED:
            self._record.happen(ConnectionEvent.CLOSED)

    # using it

    def _live_tunnel(self) -> Tunnel:
        if self._tunnel is None or self.state is not ConnectionState.CONNECTED or not self._tunnel.is_alive:
            raise not_connected(self.address, self._record.problem)
        return self._tunnel

    async def open_unix(self, path: str, *, bulk: bool = False) -> socket.socket:
        """Give back a non-blocking socket to a unix socket on the server, through sudo where that is the only way."""
        sock = await self._live_tunnel().open_unix(path, bulk=bulk)
        sock.setblocking(False)
        return sock

    async def run(self, command: str, stdin: bytes = b"", timeout_s: float = COMMAND_TIMEOUT_S) -> CommandResult:
        """Run a shell command line to its end."""
        return await run_to_end(self._live_tunnel().command(command, stdin, timeout_s))

    def run_lines(self, command: str, stdin: bytes = b"", timeout_s: float | None = None) -> RunningCommand:
        """Give back a command whose lines come as they are written; it starts when they are asked for."""
        return self._live_tunnel().command(command, stdin, timeout_s)

    async def put_file(
        self,
        content: bytes | Path,
        remote_path: str,
        mode: int = 0o644,
        progress: Callable[[float], None] | None = None,
        *,
        as_root: bool = False,
    ) -> None:
        """Write a file on the server, whole or not at all. Raises CommandFailed with what the server says."""
        data = content if isinstance(content, bytes) else await self._workers.call(content.read_bytes)
        command = write_command(remote_path, mode, len(data))
        running = self._live_tunnel().command(self.as_root(command) if as_root else command, data, UPLOAD_TIMEOUT_S)
        await write_with(running, remote_path, self.address, progress)

    def as_root(self, command: str) -> str:
        """Give back the shell command line that runs `command` as root."""
        return command if self.facts.is_root else as_root_command(command)

    def agent(self) -> AgentClient:
        """Give back the client of the server's agent."""
        return self._agent

    def docker(self) -> docker.DockerClient:
        """Give back a Docker client, for use in threads other than the loop's."""
        from godploy_desktop.remote.docker_api import docker_client

        if self._docker is None:
            self._docker = docker_client(self._open_docker)
        return self._docker

    def _open_docker(self) -> socket.socket:
        if self._loop is None:
            raise not_connected(self.address, self._record.problem)
        return open_in_thread(self._loop, lambda: self.open_unix(DOCKER_SOCKET))

    async def listen(self, path: Path) -> UnixListener:
        """Listen on a local unix socket that leads to the server's Docker. It lives through reconnects."""

        async def join(sock: socket.socket) -> None:
            try:
                tunnel = self._live_tunnel()
            except GodployError:
                sock.close()
                raise
            await tunnel.attach(DOCKER_SOCKET, sock, bulk=True)

        listener = UnixListener(path, join, self._sockets.remove)
        listener.start()
        self._sockets.append(listener)
        return listener


def _import_ssh() -> None:
    # paramiko takes a tenth of a second to import: not in the event loop
    import godploy_desktop.remote.ssh.tunnel  # noqa: F401  for its effect


def _look_at(attempt: asyncio.Task[None]) -> None:
    if not attempt.cancelled():
        attempt.exception()  # whoever waits gets it; if nobody does, the state tells
