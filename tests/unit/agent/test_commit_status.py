"""The server tells a git host what becomes of commits: with a real agent, and a real host on loopback."""

import json

import pytest

from godploy_server.contract import DeploymentState, Trigger
from godploy_server.state import deployments
from tests.unit.agent.conftest import wait_for
from tests.unit.agent.fake_git_host import FakeGitHost, Said
from tests.unit.agent.rows import add_project, add_service, database

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


def store(agent, service_id, host, **changes):
    wanted = {"host": "gitea", "api": host.address, "repository": "team/shop", "token": TOKEN, **changes}
    return agent.post(f"/v1/services/{service_id}/commit-status", wanted)


def writer(agent, service_id):
    return agent.get(f"/v1/services/{service_id}/commit-status")[1]


def deploy(agent, service_id, commit=COMMIT):
    """Ask for a deployment whose fetch fails at once: its repository does not exist."""
    status, deployment = agent.post(f"/v1/services/{service_id}/deployments", {"commit": commit})
    assert status == 201, deployment
    return agent.until_final(deployment["id"])


def test_a_deployment_is_told_from_its_beginning_to_its_end_once(service, host):
    agent, service_id = service
    assert agent.get(f"/v1/services/{service_id}/commit-status")[0] == 404
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
