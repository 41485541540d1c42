"""A custom service: any image with a command, a volume, a port of the server and a health command of its own."""

import http.client
import shlex

import pytest

from tests.lab.labkit.servers import Server
from tests.lab.product import CommandRefused, Godploy, soon

DIARY = "kit/diary"
PORT = 7070
# It takes a lock on its volume, so that a second one beside it could not start, and keeps what visitors bring.
PROGRAM = """
import fcntl, http.server, os, signal, sys
lock = open("/data/lock", "w")
try: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: open("/data/overlap", "w").close(); sys.exit("somebody else has the volume")
if os.environ.get("BREAKS"): sys.exit("this edition cannot read the diary")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Diary(http.server.BaseHTTPRequestHandler):
    def answer(self, text):
        self.send_response(200); self.send_header("content-length", str(len(text))); self.end_headers()
        self.wfile.write(text)
    def do_GET(self):
        pages = open("/data/diary").read() if os.path.exists("/data/diary") else ""
        self.answer(f"{os.environ.get('EDITION')}:{pages}:{os.path.exists('/data/overlap')}".encode())
    def do_POST(self):
        open("/data/diary", "a").write(self.rfile.read(int(self.headers["content-length"])).decode() + ";")
        self.answer(b"")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("", 9000), Diary)
open("/tmp/ready", "w").write(open("/proc/1/stat").read().split()[21])
server.serve_forever()
"""
# A container that is started again has its files still: what counts is the program's present life.
READY = 'test "$(cat /tmp/ready)" = "$(cut -d" " -f22 /proc/1/stat)"'


def ask(server: Server, text: str = "") -> str:
    """What the diary says at its published port, or with a text: write it there."""
    connection = http.client.HTTPConnection(server.address, PORT, timeout=5)
    try:
        connection.request("POST" if text else "GET", "/", text or None)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def create(godploy: Godploy, name: str = DIARY) -> None:
    godploy(
        "service", "create", name, "--image", "python:3.12-slim", "--port", "none",
        "--command", f"python -u -c {shlex.quote(PROGRAM)}", "--variable", "EDITION=1",
        "--mount", "data:/data", "--publish", f"{PORT}:9000", "--strategy", "recreate", "--stop-grace", "5",
        "--health-command", f"sh -c {shlex.quote(READY)}", "--health-timeout", "30", "--settle", "1",
    )  # fmt: skip


def test_what_a_custom_service_keeps_survives_deployments_rollback_restart_and_reboot(
    bootstrapped_server: Server, godploy: Godploy
) -> None:
    server = bootstrapped_server
    godploy("project", "create", "kit")
    with pytest.raises(CommandRefused) as refused:
        godploy("service", "create", "kit/x", "--image", "python:3.12-slim", "--mount", "data:/data")
    assert "settings/rollout/strategy: should be recreate" in refused.value.errors
    with pytest.raises(CommandRefused) as refused:
        godploy("service", "create", "kit/x", "--image", "python:3.12-slim", "--mount", "/var/lib:/x:ro")
    assert "settings/mounts/0/source" in refused.value.errors
    create(godploy)
    godploy("deploy", DIARY)
    shown = godploy("service", "show", DIARY)
    for word in ("volume data at /data", f"port {PORT}/tcp of the server to 9000", "recreate", "/tmp/ready"):
        assert word in shown
    ask(server, "bread")
    assert ask(server) == "1:bread;:False"

    godploy("service", "variables", "set", DIARY, "EDITION=2")
    log = godploy("deploy", DIARY)
    assert "away until release 2 is healthy" in log
    assert ask(server) == "2:bread;:False"
    godploy("service", "variables", "set", DIARY, "BREAKS=1")
    with pytest.raises(CommandRefused) as failed:
        godploy("deploy", DIARY)
    assert "release 2 was started again and is healthy" in failed.value.errors + failed.value.output
    assert ask(server) == "2:bread;:False"
    godploy("service", "variables", "remove", DIARY, "BREAKS")
    godploy("rollback", DIARY)
    assert ask(server) == "1:bread;:False"
    godploy("service", "restart", DIARY)
    assert ask(server) == "1:bread;:False"

    create(godploy, "kit/rival")
    with pytest.raises(CommandRefused) as taken:
        godploy("deploy", "kit/rival")
    assert f"Port {PORT} on this server is already in use" in taken.value.errors + taken.value.output
    assert "the service kit/diary has it" in taken.value.errors + taken.value.output

    server.reboot()
    soon(lambda: ask(server) == "1:bread;:False", 90)
    soon(lambda: godploy.json("service", "show", DIARY)["state"] == "running", 60)

    volumes = "docker volume ls -q --filter label=godploy.service"
    assert server.run(volumes).split() == ["godploy-kit-diary-data", "godploy-kit-rival-data"]
    godploy("service", "delete", "kit/rival", "--yes")
    gone = godploy.json("service", "delete", DIARY, "--yes")["gone"]
    assert gone["volumes"] == ["godploy-kit-diary-data"]
    assert server.run(volumes).split() == []
