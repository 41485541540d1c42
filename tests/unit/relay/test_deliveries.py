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
        self.headers = {}
        (self.run_dir / "hooks").mkdir(parents=True)
        (self.run_dir / "instance").write_text("abc")
        self.make_hook(HOOK)
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = trial.getsockname()[1]
        self.start()

    def make_hook(self, hook, host="github", **more):
        """Write a hook as the agent does; gives its path."""
        (self.run_dir / "hooks" / f"{hook}.json").write_text(json.dumps({"host": host, "secret": SECRET, **more}))
        return f"/_godploy/hooks/{hook}"

    def waiting(self):
        """What lies in the spool, in order."""
        return sorted(self.spool.glob("*.json"))

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
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status

    def send_raw(self, head, *parts):
        """Send bytes as they are, and give the status of the answer; 0 if there was none."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            with contextlib.suppress(OSError):  # it may be answered before all was sent
                connection.sendall(head.encode() + b"\r\n\r\n")
                for each in parts:
                    connection.sendall(each)
            answer = b""
            with contextlib.suppress(OSError):
                while piece := connection.recv(4096):
                    answer += piece
        return int(answer.split(b" ")[1]) if answer else 0


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


def head_of(body, *more, sign=SECRET):
    fields = (
        f"X-Hub-Signature-256: {signature(body, sign)}",
        "X-GitHub-Event: push",
        "Content-Type: application/json",
        *more,
    )
    return "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: a", *fields])


def chunked(body, size=50_000):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in parts) + b"0\r\n\r\n"


def refusals(agent):
    return [each["refused"] for each in agent.notices if each["refused"]]


def test_what_is_forged_replayed_or_misdirected_changes_nothing(relay, agent):
    body = payload()
    assert relay.send(body) == 202
    assert relay.send(body) == 409
    assert relay.send(body, X_GitHub_Delivery="another id") == 409  # the id is not signed, the body is
    assert relay.send(body, X_Hub_Signature_256=signature(body, "guessed")) == 401
    assert relay.send(body, X_Hub_Signature_256=None) == 401
    assert relay.send(body, X_Hub_Signature_256="sha1=abc") == 401
    assert relay.send(b"{" * 2000) == 400
    assert relay.send(body, path=PATH[:-1] + "8") == 404
    assert relay.send(body, path=PATH + "/..") == 404
    assert relay.send(b"", method="GET") == 405
    believed = [each for each in agent.notices if not each["refused"]]
    assert len(believed) == 1
    told = refusals(agent)
    assert sum("received before" in each for each in told) == 2
    assert sum("signature does not fit" in each for each in told) == 1
    assert sum("carries no x-hub-signature-256" in each for each in told) == 1
    assert sum("is no SHA-256 signature" in each for each in told) == 1
    assert sum("cannot be read" in each for each in told) == 1
    assert not any(SECRET in json.dumps(each) for each in agent.notices)


def test_what_is_oversized_cut_off_or_of_another_kind_is_refused_and_listed(relay, agent):
    body = payload()
    large = b"x" * (26 * 1024 * 1024)
    assert relay.send(body, Content_Type="application/x-www-form-urlencoded") == 415
    assert relay.send_raw(head_of(large, f"Content-Length: {len(large)}"), large) == 413
    assert relay.send_raw(head_of(large, "Transfer-Encoding: chunked"), chunked(large)) == 413
    assert relay.send_raw(head_of(b"")) == 411
    assert relay.send_raw(head_of(body, "Transfer-Encoding: chunked"), b"5\r\n12345??") == 400
    assert relay.send_raw(head_of(body, "Transfer-Encoding: chunked"), b"-5\r\n") == 400
    with socket.create_connection(("127.0.0.1", relay.port)) as connection:
        connection.sendall(head_of(body, f"Content-Length: {len(body)}").encode() + b"\r\n\r\n" + body[:-1])
    soon(lambda: len(refusals(agent)) == 7)
    told = refusals(agent)
    assert "content type" in told[0]
    assert [told[1], told[2]] == ["it is larger than 25 MB"] * 2
    assert "how long it is" in told[3]
    assert "chunks" in told[4]
    assert "chunks" in told[5]
    assert f"cut off after {len(body) - 1} bytes" in told[6]
    assert [each for each in agent.notices if not each["refused"]] == []
    assert relay.send(body) == 202


def test_a_slow_sender_is_cut_off_and_listed_while_others_are_served(relay, agent):
    body = payload()
    with socket.create_connection(("127.0.0.1", relay.port), 60) as slow:
        slow.sendall(head_of(body, f"Content-Length: {len(body)}").encode() + b"\r\n\r\n" + body[:10])
        assert relay.send(payload(2)) == 202
        assert b" 408 " in slow.recv(4096)
    assert refusals(agent) == ["its sender is too slow"]
    assert [each["commit"] for each in agent.notices if not each["refused"]] == [f"{2:040x}"]


@pytest.mark.parametrize("padding", [0, 300_000])
def test_a_delivery_in_chunks_is_believed(relay, agent, padding):
    body = payload(5, padding)
    assert relay.send_raw(head_of(body, "Transfer-Encoding: chunked"), chunked(body)) == 202
    assert agent.notices[-1]["commit"] == f"{5:040x}"
    other = payload(6, padding)
    assert relay.send_raw(head_of(body, "Transfer-Encoding: chunked"), chunked(other)) == 401


def test_whoever_knows_the_address_but_not_the_secret_shuts_nobody_out(relay, agent):
    for number in range(150):
        assert relay.send(payload(number), X_Hub_Signature_256=signature(b"", "guessed")) == 401
    assert relay.send(payload(7)) == 202
    listed = len(refusals(agent))
    assert 5 < listed < 100  # a flood is told in part
    assert agent.notices[-1]["commit"] == f"{7:040x}"


def test_large_bodies_that_are_not_believed_are_soon_refused_before_they_are_read(relay, agent):
    body = payload(1, padding=200_000)
    answers = [relay.send(body, X_Hub_Signature_256=signature(b"", "guessed")) for _ in range(14)]
    assert answers[:10] == [401] * 10
    assert answers[-1] == 429
    assert int(relay.headers["retry-after"]) >= 1
    assert relay.send(payload(2)) == 202


def test_a_ping_may_come_again_and_nothing_else_may(relay, agent):
    ping = json.dumps({"zen": "Keep it simple", "hook_id": 1}).encode()
    assert [relay.send(ping, X_GitHub_Event="ping") for _ in range(3)] == [202] * 3
    assert [each["event"] for each in agent.notices] == ["ping"] * 3
    other = json.dumps({"action": "done"}).encode()
    assert [relay.send(other, X_GitHub_Event="workflow_run") for _ in range(2)] == [202, 409]


def test_pings_have_an_end_too(relay, agent):
    answers = [relay.send(b'{"zen":"x"}', X_GitHub_Event="ping") for _ in range(30)]
    assert answers.count(202) < 30
    assert 429 in answers
    assert relay.send(payload(1)) == 202


def test_a_replay_is_refused_after_a_restart_too(relay, agent):
    assert relay.send(payload(1)) == 202
    relay.stop()
    relay.start()
    assert relay.send(payload(1)) == 409


def test_gitlab_may_tell_the_same_push_again_under_another_id(relay, agent):
    path = relay.make_hook("b" * 40, "gitlab")
    fields = {"X_Gitlab_Event": "Push Hook", "X_Gitlab_Token": SECRET, "X_Hub_Signature_256": None, "path": path}
    assert relay.send(payload(1), Idempotency_Key="one", **fields) == 202
    assert relay.send(payload(1), Idempotency_Key="one", **fields) == 409
    assert relay.send(payload(1), Idempotency_Key="two", **fields) == 202  # pushed back and forth: its body is the same
    assert relay.send(payload(2), Idempotency_Key="three", **(fields | {"X_Gitlab_Token": "its"})) == 401


def test_a_large_payload_is_believed_and_stays_out_of_memory(relay, agent):
    def anonymous():
        lines = Path(f"/proc/{relay.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous"))

    assert relay.send(payload(1)) == 202
    before = anonymous()
    assert relay.send(payload(2, padding=24 * 1024 * 1024)) == 202
    assert agent.notices[-1]["commit"] == f"{2:040x}"
    assert anonymous() < before + 8 * 1024  # kilobytes: the payload lies in a file without a name
    assert [each.name for each in relay.spool.iterdir()] == ["seen"]


def test_a_sender_that_stops_in_the_middle_of_a_large_one_leaves_nothing(relay, agent):
    body = payload(3, padding=300_000)
    with socket.create_connection(("127.0.0.1", relay.port)) as connection:
        connection.sendall(head_of(body, f"Content-Length: {len(body)}").encode() + b"\r\n\r\n" + body[:200_000])
    assert relay.send(payload(4)) == 202
    soon(lambda: refusals(agent) == ["it was cut off after 200000 bytes"])
    assert [each["commit"] for each in agent.notices if not each["refused"]] == [f"{4:040x}"]
    assert [each.name for each in relay.spool.iterdir()] == ["seen"]


def test_deliveries_wait_in_the_spool_while_agent_and_relay_are_down(relay):
    for number in range(1, 4):
        assert relay.send(payload(number)) == 202
    assert relay.send(payload(1)) == 409
    assert len(relay.waiting()) == 4
    relay.stop()
    relay.start()
    assert relay.send(payload(4)) == 202  # behind those that wait
    agent = Agent(relay.run_dir / "hooks" / "agent.sock")
    soon(lambda: len(agent.notices) == 5)
    assert [each["commit"] for each in agent.notices if not each["refused"]] == [f"{each:040x}" for each in range(1, 5)]
    soon(lambda: not relay.waiting())
    assert relay.send(payload(5)) == 202
    assert len(agent.notices) == 6
    agent.close()
    (relay.run_dir / "hooks" / "agent.sock").unlink()
    assert relay.send(payload(6)) == 202  # and down again
    again = Agent(relay.run_dir / "hooks" / "agent.sock")
    soon(lambda: [each["commit"] for each in again.notices] == [f"{6:040x}"])
    again.close()


def test_one_hook_cannot_send_without_end_and_is_told_when_to_come_again(relay, agent):
    number = 1
    while (answer := relay.send(payload(number))) == 202:
        number += 1
        assert number < 500
    assert answer == 429
    assert number > 60
    assert 1 <= int(relay.headers["retry-after"]) <= 60
    assert any("more came than one hook may send" in each for each in refusals(agent))
    other = relay.make_hook("a" * 40)
    assert relay.send(payload(1), path=other) == 202  # another hook is none of it


def test_a_hook_that_tells_of_many_repositories_may_send_more(relay, agent):
    shared = relay.make_hook("b" * 40, is_shared=True)
    assert {relay.send(payload(number), path=shared) for number in range(1, 100)} == {202}


def test_a_hook_that_is_removed_is_unknown_at_once(relay, agent):
    assert relay.send(payload(1)) == 202
    (relay.run_dir / "hooks" / f"{HOOK}.json").unlink()
    assert relay.send(payload(2)) == 404
