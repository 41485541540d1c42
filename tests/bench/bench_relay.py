"""How many signed deliveries the relay takes, on one core, beside a plain HTTP server of the standard library that
answers 200 to the same requests in the same run; and its memory before, during and after requests that are garbage.

    python -m tests.bench.bench_relay [DELIVERIES] [GARBAGE]

The rate is that of processor time: how many the process could take if the core were its own. A socket in the agent's
place answers each notice at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.bench_idle import SERVER_ENVIRONMENT, cost_of
from tests.bench.figures import Figure, publish

HOOKS = 400  # so that no hook meets its own limit
SECRET = "a secret of every hook"
GOAL_PER_S = 500.0
AT_ONCE = 8
REFERENCE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Always(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Always).serve_forever()
"""


def payload(number: int) -> bytes:
    """A push of three commits, about 7 KB, as a git host sends it."""
    commits = [
        {
            "id": f"{number:038x}{each:02x}", "message": "Change something that matters\n\n" + "and say why. " * 40,
            "author": {"name": "A. Author", "email": "author@example.org"}, "url": "https://example.org/" + "x" * 200,
            "added": [f"src/new_{each}.py"], "modified": [f"src/module_{at}.py" for at in range(20)], "removed": [],
        }
        for each in range(3)
    ]  # fmt: skip
    repository = {f"url_{each}": "https://example.org/" + "y" * 60 for each in range(40)}
    push = {"ref": "refs/heads/main", "before": "a" * 40, "after": commits[-1]["id"], "commits": commits}
    return json.dumps({**push, "head_commit": commits[-1], "repository": repository}).encode()


def requests(count: int, hooks: list[str]) -> list[bytes]:
    """Whole requests, each signed and each another one."""
    made = []
    for number in range(count):
        body = payload(number)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST /_godploy/hooks/{hooks[number % len(hooks)]} HTTP/1.1\r\nHost: a\r\n"
            "Content-Type: application/json\r\n"
            f"X-GitHub-Event: push\r\nX-GitHub-Delivery: {number}\r\nX-Hub-Signature-256: sha256={signature}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def garbage(count: int) -> list[bytes]:
    """A few kinds of what comes from the internet, in turn."""
    chance = random.Random(7)
    hook = f"{chance.getrandbits(160):040x}"
    kinds = [
        chance.randbytes(200) + b"\r\n\r\n",
        b"GET /wp-login.php HTTP/1.1\r\nHost: a\r\n\r\n",
        f"POST /_godploy/hooks/{hook} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{{'a': 1}}".encode(),
        b"POST /_godploy/hooks/" + b"0" * 40 + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 2000 + b"\r\n",
    ]
    return [kinds[each % len(kinds)] for each in range(count)]


def answer_as_agent(path: Path) -> None:
    """Listen in the agent's place and take every notice."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection.makefile("rb") as lines:
            for _ in lines:
                connection.sendall(b"+\n")

    threading.Thread(target=serve, daemon=True).start()


async def send_all(port: int, what: list[bytes], expected: bytes) -> int:
    """Send every request over a connection of its own, a few at once; gives how many were not answered so."""
    waiting = iter(what)
    other = 0

    async def work() -> None:
        nonlocal other
        for each in waiting:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(each)
                answer = await reader.read(64)
                writer.close()
            except OSError:
                answer = b""
            other += expected not in answer

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return other


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def until_it_listens(port: int) -> None:
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("it does not listen")


def measured(port: int, pid: int, what: list[bytes], expected: bytes) -> tuple[float, float]:
    """How many a second of processor time, and of the clock. Raises when an answer is another one."""
    before, started = cost_of(pid), time.monotonic()
    if other := asyncio.run(send_all(port, what, expected)):
        raise RuntimeError(f"{other} of {len(what)} were not answered with {expected!r}")
    passed = time.monotonic() - started
    return len(what) / (cost_of(pid).cpu_s - before.cpu_s), len(what) / passed


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000
    bad = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(prefix="godploy-relay-") as name:
        run_dir = Path(name)
        (run_dir / "hooks").mkdir()
        hooks = [f"{each:040x}" for each in range(HOOKS)]
        for each in hooks:
            (run_dir / "hooks" / f"{each}.json").write_text(json.dumps({"host": "github", "secret": SECRET}))
        answer_as_agent(run_dir / "hooks" / "agent.sock")
        ports = {"relay": free_port(), "reference": free_port()}
        listen = f"127.0.0.1:{ports['relay']}"
        commands = {
            "relay": [sys.executable, "-m", "godploy_server", "relay", "--run-dir", name, "--listen", listen],
            "reference": [sys.executable, "-c", REFERENCE, str(ports["reference"])],
        }
        environment = os.environ | SERVER_ENVIRONMENT
        processes = {
            each: subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            for each, command in commands.items()
        }
        try:
            for port in ports.values():
                until_it_listens(port)
            relay = processes["relay"].pid
            signed = requests(count, hooks)
            rate, clock_rate = measured(ports["relay"], relay, signed, b" 202 ")
            reference, reference_clock = measured(ports["reference"], processes["reference"].pid, signed, b" 200 ")
            before = cost_of(relay).pss
            thirds = [garbage(bad)[at::3] for at in range(3)]
            during = []
            for each in thirds:
                asyncio.run(send_all(ports["relay"], each, b"HTTP/1.1 4"))
                during.append(cost_of(relay).pss)
            time.sleep(2)
            after = cost_of(relay).pss
        finally:
            for each in processes.values():
                each.terminate()
            for each in processes.values():
                each.wait(20)
    publish(
        [
            Figure(
                "relay: signed deliveries", rate, "/s",
                f"of processor time on one core, {len(signed[0])} bytes each; {clock_rate:.0f}/s by the clock",
                f"stdlib http.server answering 200: {reference:.0f}/s, {reference_clock:.0f}/s by the clock",
                GOAL_PER_S, is_at_most=False,
            ),
            Figure(
                "relay: memory after garbage", after - before, " MB",
                f"PSS {before:.1f} MB before, {', '.join(f'{each:.1f}' for each in during)} during, {after:.1f} after "
                f"{bad} requests",
                goal=2.0,
            ),
        ]
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
