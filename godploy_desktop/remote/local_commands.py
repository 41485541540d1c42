"""Commands on this computer, with the same ways as those on a server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

from godploy_desktop.remote.commands import Tail
from godploy_desktop.remote.ssh.unix_access import group_command


class LocalExecution:
    """A shell command line as a child in a session of its own; see Execution."""

    is_reachable = True

    def __init__(self, command: str) -> None:
        self.sock, far = socket.socketpair()
        self.stderr = Tail()
        with far:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", group_command(command)],
                stdin=far.fileno(),
                stdout=far.fileno(),
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read_stderr, name="local-command", daemon=True)
        self._reader.start()

    def _read_stderr(self) -> None:
        if self._process.stderr is not None:
            with self._process.stderr as stream:
                while data := os.read(stream.fileno(), 65536):
                    self.stderr.add(data)

    def exit_code(self) -> int | None:
        """Wait for the exit code. Blocks."""
        code = self._process.wait()
        self._reader.join(1.0)
        return max(code, -1)

    def close(self) -> None:
        """Reap it, as soon as it ends."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10.0)

    def abandon(self) -> None:
        """End it: whoever asked for it was cancelled before it was there. Blocks."""
        self.sock.close()
        end_group(self._process.pid)
        self.close()


def end_group(group: int) -> None:
    """End a process group: asked first, forced after 5 s. Blocks."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        for _ in range(50):
            time.sleep(0.1)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)
