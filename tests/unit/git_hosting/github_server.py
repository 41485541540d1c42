"""The fake GitHub as a web server on loopback, and a browser that agrees to everything, for commands that open one."""

import shlex
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.unit.git_hosting.fake_github import FakeGitHub

_BROWSER = """
import re, sys, html, urllib.parse, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
page = opener.open(sys.argv[1], timeout=20).read().decode()
form = re.search(r'<form action="([^"]*)" method="post">(.*?)</form>', page, re.DOTALL)
if form:
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
    data = urllib.parse.urlencode({name: html.unescape(value) for name, value in fields}).encode()
    opener.open(html.unescape(form[1]), data, timeout=20).read()
"""


@contextmanager
def github_server(**settings):
    """Serve a FakeGitHub as Enterprise Server at its `address`, without TLS."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            length = int(self.headers.get("content-length") or 0)
            status, headers, content = github.answer(
                self.command, f"{github.address}{self.path}", dict(self.headers), self.rfile.read(length)
            )
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815  names that the base class asks for

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github = FakeGitHub(f"http://127.0.0.1:{server.server_port}", **settings)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()


def agreeing_browser(folder):
    """Give a value of $BROWSER: a program that opens the page, and sends the form on it if it has one."""
    script = folder / "browser.py"
    script.write_text(_BROWSER)
    return shlex.join([sys.executable, str(script), "%s"])
