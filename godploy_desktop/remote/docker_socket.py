"""A local unix socket that leads to a server's Docker, for other programs (DOCKER_HOST), and sockets for threads."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from godploy_server.contract import Conflict, GodployError, NotReady

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S: Final = 30.0
BACKLOG: Final = 128


class UnixListener:
    """Accepts connections of this computer's user and hands each to `join`."""

    def __init__(
        self,
        path: Path,
        join: Callable[[socket.socket], Awaitable[None]],
        on_close: Callable[[UnixListener], None],
    ) -> None:
        self._path = path
        self._join = join
        self._on_close = on_close
        self._socket: socket.socket | None = None
        self._joining: set[asyncio.Task[None]] = set()

    @property
    def path(self) -> Path:
        """Where it listens."""
        return self._path

    def start(self) -> None:
        """Listen, mode 0600, in a folder that is the user's alone. Raises Conflict, or NotReady."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.parent.chmod(0o700)
            self._remove_left_over()
            listening.bind(str(self._path))
            self._path.chmod(0o600)
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            raise NotReady(
                f"The Docker socket {self._path} cannot be opened",
                str(error),
                "Choose a shorter path in a folder of your own",
            ) from error
        except GodployError:
            listening.close()
            raise
        listening.setblocking(False)
        self._socket = listening
        asyncio.get_running_loop().add_reader(listening.fileno(), self._accept)

    def _remove_left_over(self) -> None:
        if not self._path.exists() and not self._path.is_symlink():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            if probe.connect_ex(str(self._path)) not in {errno.ECONNREFUSED, errno.ENOTSOCK, errno.ENOENT}:
                raise Conflict(
                    f"The Docker socket {self._path} is in use",
                    "another Godploy of this profile listens there",
                    "Close the other one, or use its socket",
                )
        self._path.unlink()

    def _accept(self) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(BlockingIOError, ConnectionError):
            sock, _ = self._socket.accept()
            joining = asyncio.get_running_loop().create_task(self._join_one(sock))
            self._joining.add(joining)
            joining.add_done_callback(self._joining.discard)

    async def _join_one(self, sock: socket.socket) -> None:
        try:
            await self._join(sock)
        except GodployError as error:  # the other program sees a closed connection; the reason is here
            log.warning("a connection to %s was closed: %s", self._path, error)

    async def close(self) -> None:
        """Stop listening and remove the socket; connections that were joined go on as long as the tunnel."""
        listening, self._socket = self._socket, None
        if listening is None:
            return
        asyncio.get_running_loop().remove_reader(listening.fileno())
        listening.close()
        self._path.unlink(missing_ok=True)
        for joining in tuple(self._joining):
            joining.cancel()
        self._on_close(self)


def open_in_thread(
    loop: asyncio.AbstractEventLoop, open_socket: Callable[[], Awaitable[socket.socket]]
) -> socket.socket:
    """Give back a blocking socket to a thread that is not the loop's. Raises what `open_socket` raises."""

    async def opened() -> socket.socket:
        return await open_socket()

    try:
        if asyncio.get_running_loop() is loop:
            raise AssertionError("a blocking call was made in the event loop")
    except RuntimeError:
        pass  # this thread runs no loop
    asked = asyncio.run_coroutine_threadsafe(opened(), loop)
    try:
        sock = asked.result(OPEN_TIMEOUT_S)
    except TimeoutError:
        asked.cancel()
        raise
    sock.setblocking(True)
    return sock
