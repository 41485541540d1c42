import json
import socket
import stat

import pytest

from tests.unit.agent.conftest import wait_for
from tests.unit.agent.rows import add_project, add_service

COMMIT = "c" * 40


@pytest.fixture
def service(new_agent):
    agent = new_agent()
    project = add_project(agent.paths)
    service = add_service(agent.paths, project.id)
    agent.start()
    return agent, service.id


def hand_over(agent, **told):
    """Be the relay: hand one notice over, and give what the agent answers."""
    path = agent.paths.hooks_socket
    wait_for(path.exists)
    notice = {
        "delivery": "d-1", "digest": "1" * 64, "received_at": "2026-01-01T00:00:00+00:00", "event": "push",
        "event_name": "push", "ref": "main", "commit": COMMIT, "message": "Say hello", "author": "A. Author", **told,
    }  # fmt: skip
    with socket.socket(socket.AF_UNIX) as relay:
        relay.settimeout(20)
        relay.connect(str(path))
        relay.sendall(json.dumps(notice).encode() + b"\n")
        return relay.recv(16)


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

    assert hand_over(agent, hook=hook_id, delivery="d-2") == b"+\n"  # the same payload under another id
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
    assert json.loads(file.read_text()) == {"host": "github", "secret": given["secret"]}
    assert stat.S_IMODE(file.stat().st_mode) & 0o007 == 0
    assert given["secret"] not in json.dumps(agent.get(f"/v1/services/{service_id}/hook")[1])
    assert given["secret"].encode() not in agent.paths.database.read_bytes()

    renewed, renewed_id = make_hook(agent, service_id, renews_secret=True)
    assert renewed["path"] != hook["path"]
    assert not file.exists()
    assert hand_over(agent, hook=hook_id) == b"+\n"  # the relay may still have had it in hand
    assert agent.get(f"/v1/services/{service_id}/deliveries")[1] == []
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


@pytest.mark.parametrize("line", [b"not json\n", b'{"hook": 1}\n', b"[]\n"])
def test_a_line_that_is_no_notice_is_dropped(service, line):
    agent, _ = service
    wait_for(agent.paths.hooks_socket.exists)
    with socket.socket(socket.AF_UNIX) as relay:
        relay.settimeout(20)
        relay.connect(str(agent.paths.hooks_socket))
        relay.sendall(line)
        assert relay.recv(16) == b"+\n"
    assert agent.get("/v1/info")[0] == 200
