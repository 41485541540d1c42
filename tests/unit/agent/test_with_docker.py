"""The agent on a real Docker: a worker is deployed, watched, crashes, is stopped and removed. Needs Docker (lab)."""

import json
import os
import shutil
import subprocess
import uuid

import pytest

from tests.unit.agent.conftest import RunningAgent, wait_for
from tests.unit.ports import free_port

IMAGE = "busybox:latest"
PROGRAM = ("sh", "-c", "trap 'exit 3' TERM; i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done")


def docker(*arguments):
    if shutil.which("docker") is None:
        return None
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


@pytest.fixture
def agent(tmp_path):
    for image in (IMAGE, os.environ.get("GODPLOY_TRAEFIK_IMAGE", "traefik:v3.7")):
        if docker("image", "inspect", image) is None:
            pytest.skip(
                f"Docker does not answer or has no image {image}: python -m tests.lab up --local-images brings it"
            )
    prefix = f"godploy-test-{uuid.uuid4().hex[:8]}"
    found = RunningAgent(tmp_path, {"DOCKER_HOST": "unix:///var/run/docker.sock"})
    found.options = ["--prefix", prefix, "--http-port", str(free_port()), "--https-port", str(free_port())]
    try:
        yield found.start()
    finally:
        if found.process:
            found.stop()
        label = f"label=godploy.instance={prefix}"
        for container in (docker("ps", "-aq", "--filter", label) or "").split():
            docker("rm", "-f", container)
        for network in (docker("network", "ls", "-q", "--filter", label) or "").split():
            docker("network", "rm", network)
        for volume in (docker("volume", "ls", "-q", "--filter", label) or "").split():
            docker("volume", "rm", volume)


def state_of(agent, service_id):
    return agent.get(f"/v1/services/{service_id}")[1]["state"]


@pytest.mark.lab
def test_a_worker_lives_its_whole_life(agent):
    status, project = agent.post("/v1/projects", {"name": "night"})
    assert status == 201, project
    settings = {"source": {"kind": "image", "image": IMAGE}, "port": None, "command": list(PROGRAM)}
    settings["rollout"] = {"drain_s": 0, "settle_s": 1}
    body = {"project_id": project["id"], "name": "worker", "kind": "image", "settings": settings}
    status, service = agent.post("/v1/services", body)
    assert status == 201, service
    path = f"/v1/services/{service['id']}"
    ended = agent.until_final(agent.post(f"{path}/deployments")[1]["id"])
    assert ended["state"] == "succeeded", ended
    assert state_of(agent, service["id"]) == "running"
    assert [each["is_serving"] for each in agent.get(f"{path}/releases")[1]] == [True]

    connection, answer = agent.stream(f"{path}/logs?tail=3&follow=1")
    lines = [json.loads(answer.readline()) for _ in range(10)]
    numbers = [int(each["text"].split()[1]) for each in lines]
    assert numbers == list(range(numbers[0], numbers[0] + 10))
    assert {each["container"] for each in lines} == {"r1-1"}

    events = agent.events()
    load = events.next("metrics")
    while not load["service_metrics"]:
        load = events.next("metrics")
    assert load["service_metrics"][0]["memory_bytes"] > 0

    name = docker("ps", "--filter", f"label=godploy.service={service['id']}", "--format", "{{.Names}}")
    docker("exec", name, "sh", "-c", "kill -TERM 1")
    assert next_state(events, "crashed")["containers_running"] == 0
    wait_for(lambda: state_of(agent, service["id"]) == "running")  # Docker restarts it; it must hold for a while first
    later = json.loads(answer.readline())
    while later["text"] != "line 1":
        later = json.loads(answer.readline())  # the same stream goes on with the restarted program
    connection.close()

    assert agent.post(f"{path}/stop")[1]["state"] == "stopped"
    assert agent.post(f"{path}/start")[1]["state"] in ("running", "starting")
    removed = agent.request("DELETE", path)[1]
    assert name in removed["containers"]
    assert events.next("service-removed")["service_id"] == service["id"]
    assert agent.request("DELETE", f"/v1/projects/{project['id']}")[0] == 200
    assert docker("ps", "-aq", "--filter", f"label=godploy.service={service['id']}") == ""
    events.close()


def next_state(events, state):
    """The next service event with that state; on a busy machine others may come before it."""
    while (found := events.next("service")["service"])["state"] != state:
        pass
    return found


@pytest.mark.lab
def test_a_program_that_answers_with_errors_makes_its_service_unhealthy_until_it_recovers(agent):
    project = agent.post("/v1/projects", {"name": "day"})[1]
    program = ["sh", "-c", "mkdir /www && echo ok >/www/ok && exec httpd -f -p 8080 -h /www"]
    settings = {"source": {"kind": "image", "image": IMAGE}, "command": program, "health": {"path": "/ok"}}
    settings["rollout"] = {"drain_s": 0, "settle_s": 1}
    body = {"project_id": project["id"], "name": "web", "kind": "image", "settings": settings}
    path = f"/v1/services/{agent.post('/v1/services', body)[1]['id']}"
    assert agent.until_final(agent.post(f"{path}/deployments")[1]["id"])["state"] == "succeeded"
    name = docker("ps", "--filter", f"label=godploy.service={path[-12:]}", "--format", "{{.Names}}")
    events = agent.events()
    events.next()
    docker("exec", name, "rm", "/www/ok")
    sick = next_state(events, "unhealthy")
    assert sick["containers_running"] == 1
    assert "GET /ok gave 404" in sick["state_detail"]
    docker("exec", name, "touch", "/www/ok")
    next_state(events, "running")
    events.close()


@pytest.mark.lab
def test_after_a_rollback_the_log_holds_no_line_of_the_other_release_and_none_twice(agent):
    project = agent.post("/v1/projects", {"name": "dusk"})[1]
    program = ["sh", "-c", "trap 'exit 0' TERM; echo began $GODPLOY_RELEASE; while true; do sleep 0.1; done"]
    settings = {"source": {"kind": "image", "image": IMAGE}, "port": None, "command": program}
    settings["rollout"] = {"drain_s": 0, "settle_s": 1}
    body = {"project_id": project["id"], "name": "worker", "kind": "image", "settings": settings}
    path = f"/v1/services/{agent.post('/v1/services', body)[1]['id']}"
    for _ in range(2):
        assert agent.until_final(agent.post(f"{path}/deployments")[1]["id"])["state"] == "succeeded"
    connection, answer = agent.stream(f"{path}/logs?tail=5&follow=1")
    assert json.loads(answer.readline())["text"] == "began 2"
    assert agent.until_final(agent.post(f"{path}/rollback", {"release": 1})[1]["id"])["state"] == "succeeded"
    assert json.loads(answer.readline())["text"] == "began 1"  # followed since its new start: not its line of long ago
    agent.stop()
    assert answer.readline() == b""  # nothing else came
    connection.close()
    agent.start()
    wait_for(lambda: agent.get(f"{path}/logs?tail=0&follow=0")[0] == 200)  # Docker is asked first
    past = agent.get(f"{path}/logs?tail=5&follow=0")[1]
    assert [json.loads(line)["text"] for line in past.splitlines()] == ["began 1", "began 1"]
