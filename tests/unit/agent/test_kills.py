"""Two hundred deployments wait while the agent and its jobs are killed again and again. Needs Docker (lab).

Each deployment is a real one by a real job: a tiny image, a container that runs. Every one of them must end, once.
"""

import collections
import os
import random
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from godploy_server.contract import DeploymentState, ImageSource, Rollout, ServiceKind, ServiceSettings, Trigger
from godploy_server.state import deployments, services
from godploy_server.state.database import open_database
from tests.unit.agent.conftest import RunningAgent, wait_for
from tests.unit.agent.test_with_docker import IMAGE, docker
from tests.unit.ports import free_port

DEPLOYMENTS = 200
KILLS = 20
PROJECTS = 5  # a project's network has room for some sixty containers
AT_ONCE = 4
ENOUGH_S = 90  # on a slow machine what still waits after the kills is cancelled: that must end each one too
LONGEST_S = 400
# Nobody listens on this port: the image is found on the server, and no registry is asked two hundred times.
TINY = "127.0.0.1:9/tiny:1"
SETTINGS = ServiceSettings(
    ImageSource(TINY), port=None, command=("sleep", "3600"), rollout=Rollout(drain_s=0, settle_s=0, stop_grace_s=1)
)
ENDED = re.compile(r"^== (succeeded|failed|cancelled|interrupted) ==$", re.MULTILINE)


def pss_kib(pid):
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1])


@pytest.fixture
def agent(tmp_path):
    for image in (IMAGE, os.environ.get("GODPLOY_TRAEFIK_IMAGE", "traefik:v3.7")):
        if docker("image", "inspect", image) is None:
            pytest.skip(
                f"Docker does not answer or has no image {image}: python -m tests.lab up --local-images brings it"
            )
    docker("tag", IMAGE, TINY)
    prefix = f"godploy-test-{uuid.uuid4().hex[:8]}"
    found = RunningAgent(tmp_path, {"DOCKER_HOST": "unix:///var/run/docker.sock", "GODPLOY_PAUSE_AT": "fetch"})
    found.options = ["--prefix", prefix, "--http-port", str(free_port()), "--https-port", str(free_port())]
    found.label = f"label=godploy.instance={prefix}"
    try:
        yield found.start()
    finally:
        if found.process:
            found.stop(signal.SIGKILL)
        for job in running_jobs(found):
            end_group(job.pid)
        for container in (docker("ps", "-aq", "--filter", found.label) or "").split():
            docker("rm", "-f", container)
        for network in (docker("network", "ls", "-q", "--filter", found.label) or "").split():
            docker("network", "rm", network)
        with rows(found) as connection:
            for service in services.every(connection):
                for tag in (docker("images", "--format", "{{.Repository}}:{{.Tag}}", f"godploy/{service.id}")).split():
                    docker("rmi", tag)
        docker("rmi", TINY)


class rows:  # noqa: N801  reads as what it gives
    """The rows beside the running agent."""

    def __init__(self, agent):
        self._connection = open_database(agent.paths.database)

    def __enter__(self):
        return self._connection

    def __exit__(self, *_):
        self._connection.close()


def running_jobs(agent):
    with rows(agent) as connection:
        found = deployments.in_state(connection, DeploymentState.RUNNING)
        return [job for each in found if (job := deployments.job_of(connection, each.id))]


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def make_services(agent):
    projects = []
    for number in range(PROJECTS):
        status, project = agent.post("/v1/projects", {"name": f"night{number}"})
        assert status == 201, project
        projects.append(project["id"])
    with rows(agent) as connection:
        return [
            services.create(
                connection, projects[number % PROJECTS], f"worker{number}", ServiceKind.IMAGE, SETTINGS, ""
            ).id
            for number in range(DEPLOYMENTS)
        ]


def deploy(agent, service_id):
    status, answer = agent.post(f"/v1/services/{service_id}/deployments")
    assert status == 201, answer
    return answer["id"]


def release_memory(agent, known):
    """Remove the containers of services whose deployment ended: they have shown that they run."""
    with rows(agent) as connection:
        ended = {each for each in known if deployments.of_service(connection, each)[0].state.is_final}
    listed = docker("ps", "--filter", agent.label, "--format", '{{.ID}} {{.Label "godploy.service"}}') or ""
    done = [line.split()[0] for line in listed.splitlines() if line.split()[-1] in ended]
    if len(done) > 40:
        subprocess.run(["docker", "rm", "-f", *done], capture_output=True, check=False)


@pytest.mark.lab
@pytest.mark.timeout(LONGEST_S + 120)
def test_two_hundred_waiting_deployments_survive_twenty_kills_and_each_ends_once(agent):
    chance = random.Random(4)
    known = make_services(agent)
    agent.request("PATCH", "/v1/settings", {"builds_at_once": AT_ONCE})
    wait_for(lambda: agent.get("/v1/info")[1]["docker_version"])
    before = pss_kib(agent.process.pid)
    asked = [deploy(agent, each) for each in known]
    wait_for(lambda: len(running_jobs(agent)) == AT_ONCE)  # they stand still at fetch, so the others wait
    assert len(agent.get("/v1/queue")[1]) == DEPLOYMENTS
    waiting = pss_kib(agent.process.pid)
    agent.environment.pop("GODPLOY_PAUSE_AT")

    began, kills = time.monotonic(), collections.Counter()
    while True:
        with rows(agent) as connection:
            left = sum(not deployments.is_final(connection, each) for each in asked)
        if not left:
            break
        assert time.monotonic() - began < LONGEST_S, f"{left} of {DEPLOYMENTS} have not ended"
        if kills.total() < KILLS:
            chosen = chance.choice(["agent", "job", "both"]) if kills.total() > 1 else "both"
            jobs = running_jobs(agent)
            if chosen in ("agent", "both"):
                agent.stop(signal.SIGKILL)
            if chosen in ("job", "both"):
                for job in jobs if not kills else chance.sample(jobs, min(len(jobs), 1)):
                    end_group(job.pid)
            kills[chosen] += 1
            if agent.process is None:
                agent.start()
        elif time.monotonic() - began > ENOUGH_S:
            for each in agent.get("/v1/queue")[1]:
                agent.post(f"/v1/deployments/{each['id']}/cancel")
        release_memory(agent, known)
        time.sleep(chance.uniform(0.2, 2.5))

    with rows(agent) as connection:
        ended = {each: deployments.find(connection, each) for each in asked}
    states = collections.Counter(each.state.value for each in ended.values())
    print(
        f"\n{DEPLOYMENTS} deployments, {kills.total()} kills {dict(kills)}: {dict(states)} "
        f"in {time.monotonic() - began:.0f} s; agent {before} KiB PSS idle, {waiting} KiB with all waiting"
    )
    assert kills.total() == KILLS
    assert set(states) <= {"succeeded", "interrupted", "cancelled"}
    assert states["succeeded"] > 20
    assert states["interrupted"] <= KILLS + AT_ONCE
    logs = {each.id: agent.paths.log(each.id).read_text() for each in ended.values() if each.started_at}
    # one whose job was killed before its first word was taken too, and says that it was interrupted
    least = {each.id: int(each.state is DeploymentState.SUCCEEDED) for each in ended.values()}
    assert [each for each, log in logs.items() if not least[each] <= log.count("== fetch ==") <= 1] == [], "taken once"
    twice = [each for each, log in logs.items() if len(ENDED.findall(log)) > 1]
    assert twice == [], "each ended once"
    assert agent.get("/v1/queue")[1] == []
    assert waiting - before < 4096, "what waits is rows, not memory"
    lost = [each for each in ended.values() if each.state is DeploymentState.INTERRUPTED]
    again = [deploy(agent, each.service_id) for each in lost[:3]]
    assert [agent.until_final(each)["state"] for each in again] == ["succeeded"] * len(again)
    assert all(each.trigger is Trigger.MANUAL for each in ended.values())
