"""Connecting standard input and output with a unix socket, for SSH servers that do not forward sockets."""

from __future__ import annotations

import os
import selectors
import socket
import sys
from pathlib import Path
from typing import Final

_CHUNK: Final = 64 * 1024


def dial(path: Path) -> int:
    """Pass bytes both ways until the socket's side ends. Gives 0, or 6 if nobody listens there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except OSError as error:
        sys.stderr.write(f"{path} cannot be reached: {error.strerror}\n")
        return 6
    with connection, selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == connection.fileno():
                    received = connection.recv(_CHUNK)
                    if not received:
                        return 0
                    _write_all(sys.stdout.fileno(), received)
                else:
                    sent = os.read(sys.stdin.fileno(), _CHUNK)
                    if sent:
                        connection.sendall(sent)
                    else:
                        selector.unregister(sys.stdin.fileno())
                        connection.shutdown(socket.SHUT_WR)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
