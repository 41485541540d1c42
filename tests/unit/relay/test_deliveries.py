"""The relay as a process, with a socket in the agent's place that answers as the agent does."""

import contextlib
import hashlib
import hmac
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

SECRET = "a secret of the hook"
HOOK = "0123456789abcdef0123456789abcdef01234567"
PATH = f"/_godploy/hooks/{HOOK}"


class Agent:
    """Listens where the agent would and keeps what it is handed."""

    def __init__(self, path):
        self.notices = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                self.notices.append(json.loads(line))
                connection.sendall(b"+\n")

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Relay:
    def __init__(self, folder):
        self.run_dir, self.spool = folder / "run", folder / "spool"
        (self.run_dir / "hooks").mkdir(parents=True)
        (self.run_dir / "instance").write_text("abc")
        (self.run_dir / "hooks" / f"{HOOK}.json").write_text(json.dumps({"host": "github", "secret": SECRET}))
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = trial.getsockname()[1]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "godploy_server", "relay", "--run-dir", str(self.run_dir),
             "--spool-dir", str(self.spool), "--listen", f"127.0.0.1:{self.port}"], stderr=subprocess.PIPE
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        errors = self.process.communicate(timeout=20)[1].decode()
        assert self.process.returncode == 0, errors
        assert SECRET not in errors
        assert "Traceback" not in errors

    def send(self, body, path=PATH, method="POST", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        defaults = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": signature(body),
        }
        sent = defaults | {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status


def signature(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def payload(number=1, padding=0):
    return json.dumps(
        {"ref": "refs/heads/main", "before": "a" * 40, "after": f"{number:040x}", "x": "y" * padding}
    ).encode()


@pytest.fixture
def relay(tmp_path):
    made = Relay(tmp_path)
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.fixture
def agent(relay):
    made = Agent(relay.run_dir / "hooks" / "agent.sock")
    yield made
    made.close()


def soon(question):
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_signed_push_reaches_the_agent_before_it_is_answered(relay, agent):
    assert relay.send(payload(7), X_GitHub_Delivery="d-1") == 202
    (notice,) = agent.notices
    assert (notice["hook"], notice["delivery"], notice["event"], notice["ref"]) == (HOOK, "d-1", "push", "main")
    assert notice["commit"] == f"{7:040x}"
    assert notice["refused"] == ""


def test_what_is_forged_replayed_oversized_or_misdirected_changes_nothing(relay, agent):
    body = payload()
    assert relay.send(body) == 202
    assert relay.send(body) == 409
    assert relay.send(body, X_GitHub_Delivery="another id") == 409  # the id is not signed, the body is
    assert relay.send(body, X_Hub_Signature_256=signature(body, "guessed")) == 401
    assert relay.send(body, X_Hub_Signature_256=None) == 401
    assert relay.send(body, X_Hub_Signature_256="sha1=abc") == 401
    assert relay.send(body, Content_Type="application/x-www-form-urlencoded") == 415
    assert relay.send(b"{" * 2000) == 400
    assert relay.send(body, path=PATH[:-1] + "8") == 404
    assert relay.send(body, path=PATH + "/..") == 404
    assert relay.send(b"", method="GET") == 405
    assert relay.send(b"", Content_Length=str(26 * 1024 * 1024)) == 413
    believed = [each for each in agent.notices if not each["refused"]]
    assert len(believed) == 1
    told = [each["refused"] for each in agent.notices if each["refused"]]
    assert sum("received before" in each for each in told) == 2
    assert sum("signature does not fit" in each for each in told) == 1
    assert sum("cannot be read" in each for each in told) == 1
    assert not any(SECRET in json.dumps(each) for each in agent.notices)


def test_a_large_payload_is_believed_and_stays_out_of_memory(relay, agent):
    def anonymous():
        lines = Path(f"/proc/{relay.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous"))

    assert relay.send(payload(1)) == 202
    before = anonymous()
    assert relay.send(payload(2, padding=24 * 1024 * 1024)) == 202
    assert agent.notices[-1]["commit"] == f"{2:040x}"
    assert anonymous() < before + 8 * 1024  # kilobytes: the payload lies in a file without a name
    assert not list(relay.spool.iterdir())


def test_a_sender_that_stops_in_the_middle_leaves_nothing(relay, agent):
    body = payload(3, padding=300_000)
    with socket.create_connection(("127.0.0.1", relay.port)) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(f"{head}X-Hub-Signature-256: {signature(body)}\r\n\r\n".encode() + body[:100_000])
    assert relay.send(payload(4)) == 202
    assert [each["commit"] for each in agent.notices] == [f"{4:040x}"]
    assert not list(relay.spool.iterdir())


def test_deliveries_wait_in_the_spool_while_agent_and_relay_are_down(relay):
    for number in range(1, 4):
        assert relay.send(payload(number)) == 202
    assert len(list(relay.spool.glob("*.json"))) == 3
    relay.stop()
    relay.start()
    agent = Agent(relay.run_dir / "hooks" / "agent.sock")
    soon(lambda: len(agent.notices) == 3)
    assert [each["commit"] for each in agent.notices] == [f"{number:040x}" for number in (1, 2, 3)]
    soon(lambda: not list(relay.spool.glob("*.json")))
    assert relay.send(payload(4)) == 202
    assert len(agent.notices) == 4
    agent.close()


def test_one_hook_cannot_send_without_end(relay, agent):
    answers = [relay.send(payload(number)) for number in range(1, 100)]
    assert answers.count(202) >= 60
    assert 429 in answers


def test_a_hook_that_is_removed_is_unknown_at_once(relay, agent):
    assert relay.send(payload(1)) == 202
    (relay.run_dir / "hooks" / f"{HOOK}.json").unlink()
    assert relay.send(payload(2)) == 404
