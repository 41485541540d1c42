"""Answers with its name, with its health, and with what its build saw."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUILT = Path(__file__).with_name("built.json")


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/health": "ok\n", "/built": BUILT.read_text() if BUILT.exists() else "{}"}.get(self.path, "monorepo\n")
        self.send_response(200)
        self.send_header("X-Version", os.environ.get("VERSION", "1"))
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Page).serve_forever()
