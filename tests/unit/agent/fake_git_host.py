"""A git host of the test: a real HTTP server on loopback that answers as it is told and remembers what it was asked."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Said:
    """One answer: its status, header fields and body; or silence for `hangs_s`."""

    status: int = 201
    fields: dict = field(default_factory=dict)
    body: object = None
    hangs_s: float = 0.0


class FakeGitHost:
    """Answers `answers` one after the other, then `usual`."""

    def __init__(self):
        self.asked = []
        self.answers = []
        self.usual = Said()
        self._is_over = threading.Event()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                host.asked.append((self.path, dict(self.headers.items()), json.loads(body)))
                said = host.answers.pop(0) if host.answers else host.usual
                if said.hangs_s:
                    host._is_over.wait(said.hangs_s)
                    return
                content = json.dumps(said.body or {}).encode()
                self.send_response(said.status)
                for name, value in said.fields.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}/api/v1"

    @property
    def states(self):
        """Of all that was told: (commit, state)."""
        return [(path.rpartition("/")[2], body["state"]) for path, _, body in self.asked]

    def close(self):
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
