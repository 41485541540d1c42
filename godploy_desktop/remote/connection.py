"""What it means to reach a server. `SshConnection` and `LocalConnection` are the two ways."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.states import ConnectionState
from godploy_server.contract import Problem

if TYPE_CHECKING:
    import docker

    from godploy_desktop.remote.agent_client import AgentClient

__all__ = [
    "COMMAND_TIMEOUT_S",
    "DOCKER_SOCKET",
    "CommandResult",
    "Connection",
    "ConnectionState",
    "Listener",
    "OpenSocket",
    "RunningCommand",
    "ServerAddress",
    "StateListener",
]

COMMAND_TIMEOUT_S: Final = 60.0
DOCKER_SOCKET: Final = "/var/run/docker.sock"

StateListener = Callable[[ConnectionState], object]


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. `exit_code` is -1 where a signal ended it."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.exit_code == 0


class RunningCommand(Protocol):
    """A command under way: `async for line in running`. Whoever leaves the loop early calls `aclose`, which ends the
    remote process group; a cancelled task does so by itself."""

    def __aiter__(self) -> AsyncIterator[str]:
        """Give the lines of stdout, without their line ends, as they come."""
        ...

    async def wait(self) -> CommandResult:
        """Wait for the end. `stdout` is empty (its lines were given out); `stderr` holds at most its last 64 KiB."""
        ...

    async def aclose(self) -> None:
        """End the command's whole process group, if it still runs."""
        ...


class Listener(Protocol):
    """A local socket that leads to the server."""

    @property
    def path(self) -> Path:
        """Where it listens."""
        ...

    async def close(self) -> None:
        """Stop listening and end what goes through it."""
        ...


class Connection(Protocol):
    """A way to one server. All coroutines run in the event loop that called `connect` first and never block it.

    Every error is a GodployError: Unreachable when the server does not answer, NotAllowed when it refuses.
    """

    @property
    def state(self) -> ConnectionState:
        """What is true now."""
        ...

    @property
    def problem(self) -> Problem | None:
        """Why it is lost, blocked or failed; None while all is well."""
        ...

    def on_state(self, callback: StateListener) -> Callable[[], None]:
        """Call `callback` in the event loop after every change; gives back what unsubscribes it."""
        ...

    async def connect(self) -> None:
        """Connect, or wait for the attempt under way; returns when connected, else raises what stands in the way."""
        ...

    async def close(self) -> None:
        """End everything that goes through it; never raises."""
        ...

    async def open_unix(self, path: str, *, bulk: bool = False) -> socket.socket:
        """Give back a non-blocking socket to a unix socket on the server. `bulk` for what moves many bytes."""
        ...

    async def run(self, command: str, stdin: bytes = b"", timeout_s: float = COMMAND_TIMEOUT_S) -> CommandResult:
        """Run a shell command line to its end. Secrets go into `stdin`, never into `command`."""
        ...

    def run_lines(self, command: str, stdin: bytes = b"", timeout_s: float | None = None) -> RunningCommand:
        """Run a shell command line and give its lines as they come; `timeout_s` bounds the whole run."""
        ...

    async def put_file(
        self,
        content: bytes | Path,
        remote_path: str,
        mode: int = 0o644,
        progress: Callable[[float], None] | None = None,
        *,
        as_root: bool = False,
    ) -> None:
        """Write a file on the server, whole or not at all. `progress` gets fractions of 0.0 to 1.0 in the loop.

        `as_root` writes through sudo where the account is not root.
        """
        ...

    def as_root(self, command: str) -> str:
        """Give back the shell command line that runs `command` as root: itself, or through `sudo -n`."""
        ...

    def agent(self) -> AgentClient:
        """Give back the client of the server's agent; the same one each time."""
        ...

    def docker(self) -> docker.DockerClient:
        """Give back a Docker client through this connection. Its calls block: use them in a thread, never in the loop.

        Making it asks nothing of the network; the API version is negotiated with its first call.
        """
        ...

    async def listen(self, path: Path) -> Listener:
        """Listen on a local unix socket (mode 0600) that leads to the server's Docker, for DOCKER_HOST."""
        ...


OpenSocket = Callable[[], Awaitable[socket.socket]]
