"""Answers with the version of the package that it was installed with."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h11


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"ok\n" if self.path == "/health" else f"python-requirements h11 {h11.__version__}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Page).serve_forever()
