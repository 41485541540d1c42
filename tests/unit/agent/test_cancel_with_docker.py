"""How long a cancel takes at each step, and what it leaves: nothing. Needs Docker (lab)."""

import subprocess
import time

import pytest

from godploy_server.contract import GitSource, HealthCheck, Rollout, ServiceKind, ServiceSettings
from godploy_server.state import services
from godploy_server.state.processes import start_of
from tests.unit.agent.conftest import wait_for
from tests.unit.agent.rows import database
from tests.unit.agent.test_queue import deploy, job_of
from tests.unit.agent.test_with_docker import agent, docker  # noqa: F401  the fixture

HANGS_S = 10.0  # it takes less than two; a machine that does much besides needs longer, and that is no fault
SLOW = "297.5"  # seconds that no other program here sleeps
WORKER = 'FROM busybox\nCMD ["sleep", "3600"]\n'
SLOW_BUILD = f"FROM busybox\nRUN sleep {SLOW}\n"
NEVER_HEALTHY = ServiceSettings(
    GitSource(""), port=None, health=HealthCheck(timeout_s=60, command=("false",)), rollout=Rollout(0, 1)
)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)

    def commit(dockerfile):
        (folder / "Dockerfile").write_text(dockerfile)
        git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@shop.test"]
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "a change"], check=True)

    commit.url = f"file://{folder}"
    return commit


def sleepers():
    return subprocess.run(["pgrep", "-f", f"sleep {SLOW}"], capture_output=True, text=True, check=False).stdout.split()


def wait_until_gone(job):
    wait_for(lambda: start_of(job.pid) is None, 5)


def begin(agent, service, step, pause_at=""):  # noqa: F811  the fixture's value
    """Deploy up to a step; with `pause_at` its job stands still there."""
    agent.stop()
    agent.environment["GODPLOY_PAUSE_AT"] = pause_at
    agent.start()
    deployment_id = deploy(agent, service)

    def is_there():
        found = agent.get(f"/v1/deployments/{deployment_id}")[1]
        assert found["state"] in ("queued", "running"), found
        return found["steps"] and found["steps"][-1]["step"] == step

    wait_for(is_there)
    return deployment_id


@pytest.mark.lab
def test_a_cancel_ends_at_once_at_every_step_and_leaves_nothing(agent, repository):  # noqa: F811
    project = agent.post("/v1/projects", {"name": "shop"})[1]
    with database(agent.paths) as connection:
        settings = ServiceSettings(GitSource(repository.url), port=None, rollout=Rollout(0, 1))
        service = services.create(connection, project["id"], "web", ServiceKind.APPLICATION, settings, "").id
    repository(WORKER)
    first = agent.until_final(deploy(agent, service))
    assert first["state"] == "succeeded", first
    label = f"label=godploy.service={service}"
    kept = (docker("ps", "-aq", "--filter", label), docker("images", "-q", f"godploy/{service}"))
    took = {}
    for step in ("queued", "fetch", "build", "start", "probe"):
        if step == "queued":
            running = begin(agent, service, "fetch", pause_at="fetch")
            cancelled = deploy(agent, service)
        elif step == "build":
            repository(SLOW_BUILD)
            cancelled = begin(agent, service, step)
            wait_for(sleepers)
        else:
            repository(f"{WORKER}LABEL step={step}\n")
            if step == "probe":
                unhealthy = ServiceSettings(
                    GitSource(repository.url), port=None, health=NEVER_HEALTHY.health, rollout=NEVER_HEALTHY.rollout
                )
                with database(agent.paths) as connection:
                    services.change(connection, service, settings=unhealthy)
            cancelled = begin(agent, service, step, pause_at="" if step == "probe" else step)
        job = job_of(agent, cancelled)
        began = time.monotonic()
        assert agent.post(f"/v1/deployments/{cancelled}/cancel")[0] == 200
        while (ended := agent.get(f"/v1/deployments/{cancelled}")[1])["state"] in ("queued", "running"):
            time.sleep(0.02)
        took[step] = time.monotonic() - began
        assert ended["state"] == "cancelled"
        if step == "queued":
            agent.post(f"/v1/deployments/{running}/cancel")
            agent.until_final(running)
            continue
        wait_until_gone(job)
        wait_for(lambda: not sleepers(), 5)
        assert (docker("ps", "-aq", "--filter", label), docker("images", "-q", f"godploy/{service}")) == kept
        assert not agent.paths.build(cancelled).exists()
        assert agent.get(f"/v1/services/{service}")[1]["state"] == "running"
    print("\ncancel: " + ", ".join(f"{step} {seconds:.2f} s" for step, seconds in took.items()))
    assert max(took.values()) < HANGS_S, took
