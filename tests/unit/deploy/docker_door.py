"""A way to Docker that can be shut: what a deployment meets when the daemon goes away under it."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from pathlib import Path


class DockerDoor:
    """Listens at `path` and carries every connection to `docker`, until it is shut."""

    def __init__(self, path: Path, docker: Path) -> None:
        self.path = path
        self._docker = docker
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Refuse everybody, and cut who is inside."""
        self.path.unlink(missing_ok=True)
        for each in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                daemon.connect(str(self._docker))
                self._ends += [caller, daemon]
                threading.Thread(target=_carry, args=(caller, daemon), daemon=True).start()


def _carry(caller: socket.socket, daemon: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as ready:
        ready.register(caller, selectors.EVENT_READ, daemon)
        ready.register(daemon, selectors.EVENT_READ, caller)
        while True:
            for key, _ in ready.select(60):
                assert isinstance(key.fileobj, socket.socket)
                piece = key.fileobj.recv(65536)
                if not piece:
                    key.data.shutdown(socket.SHUT_RDWR)
                    return
                key.data.sendall(piece)
