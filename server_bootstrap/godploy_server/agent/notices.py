"""Datagrams by which jobs tell the agent that a row or a log changed. Best effort: nothing depends on them alone."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

_NOTICE: Final = re.compile(rb"(deployment|log) ([A-Za-z0-9_-]{1,64})\n?")
_AT_ONCE: Final = 200

OnNotice = Callable[[str, str], None]
"""Called with the subject (`deployment` or `log`) and the deployment's id."""


class NoticeSocket:
    """Reads `run_dir/notify.sock` and hands each well-formed notice on."""

    def __init__(self, path: Path, on_notice: OnNotice) -> None:
        self._path = path
        self._on_notice = on_notice
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def open(self) -> None:
        """Begin to read, on the running loop."""
        self._path.unlink(missing_ok=True)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def close(self) -> None:
        """Stop reading."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        seen = set()
        for _ in range(_AT_ONCE):
            try:
                datagram = self._socket.recv(256)
            except OSError:
                break
            if match := _NOTICE.fullmatch(datagram):
                seen.add((match[1].decode(), match[2].decode()))
        for subject, deployment_id in seen:
            self._on_notice(subject, deployment_id)
