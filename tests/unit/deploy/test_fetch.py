"""FETCH against real repositories: on this machine, and over a real sshd on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from godploy_server.contract import (
    DeploymentFailed,
    GitSource,
    GodployError,
    ServiceId,
    ServiceKind,
    ServiceSettings,
    Trigger,
    Unreachable,
)
from godploy_server.deploy.attempt import Attempt
from godploy_server.deploy.git_hosts import trusted
from godploy_server.deploy.git_hosts.shipped import SHIPPED
from godploy_server.deploy.keys import ensure_deploy_key
from godploy_server.deploy.steps import fetch
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, projects, services
from tests.unit.deploy.conftest import free_port, git, make_engine, run
from tests.unit.deploy.ssh_host import SshHost


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for number in range(3):
        (folder / "version").write_text(str(number))
        git(folder, "add", ".")
        git(folder, "commit", "-m", f"number {number}\n\nmore words")
    return folder


def attempt_for(engine: Engine, url: str, *, branch: str = "main", commit: str = "") -> Attempt:
    found = projects.every(engine.connection)
    project = found[0] if found else projects.create(engine.connection, "market", "10.210.0.64/26")
    known = services.every(engine.connection)
    settings = ServiceSettings(GitSource(url, branch))
    if known:
        service = services.change(engine.connection, known[0].id, settings=settings)
    else:
        key = ensure_deploy_key(engine.paths, ServiceId("5e41ce"), "shop")
        service = services.create(
            engine.connection, project.id, "shop", ServiceKind.APPLICATION, settings, key, ServiceId("5e41ce")
        )
    row = deployments.enqueue(engine.connection, service.id, Trigger.MANUAL, "robin", commit=commit).deployment
    return Attempt.load(engine, row.id)


def fetched(engine: Engine, url: str, *, branch: str = "main", commit: str = "") -> Attempt:
    attempt = attempt_for(engine, url, branch=branch, commit=commit)
    try:
        run(fetch.FETCH.run(attempt))
    finally:
        attempt.log.close()
    return attempt


def refusal(engine: Engine, url: str, *, branch: str = "main", commit: str = "") -> GodployError:
    with pytest.raises(GodployError) as raised:
        fetched(engine, url, branch=branch, commit=commit)
    return raised.value


def test_the_newest_commit_is_fetched_alone_and_its_files_hold_no_repository(engine: Engine, repository: Path) -> None:
    attempt = fetched(engine, f"file://{repository}")
    assert (attempt.source_folder / "version").read_text() == "2"
    assert [each.name for each in attempt.source_folder.iterdir()] == ["version"]
    row = deployments.find(engine.connection, attempt.deployment.id)
    assert row.commit == git(repository, "rev-parse", "HEAD")
    assert (row.commit_message, row.commit_author) == ("number 2", "Robin")
    cache = engine.paths.git(attempt.service.id)
    assert git(cache, "rev-list", "--count", "refs/godploy/fetched") == "1"


def test_the_next_fetch_brings_the_next_commit_and_drops_files_that_went(engine: Engine, repository: Path) -> None:
    fetched(engine, f"file://{repository}")
    git(repository, "mv", "version", "renamed")
    git(repository, "commit", "-m", "renamed")
    attempt = fetched(engine, f"file://{repository}")
    assert [each.name for each in attempt.source_folder.iterdir()] == ["renamed"]


def test_a_forced_push_is_no_obstacle(engine: Engine, repository: Path) -> None:
    fetched(engine, f"file://{repository}")
    git(repository, "reset", "--hard", "HEAD~2")
    (repository / "version").write_text("other")
    git(repository, "commit", "-am", "other")
    assert (fetched(engine, f"file://{repository}").source_folder / "version").read_text() == "other"


@pytest.mark.parametrize("length", [40, 9])
def test_an_older_commit_is_fetched_by_its_whole_or_short_hash(engine: Engine, repository: Path, length: int) -> None:
    fetched(engine, f"file://{repository}")
    commit = git(repository, "rev-parse", "HEAD~2")
    attempt = fetched(engine, f"file://{repository}", commit=commit[:length])
    assert (attempt.source_folder / "version").read_text() == "0"
    assert attempt.deployment.commit == commit


def test_a_commit_that_does_not_exist_is_named(engine: Engine, repository: Path) -> None:
    problem = refusal(engine, f"file://{repository}", commit="0123456789" * 4).problem
    assert "0123456789" in problem.what


def test_a_missing_branch_is_named(engine: Engine, repository: Path) -> None:
    problem = refusal(engine, f"file://{repository}", branch="release").problem
    assert problem.what == "The repository has no branch “release”"


def test_a_system_agent_reads_local_repositories_of_its_samples_alone(tmp_path: Path, repository: Path) -> None:
    engine = make_engine(tmp_path, is_embedded=False)
    try:
        assert refusal(engine, f"file://{repository}").code == "bad-input"
        samples = engine.paths.state_dir / "samples"
        samples.mkdir()
        shutil.copytree(repository, samples / "hello")
        assert (fetched(engine, f"file://{samples}/hello").source_folder / "version").read_text() == "2"
    finally:
        engine.close()


def test_a_private_repository_opens_with_the_services_own_key(
    engine: Engine, repository: Path, ssh_host: SshHost
) -> None:
    ssh_host.trust(engine)
    error = refusal(engine, ssh_host.url(repository))
    key = services.every(engine.connection)[0].deploy_key
    assert isinstance(error, DeploymentFailed)
    assert key in error.problem.next_step

    ssh_host.allow(key)
    attempt = fetched(engine, ssh_host.url(repository))

    assert (attempt.source_folder / "version").read_text() == "2"
    assert engine.paths.deploy_key(attempt.service.id).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("over", ["file", "ssh"])
def test_the_commit_of_an_annotated_tag_that_no_branch_has_is_fetched(
    engine: Engine, repository: Path, ssh_host: SshHost, over: str
) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    (repository / "version").write_text("released")
    git(repository, "commit", "--quiet", "-a", "-m", "release")
    tagged = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "-m", "words", "v1.1")
    git(repository, "checkout", "--quiet", "main")
    url = f"file://{repository}"
    if over == "ssh":  # this sshd lets nobody ask for git's protocol 2: the host hands out ends of refs alone
        url = ssh_host.url(repository)
        ssh_host.trust(engine)
        ssh_host.allow(ensure_deploy_key(engine.paths, ServiceId("5e41ce"), "shop"))
    for wanted in (tagged, git(repository, "rev-parse", "v1.1")):
        attempt = fetched(engine, url, commit=wanted)
        assert (attempt.source_folder / "version").read_text() == "released"
        assert deployments.find(engine.connection, attempt.deployment.id).commit == tagged


def test_a_git_host_that_does_not_answer_is_named(engine: Engine, repository: Path) -> None:
    port = free_port()
    trusted.trust(engine, f"[127.0.0.1]:{port}", f"{SHIPPED[0].key_type} {SHIPPED[0].key}", "ada")
    error = refusal(engine, f"ssh://git@127.0.0.1:{port}{repository}")
    assert isinstance(error, Unreachable)
    assert "Connection refused" in error.problem.why


def test_what_a_killed_git_left_behind_is_not_in_the_way(engine: Engine, repository: Path) -> None:
    attempt = fetched(engine, f"file://{repository}")
    cache = engine.paths.git(attempt.service.id)
    (cache / "shallow.lock").touch()
    half = cache / "objects" / "pack" / "tmp_pack_x"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half")
    fetched(engine, f"file://{repository}")
    assert not half.exists()
