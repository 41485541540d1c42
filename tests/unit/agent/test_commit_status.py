"""The server tells a git host what becomes of commits: with a real agent, and a real host on loopback."""

import json
import signal

import pytest

from godploy_server.contract import ImageSource, to_json
from tests.unit.agent.conftest import wait_for
from tests.unit.agent.fake_git_host import FakeGitHost, Said
from tests.unit.agent.rows import add_project, add_service, settings_json

TOKEN = "status-token-8f3a1c"
COMMIT = "c" * 40
OTHER = "d" * 40


@pytest.fixture
def host():
    made = FakeGitHost()
    yield made
    made.close()


@pytest.fixture
def service(new_agent):
    agent = new_agent()
    service = add_service(agent.paths, add_project(agent.paths).id)
    agent.start()
    return agent, service.id


def path_of(service_id):
    return f"/v1/services/{service_id}/commit-status"


def store(agent, service_id, at, **changes):
    wanted = {"host": "gitea", "api": at.address, "repository": "team/shop", "token": TOKEN, **changes}
    return agent.post(path_of(service_id), wanted)


def writer(agent, service_id):
    return agent.get(path_of(service_id))[1]


def deploy(agent, service_id, commit=COMMIT):
    """Ask for a deployment whose fetch fails at once: its repository does not exist."""
    status, deployment = agent.post(f"/v1/services/{service_id}/deployments", {"commit": commit})
    assert status == 201, deployment
    return agent.until_final(deployment["id"])


def test_a_deployment_is_told_from_its_beginning_to_its_end_once(service, host):
    agent, service_id = service
    assert agent.get(path_of(service_id))[0] == 404
    status, stored = store(agent, service_id, host)
    assert status == 200, stored
    assert stored["name"] == "godploy/shop/web"
    assert agent.get(f"/v1/services/{service_id}")[1]["tells_commits"] is True
    events = agent.events()
    ended = deploy(agent, service_id)
    assert ended["state"] == "failed"
    wait_for(lambda: writer(agent, service_id)["told"] and writer(agent, service_id)["told"]["state"] == "failure")
    assert events.next("commit-status")["writer"]["told"]["commit"] == COMMIT
    events.close()
    assert host.states[-1] == (COMMIT, "failure")
    assert host.states in ([(COMMIT, "pending"), (COMMIT, "failure")], [(COMMIT, "failure")])
    path, fields, body = host.asked[-1]
    assert path == f"/api/v1/repos/team/shop/statuses/{COMMIT}"
    assert fields["Authorization"] == f"token {TOKEN}"
    assert (body["context"], body["description"]) == ("godploy/shop/web", "Fetching the source failed")
    assert "target_url" not in body
    asked = len(host.asked)
    agent.stop()
    agent.start()
    deploy(agent, service_id, OTHER)
    wait_for(lambda: (OTHER, "failure") in host.states)
    assert [commit for commit, _ in host.states[asked:]].count(COMMIT) == 0


def test_a_silent_host_holds_up_neither_a_deployment_nor_the_agents_end(service, host):
    agent, service_id = service
    host.usual = Said(hangs_s=60)
    store(agent, service_id, host)
    assert deploy(agent, service_id)["state"] == "failed"
    assert deploy(agent, service_id, OTHER)["state"] == "failed"
    wait_for(lambda: host.asked)
    agent.stop()  # waits 20 s at most


def test_a_restart_in_between_goes_on_where_it_was_and_tells_nothing_twice(service, host):
    agent, service_id = service
    host.usual = Said(503)
    store(agent, service_id, host)
    deploy(agent, service_id)
    wait_for(lambda: (writer(agent, service_id)["problem"] or {}).get("code") == "unreachable")
    assert writer(agent, service_id)["waiting"] == 1
    agent.stop(signal.SIGKILL)
    host.usual = Said(201)
    del host.asked[:]
    agent.start()
    wait_for(lambda: host.states == [(COMMIT, "failure")])
    wait_for(lambda: writer(agent, service_id)["waiting"] == 0)
    assert writer(agent, service_id)["problem"] is None
    agent.stop()
    agent.start()
    deploy(agent, service_id, OTHER)
    wait_for(lambda: (OTHER, "failure") in host.states)
    assert host.states.count((COMMIT, "failure")) == 1


def test_the_token_is_sealed_and_shows_nowhere(service, host):
    agent, service_id = service
    host.usual = Said(401, body={"message": f"bad token {TOKEN}"})
    status, stored = store(agent, service_id, host)
    assert status == 200
    deploy(agent, service_id)
    refused = wait_for(lambda: writer(agent, service_id)["problem"])
    assert refused["code"] == "not-allowed"
    assert "write:repository" in refused["next_step"]
    shown = [stored, writer(agent, service_id), agent.get(f"/v1/services/{service_id}")[1]]
    events = agent.events()
    shown.append(events.next("snapshot"))
    events.close()
    status, answer = agent.post(f"{path_of(service_id)}/test")
    assert (status, answer["problem"]["code"]) == (403, "not-allowed")
    status, answer_to_bad = store(agent, service_id, host, api="nonsense")
    assert status == 400
    assert TOKEN not in json.dumps([*shown, answer, answer_to_bad])
    agent.process.send_signal(signal.SIGTERM)
    agent.process.wait(20)
    said = agent.process.stderr.read().decode()
    assert "does not accept the token" in said, "the log says why"
    assert TOKEN not in said
    kept = b"".join(each.read_bytes() for each in agent.paths.state_dir.glob("godploy.db*"))
    assert TOKEN.encode() not in kept


def test_a_stored_token_goes_to_no_other_address(service, host):
    agent, service_id = service
    assert store(agent, service_id, host, token="")[0] == 400
    store(agent, service_id, host)
    elsewhere = FakeGitHost()
    try:
        status, answer = store(agent, service_id, elsewhere, token="")
        assert (status, "another address" in answer["problem"]["why"]) == (400, True)
        assert store(agent, service_id, host, token="", host="github")[0] == 400
        assert store(agent, service_id, host, token="", repository="team/site", name="site")[0] == 200
        deploy(agent, service_id)
        wait_for(lambda: (COMMIT, "failure") in host.states)
        assert host.asked[-1][0].startswith("/api/v1/repos/team/site/")
        assert host.asked[-1][2]["context"] == "site"
        assert elsewhere.asked == []
    finally:
        elsewhere.close()


def test_what_is_deleted_is_told_no_more(service, host):
    agent, service_id = service
    host.usual = Said(503)
    store(agent, service_id, host)
    deploy(agent, service_id)
    wait_for(lambda: host.asked)
    assert agent.request("DELETE", path_of(service_id))[0] == 200
    assert agent.get(path_of(service_id))[0] == 404
    assert agent.request("DELETE", path_of(service_id))[0] == 404
    assert agent.get(f"/v1/services/{service_id}")[1]["tells_commits"] is False
    host.usual = Said(201)
    deploy(agent, service_id, OTHER)
    assert OTHER not in dict(host.states)
    store(agent, service_id, host)
    assert agent.request("DELETE", f"/v1/services/{service_id}")[0] == 200
    assert agent.get(path_of(service_id))[0] == 404


def test_a_test_tells_the_newest_state_again(service, host):
    agent, service_id = service
    assert agent.post(f"{path_of(service_id)}/test")[0] == 404
    store(agent, service_id, host)
    status, answer = agent.post(f"{path_of(service_id)}/test")
    assert (status, answer["problem"]["what"]) == (409, "There is no commit state to tell yet")
    deploy(agent, service_id)
    wait_for(lambda: (COMMIT, "failure") in host.states)
    before = len(host.asked)
    status, told = agent.post(f"{path_of(service_id)}/test")
    assert (status, told["told"]["commit"], told["problem"]) == (200, COMMIT, None)
    assert len(host.asked) == before + 1
    host.usual = Said(503)
    status, answer = agent.post(f"{path_of(service_id)}/test")
    assert (status, "test again" in answer["problem"]["next_step"]) == (502, True)


def test_a_service_without_commits_has_no_states(service, host):
    agent, service_id = service
    settings = settings_json(source=to_json(ImageSource("nginx:1.29-alpine")))
    assert agent.request("PATCH", f"/v1/services/{service_id}", {"settings": settings})[0] == 200
    status, answer = store(agent, service_id, host)
    assert (status, "git repository" in answer["problem"]["why"]) == (400, True)
