"""A real browser without a window: Chromium, driven over the DevTools protocol through a pipe.

Source: Chrome DevTools Protocol, domains Target, Page, Runtime and Input; `--remote-debugging-pipe` exchanges JSON
messages that end with a zero byte on file descriptors 3 and 4.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.machine import install_missing

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ANSWER_S: Final = 30
_LEAVE_S: Final = 10
# Chromium wants the pipe on these two numbers; what this process has there stays as it is.
_ON_PIPE: Final = (
    "import fcntl,os,sys;r,w=(fcntl.fcntl(int(n),fcntl.F_DUPFD,10) for n in sys.argv[1:3]);"
    "os.dup2(r,3);os.dup2(w,4);os.execvp(sys.argv[3],sys.argv[3:])"
)
_MIDDLE: Final = """selector => {
    const found = document.querySelector(selector)
    if (!found) return null
    found.scrollIntoView({block: "center"})
    const box = found.getBoundingClientRect()
    return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null
}"""


class NotOnPage(AssertionError):
    """What was looked for did not appear; the text says what the page shows instead."""


class Browser:
    """One running Chromium with one page. Use `browser()`."""

    def __init__(self, asked: int, answered: int) -> None:
        self._asked = asked
        self._answered = answered
        self._buffer = b""
        self._number = 0
        self._session = ""
        target = self._send("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._send("Page.enable", {})

    def go(self, address: str) -> None:
        """Open an address."""
        answer = self._send("Page.navigate", {"url": address})
        if answer.get("errorText"):
            raise NotOnPage(f"{address} cannot be opened: {answer['errorText']}")

    def type(self, selector: str, text: str) -> None:
        """Put the keyboard's focus into a field (a CSS selector) and type."""
        self.click(selector)
        self._send("Input.insertText", {"text": text})

    def click(self, selector: str) -> None:
        """Click the middle of what a CSS selector finds, once it is there, as a mouse does."""
        where = self.see(f"({_MIDDLE})({json.dumps(selector)})", selector)
        for kind in ("mousePressed", "mouseReleased"):
            position = {"type": kind, "x": where[0], "y": where[1], "button": "left", "clickCount": 1}
            self._send("Input.dispatchMouseEvent", position)

    def see(self, expression: str, what: str, timeout_s: float = _ANSWER_S) -> Any:
        """Wait until a JavaScript expression is true on the page that is open; gives it back. Raises NotOnPage."""
        give_up = time.monotonic() + timeout_s
        while not (found := self.evaluate(expression)):
            if time.monotonic() > give_up:
                raise NotOnPage(f"not seen within {timeout_s} s: {what}; the page: {self.text()[:1500]}")
            time.sleep(0.05)
        return found

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.evaluate("location.origin + ' | ' + (document.body ? document.body.innerText : '')"))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page (of a promise: what it ends in); None between two pages."""
        options = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        try:
            return self._send("Runtime.evaluate", options)["result"].get("value")
        except _PageWentAway:
            return None

    def close(self) -> None:
        """Let it leave."""
        self._session = ""
        with contextlib.suppress(OSError):
            self._send("Browser.close", {})

    def _send(self, method: str, parameters: dict[str, object]) -> Any:
        number = self._ask(method, parameters)
        while True:
            answer = self._next()
            # until somebody clicks an alert away, nothing goes on
            if answer.get("method") == "Page.javascriptDialogOpening":
                self._ask("Page.handleJavaScriptDialog", {"accept": True})
            if answer.get("id") != number:
                continue  # an event, or the end of something that was given up
            if "error" in answer:
                raise _PageWentAway(f"{method}: {answer['error'].get('message')}")
            return answer["result"]

    def _ask(self, method: str, parameters: dict[str, object]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._asked, json.dumps(message).encode() + b"\0")
        return self._number

    def _next(self) -> Any:
        while b"\0" not in self._buffer:
            if not select.select([self._answered], [], [], _ANSWER_S)[0]:
                raise TimeoutError(f"the browser does not answer within {_ANSWER_S} s")
            piece = os.read(self._answered, 65536)
            if not piece:
                raise ConnectionError("the browser went away")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class _PageWentAway(Exception):
    """A question was asked while another page was being opened."""


@contextlib.contextmanager
def browser(trusted: Path | None = None) -> Iterator[Browser]:
    """Start a browser with a new profile; it leaves with the block. With `trusted` it takes one site's own certificate
    (PEM).

    Raises LabUnavailable where there is no Chromium and none can be installed.
    """
    program = ensure_chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run"]
        options += ["--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--disable-background-networking"]
        options += ["--disable-component-update"]
        options += [f"--ignore-certificate-errors-spki-list={_fingerprint(trusted)}"] if trusted else []
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        asked_there, asked = os.pipe()
        answered, answered_there = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", _ON_PIPE, str(asked_there), str(answered_there), program, *options],
            pass_fds=(asked_there, answered_there),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        os.close(asked_there)
        os.close(answered_there)
        try:
            started = Browser(asked, answered)
            yield started
            started.close()
        finally:
            os.close(asked)  # it leaves when nobody can ask any more
            os.close(answered)
            try:
                process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ensure_chromium() -> str:
    """The program of a Chromium, installed where this machine has none. Raises LabUnavailable."""
    for _ in range(2):
        if found := next(filter(None, map(shutil.which, _NAMES)), None):
            return found
        try:
            install_missing({"chromium": "chromium"})
        except (CommandFailed, OSError) as failure:
            raise LabUnavailable(f"there is no Chromium and it cannot be installed: {failure}") from failure
    raise LabUnavailable("Chromium is installed, but PATH does not lead to it")


def _fingerprint(certificate: Path) -> str:
    """The SHA-256 of a certificate's public key as Chromium's option takes it, in base64."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(encoded)
    return base64.b64encode(digest.finalize()).decode()
