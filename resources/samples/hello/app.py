"""The sample application: one page, a health check, and a slow path to watch a rollout with."""

import html
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

VERSION = Path(__file__).with_name("VERSION").read_text().strip()
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hello from Godploy</title>
<style>body{{font:16px/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}}code{{color:#4f5dff}}</style>
<h1>{greeting}</h1><p>Version <code>{version}</code> answers from container <code>{host}</code>.</p></html>
"""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/healthz":
            return self.answer(b"ok\n", "text/plain")
        if url.path == "/slow":
            wanted = parse_qs(url.query).get("seconds", ["1"])[0]
            time.sleep(min(float(wanted), 30.0) if wanted.replace(".", "", 1).isdigit() else 1.0)
        greeting = html.escape(os.environ.get("GREETING", "It runs."))
        page = PAGE.format(greeting=greeting, version=html.escape(VERSION), host=html.escape(socket.gethostname()))
        return self.answer(page.encode(), "text/html; charset=utf-8")

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, 1 << 20))
        if length > len(body):
            self.close_connection = True
        url = urlsplit(self.path)
        if url.path == "/slow":
            wanted = parse_qs(url.query).get("seconds", ["1"])[0]
            time.sleep(min(float(wanted), 30.0) if wanted.replace(".", "", 1).isdigit() else 1.0)
        return self.answer(body or b"\n", "application/octet-stream")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Version", VERSION)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *values):
        if self.path != "/healthz":
            print(f"{self.command} {self.path} {values[1] if len(values) > 1 else ''}")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


def main():
    server = Server(("", int(os.environ.get("PORT", "8080"))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"version {VERSION} listens on port {server.server_port}")
    server.serve_forever(poll_interval=0.1)
    print("asked to stop, bye")
    return 0


if __name__ == "__main__":
    sys.exit(main())
