"""What is kept of the past, and what happens where the disk or the memory is full."""

import errno
import shutil
import sqlite3
import subprocess

import pytest

from godploy_server.access import audit
from godploy_server.access.actor import owner
from godploy_server.agent import job_queue
from godploy_server.agent.history import KEPT_AUDIT_ENTRIES, KEPT_DEPLOYMENTS, trim_history
from godploy_server.agent.job_queue import JobQueue
from godploy_server.contract import DeploymentState, Trigger
from godploy_server.state import deployments, releases
from godploy_server.state.database import transaction
from godploy_server.state.exhaustion import explained
from godploy_server.state.paths import Paths
from godploy_server.state.releases import ReleaseSnapshot
from godploy_server.state.secrets import Secrets
from tests.unit.agent.conftest import RunningAgent
from tests.unit.agent.rows import NOWHERE, add_deployment, add_project, add_service, database, settings_json


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "s", tmp_path / "r")


def test_the_newest_deployments_and_those_that_can_be_rolled_back_to_stay(paths):
    service = add_service(paths, add_project(paths).id)
    with database(paths) as connection:
        with transaction(connection):
            made = []
            for _ in range(KEPT_DEPLOYMENTS + 30):
                made.append(deployments.enqueue(connection, service.id, Trigger.PUSH, "ada").deployment.id)
                deployments.finish(connection, made[-1], DeploymentState.SUCCEEDED)
            snapshot = ReleaseSnapshot(NOWHERE, {}, 1)
            secrets = Secrets(paths.secrets_key)
            releases.create(connection, secrets, service.id, made[3], "image", "sha256:1", "", "", snapshot)
            waiting = deployments.enqueue(connection, service.id, Trigger.MANUAL, "ada").deployment.id
        for each in made:
            paths.log(each).write_text("built")
        trim_history(connection, paths, service.id)
        kept = {made[3], *made[31:], waiting}
        assert set(deployments.ids_of_service(connection, service.id)) == kept
        assert {each.stem for each in paths.logs.iterdir()} == kept - {waiting}
        newer = deployments.enqueue(connection, service.id, Trigger.MANUAL, "ada").deployment
        assert newer.number == KEPT_DEPLOYMENTS + 32


def test_the_newest_audit_entries_stay(paths):
    service = add_service(paths, add_project(paths).id)
    with database(paths) as connection:
        with transaction(connection):
            for number in range(KEPT_AUDIT_ENTRIES + 5):
                audit.record(connection, owner("ada", 0), "POST", f"/{number}")
        trim_history(connection, paths, service.id)
        entries = audit.newest(connection, KEPT_AUDIT_ENTRIES * 2)
        assert (len(entries), entries[-1].target) == (KEPT_AUDIT_ENTRIES, "/5")


async def nothing(_):
    return None


@pytest.fixture
def refused_start(monkeypatch):
    def make(number, text):
        def refuse(*_):
            raise OSError(number, text)

        monkeypatch.setattr(job_queue, "start_job", refuse)

    return make


@pytest.mark.parametrize(
    ("number", "text", "why"),
    [
        (errno.ENOMEM, "Cannot allocate memory", "the server has no memory left"),
        (errno.ENOSPC, "No space left on device", "the server's disk is full"),
    ],
)
def test_a_deployment_whose_job_cannot_be_started_fails_with_the_cause(paths, refused_start, number, text, why):
    deployment = add_deployment(paths, add_service(paths, add_project(paths).id).id)
    refused_start(number, text)
    with database(paths) as connection:
        JobQueue(connection, paths, nothing, lambda _: None, lambda: True).wake()
        ended = deployments.find(connection, deployment.id)
    assert ended.state is DeploymentState.FAILED
    assert ended.problem.why == why


def test_an_end_that_cannot_be_written_is_written_as_soon_as_that_is_possible(paths, refused_start):
    deployment = add_deployment(paths, add_service(paths, add_project(paths).id).id)
    refused_start(errno.ENOSPC, "No space left on device")
    with database(paths) as connection:
        queue = JobQueue(connection, paths, nothing, lambda _: None, lambda: True)
        connection.execute("PRAGMA query_only = ON")  # every write is refused, as on a disk that can take no more
        queue.wake()
        queue.retry()
        assert deployments.find(connection, deployment.id).state is DeploymentState.QUEUED
        connection.execute("PRAGMA query_only = OFF")
        queue.retry()
        assert deployments.find(connection, deployment.id).state is DeploymentState.FAILED


def test_sqlites_own_word_for_a_full_disk_is_understood(paths):
    add_project(paths)
    with database(paths) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError) as caught, transaction(connection):
            audit.record(connection, owner("ada", 0), "POST", "/" * 10_000_000)
    assert explained("Writing", caught.value).problem.why == "the server's disk is full"


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_a_deployment_fails_with_the_cause_and_works_again_with_space(small_disk):
    agent = RunningAgent(small_disk)
    agent.docker.start()
    agent.paths = Paths(small_disk / "s", small_disk.parent / "r")
    service = add_service(agent.paths, add_project(agent.paths).id)
    agent.start()
    try:
        first = agent.post(f"/v1/services/{service.id}/deployments")[1]["id"]
        assert agent.until_final(first)["state"] == "failed"
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * shutil.disk_usage(small_disk).free)
        status, answer = agent.post(f"/v1/services/{service.id}/deployments")
        # There may be room for its row in what SQLite holds already.
        problem = agent.until_final(answer["id"])["problem"] if status == 201 else answer["problem"]
        assert "disk is full" in problem["why"]
        ballast.unlink()
        again = agent.post(f"/v1/services/{service.id}/deployments")[1]["id"]
        assert "nowhere" in agent.until_final(again)["problem"]["what"]
        assert agent.get(f"/v1/deployments/{first}")[1]["state"] == "failed"
    finally:
        agent.stop()
        agent.docker.stop()


def test_a_disk_that_fills_up_during_a_deployment_is_named_and_nothing_is_left_on_it(small_disk, tmp_path):
    repository = tmp_path / "repository"
    git = ["git", "-C", str(repository), "-c", "user.name=Ada", "-c", "user.email=ada@shop.test"]
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(repository)], check=True)
    (repository / "film").write_bytes(b"x" * (320 << 20))  # little in a pack, more than the disk when written out
    subprocess.run([*git, "add", "film"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "a film"], check=True)
    agent = RunningAgent(small_disk)
    agent.docker.start()
    agent.paths = Paths(small_disk / "s", small_disk.parent / "r")
    service = add_service(agent.paths, add_project(agent.paths).id)
    agent.start()
    try:
        source = {"kind": "git", "url": f"file://{repository}", "branch": "main"}
        changed = agent.request("PATCH", f"/v1/services/{service.id}", {"settings": settings_json(source=source)})
        assert changed[0] == 200
        before = shutil.disk_usage(small_disk).free
        ended = agent.until_final(agent.post(f"/v1/services/{service.id}/deployments")[1]["id"])
        assert ended["state"] == "failed"
        assert ended["problem"]["why"] == "the server's disk is full"
        # the cache of the repository stays, for the next time
        assert shutil.disk_usage(small_disk).free > before - (8 << 20)
        assert agent.get(f"/v1/services/{service.id}")[1]["settings"]["source"].items() >= source.items()
    finally:
        agent.stop()
        agent.docker.stop()
