"""A Docker daemon that answers and has nothing: for tests of what goes on around it, where no Docker runs."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

_VERSION = {"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}


class EmptyDocker:
    """Listens at `path` from `start` to `stop`, as often as a test likes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: _Server | None = None

    def start(self) -> EmptyDocker:
        self.path.unlink(missing_ok=True)
        self._server = _Server(str(self.path), _Answering)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.is_over.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.is_over = threading.Event()


class _Answering(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/events"):
            self.send_response(200)
            self.end_headers()
            self.server.is_over.wait()
        elif path.endswith("/version"):
            self._answer(200, _VERSION)
        elif path.endswith(("/containers/json", "/images/json", "/networks")):
            self._answer(200, [])
        elif path.endswith(("/volumes", "/info", "/_ping")):
            self._answer(200, {})
        else:
            self._answer(404, {"message": "nothing is here"})

    def do_POST(self) -> None:
        self._answer(404, {"message": "nothing can be made here"})

    def do_DELETE(self) -> None:
        self._answer(404, {"message": "nothing is here"})

    def _answer(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
