import hashlib
import hmac
import http.client
import json
import socket
import stat
import subprocess
import sys

import pytest

from tests.unit.agent.conftest import wait_for
from tests.unit.agent.handing_over import COMMIT, hand_over
from tests.unit.agent.rows import add_project, add_service
from tests.unit.ports import free_port


@pytest.fixture
def service(new_agent):
    agent = new_agent()
    project = add_project(agent.paths)
    service = add_service(agent.paths, project.id)
    agent.start()
    return agent, service.id


def make_hook(agent, service_id, **settings):
    status, hook = agent.post(f"/v1/services/{service_id}/hook", {"is_on": True, **settings})
    assert status == 200
    return hook, hook["path"].rpartition("/")[2]


def test_a_push_becomes_a_deployment_of_exactly_that_commit_once(service):
    agent, service_id = service
    assert agent.get(f"/v1/services/{service_id}/hook")[0] == 404
    _, hook_id = make_hook(agent, service_id, host="gitea")
    events = agent.events()
    assert hand_over(agent, hook=hook_id) == b"+\n"
    delivery = events.next("delivery")["delivery"]
    events.close()
    assert (delivery["verdict"], delivery["commit"]) == ("deployed", COMMIT)
    (deployment,) = agent.get(f"/v1/services/{service_id}/deployments")[1]
    assert (deployment["id"], deployment["trigger"], deployment["commit"]) == (
        delivery["deployment_id"],
        "push",
        COMMIT,
    )
    assert deployment["asked_by"] == "A. Author"

    again = {"delivery": "d-2", "received_at": "2026-01-01T00:00:01+00:00"}
    assert hand_over(agent, hook=hook_id, **again) == b"+\n"  # the same payload under another id
    assert hand_over(agent, hook=hook_id, digest="", refused="its signature does not fit") == b"+\n"
    refused = agent.get(f"/v1/services/{service_id}/deliveries")[1][:2]
    assert [each["verdict"] for each in refused] == ["refused", "refused"]
    assert len(agent.get(f"/v1/services/{service_id}/deployments")[1]) == 1

    status, again = agent.post(f"/v1/deliveries/{delivery['id']}/redeliver")
    assert (status, again["verdict"], again["is_redelivery"]) == (201, "deployed", True)
    assert len(agent.get(f"/v1/services/{service_id}/deployments")[1]) == 2


def test_the_secret_is_for_the_relay_and_whoever_asks_by_name(service):
    agent, service_id = service
    hook, hook_id = make_hook(agent, service_id)
    status, given = agent.post(f"/v1/services/{service_id}/hook/secret")
    assert (status, given["path"]) == (200, hook["path"])
    file = agent.paths.hooks / f"{hook_id}.json"
    assert json.loads(file.read_text()) == {"host": "github", "secret": given["secret"], "is_shared": False}
    assert stat.S_IMODE(file.stat().st_mode) & 0o007 == 0
    assert given["secret"] not in json.dumps(agent.get(f"/v1/services/{service_id}/hook")[1])
    assert given["secret"].encode() not in agent.paths.database.read_bytes()

    renewed, renewed_id = make_hook(agent, service_id, renews_secret=True)
    assert renewed["path"] != hook["path"]
    assert not file.exists()
    assert hand_over(agent, hook=hook_id) == b"+\n"  # the relay may still have had it in hand
    (late,) = agent.get(f"/v1/services/{service_id}/deliveries")[1]
    assert (late["verdict"], late["deployment_id"]) == ("refused", None)
    assert "renewed or removed" in late["reason"]
    assert agent.get(f"/v1/services/{service_id}/deployments")[1] == []
    assert agent.request("DELETE", f"/v1/services/{service_id}/hook")[0] == 200
    assert not (agent.paths.hooks / f"{renewed_id}.json").exists()


def test_hooks_are_told_to_the_relay_again_after_a_reboot(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id)
    file = agent.paths.hooks / f"{hook_id}.json"
    before = file.read_text()
    agent.stop()
    file.unlink()
    (agent.paths.hooks / ("0" * 40 + ".json")).write_text("{}")
    agent.start()
    wait_for(file.exists)
    assert file.read_text() == before
    wait_for(lambda: not (agent.paths.hooks / ("0" * 40 + ".json")).exists())


def test_settings_of_a_hook_are_checked_and_kept(service):
    agent, service_id = service
    hook, _ = make_hook(agent, service_id, tag_patterns=["v*"], watch_paths=["web/**"])
    assert (hook["tag_patterns"], hook["watch_paths"]) == (["v*"], ["web/**"])
    kept, _ = make_hook(agent, service_id, host="gitlab")
    assert (kept["tag_patterns"], kept["host"], kept["path"]) == (["v*"], "gitlab", hook["path"])
    status, answer = agent.post(f"/v1/services/{service_id}/hook", {"watch_paths": ["/etc"]})
    assert status == 400
    assert "watch_paths" in answer["problem"]["why"]


def deliveries_of(agent, service_id):
    return agent.get(f"/v1/services/{service_id}/deliveries")[1]


def test_a_notice_that_is_handed_over_twice_counts_once(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id)
    assert [hand_over(agent, hook=hook_id) for _ in range(2)] == [b"+\n"] * 2  # its first answer came too late
    told = {"hook": hook_id, "digest": "", "refused": "its sender is too slow", "commit": ""}
    assert [hand_over(agent, **told) for _ in range(2)] == [b"+\n"] * 2
    assert [each["verdict"] for each in deliveries_of(agent, service_id)] == ["refused", "deployed"]


def test_a_ping_is_answered_as_often_as_it_comes(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id)
    for second in range(2):
        hand_over(agent, hook=hook_id, event="ping", received_at=f"2026-01-01T00:00:0{second}+00:00")
    assert [each["verdict"] for each in deliveries_of(agent, service_id)] == ["answered"] * 2


def test_refused_deliveries_push_no_other_one_out_of_the_list(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id)
    hand_over(agent, hook=hook_id)
    for number in range(60):
        hand_over(agent, hook=hook_id, digest="", commit="", refused=f"forged {number}")
    listed = deliveries_of(agent, service_id)
    assert [each["verdict"] for each in listed].count("deployed") == 1
    assert listed[0]["reason"] == "forged 59"
    assert len(listed) < 60


def test_a_service_that_is_removed_takes_its_hook_along_at_once(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id)
    assert (agent.paths.hooks / f"{hook_id}.json").exists()
    assert agent.request("DELETE", f"/v1/services/{service_id}")[0] == 200
    assert not (agent.paths.hooks / f"{hook_id}.json").exists()
    assert hand_over(agent, hook=hook_id) == b"+\n"  # the relay may still have had it in hand
    assert agent.get("/v1/info")[0] == 200


def test_what_waited_while_the_agent_was_down_is_taken_in_order_and_once(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id, host="gitea")
    agent.stop()
    spool, port = agent.paths.run_dir / "spool", free_port()
    relay = start_relay(agent, spool, port)
    secret = json.loads((agent.paths.hooks / f"{hook_id}.json").read_text())["secret"]
    commits = [f"{number:040x}" for number in range(1, 4)]
    try:
        for commit in commits[:2]:
            assert push(port, hook_id, secret, commit) == 202
        end(relay)
        relay = start_relay(agent, spool, port)
        assert push(port, hook_id, secret, commits[0]) == 409  # known across its restart
        assert push(port, hook_id, secret, commits[2]) == 202
        agent.start()
        wait_for(lambda: len(deliveries_of(agent, service_id)) == 4)
        came = deliveries_of(agent, service_id)[::-1]
        assert [each["commit"] for each in came if each["verdict"] == "deployed"] == commits
        assert [each["verdict"] for each in came].count("refused") == 1
        wait_for(lambda: not list(spool.glob("*.json")))
        agent.stop()
        agent.start()
        end(relay)
        (spool / "seen").unlink()
        relay = start_relay(agent, spool, port)
        assert push(port, hook_id, secret, commits[0]) == 202  # the relay forgot; the agent did not
        assert deliveries_of(agent, service_id)[0]["reason"] == "it was received before"
    finally:
        end(relay)


def test_what_waits_for_a_hook_that_is_renewed_meanwhile_is_listed_and_not_deployed(service):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id, host="gitea")
    secret = json.loads((agent.paths.hooks / f"{hook_id}.json").read_text())["secret"]
    agent.stop()
    spool, port = agent.paths.run_dir / "spool", free_port()
    relay = start_relay(agent, spool, port)
    try:
        assert push(port, hook_id, secret, COMMIT) == 202
    finally:
        end(relay)
    agent.start()
    make_hook(agent, service_id, renews_secret=True)
    relay = start_relay(agent, spool, port)
    try:
        wait_for(lambda: deliveries_of(agent, service_id))
        assert deliveries_of(agent, service_id)[0]["verdict"] == "refused"
        assert agent.get(f"/v1/services/{service_id}/deployments")[1] == []
        assert push(port, hook_id, secret, COMMIT) == 404
    finally:
        end(relay)


def start_relay(agent, spool, port):
    """The relay as it runs on a server, beside the agent."""
    words = ["relay", "--run-dir", str(agent.paths.run_dir), "--spool-dir", str(spool), "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen([sys.executable, "-m", "godploy_server", *words], stderr=subprocess.DEVNULL)
    wait_for(lambda: is_open(port))
    return process


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def end(process):
    process.terminate()
    assert process.wait(20) == 0


def push(port, hook_id, secret, commit):
    """Send a push as Gitea does, and give the status of the answer."""
    body = json.dumps({"ref": "refs/heads/main", "before": "a" * 40, "after": commit}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    fields = {"Content-Type": "application/json", "X-Gitea-Event": "push", "X-Gitea-Signature": signature}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"/_godploy/hooks/{hook_id}", body, fields)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    "told",
    [
        {"commit": "--upload-pack=touch /tmp/x"},
        {"commit": "HEAD"},
        {"digest": "x"},
        {"ref": "x" * 5000},
        {"hook": "../agent"},
        {"received_at": "2026-01-01T00:00:00"},
    ],
)
def test_a_notice_that_the_relay_would_never_make_is_dropped(service, told):
    agent, service_id = service
    _, hook_id = make_hook(agent, service_id)
    assert hand_over(agent, **{"hook": hook_id, **told}) == b"+\n"
    assert deliveries_of(agent, service_id) == []
    assert agent.get(f"/v1/services/{service_id}/deployments")[1] == []


@pytest.mark.parametrize("line", [b"not json\n", b'{"hook": 1}\n', b"[]\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_is_no_notice_is_dropped(service, line):
    agent, _ = service
    wait_for(agent.paths.hooks_socket.exists)
    with socket.socket(socket.AF_UNIX) as relay:
        relay.settimeout(20)
        relay.connect(str(agent.paths.hooks_socket))
        relay.sendall(line)
        assert relay.recv(16) == b"+\n"
    assert agent.get("/v1/info")[0] == 200
