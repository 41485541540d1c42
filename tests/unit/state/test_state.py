import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_server.contract import (
    BadInput,
    CertificateState,
    Conflict,
    DeploymentState,
    GitSource,
    NotReady,
    Problem,
    ServiceKind,
    ServiceSettings,
    Step,
    StepState,
    Trigger,
    Variable,
)
from godploy_server.contract.requests import ChangeSettings
from godploy_server.state import deployments, domains, projects, releases, services, settings, variables
from godploy_server.state.database import open_database, transaction
from godploy_server.state.paths import Paths
from godploy_server.state.processes import start_of
from godploy_server.state.secrets import Secrets

SETTINGS = ServiceSettings(GitSource("ssh://git@git.example.com/shop.git"))


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path / "state", tmp_path / "run")
    paths.prepare()
    return paths


@pytest.fixture
def db(paths):
    connection = open_database(paths.database)
    yield connection
    connection.close()


@pytest.fixture
def service(db):
    project = projects.create(db, "shop", "10.210.0.64/26")
    return services.create(db, project.id, "web", ServiceKind.APPLICATION, SETTINGS, "ssh-ed25519 AAAA")


def another(db, service, name):
    return services.create(db, service.project_id, name, ServiceKind.APPLICATION, SETTINGS, "")


def enqueue(db, service, trigger=Trigger.MANUAL):
    return deployments.enqueue(db, service.id, trigger, "ada").deployment


def test_a_database_of_a_newer_version_is_refused(paths):
    open_database(paths.database, (("CREATE TABLE a (x)",), ("CREATE TABLE b (x)",))).close()
    with pytest.raises(NotReady, match="number 2"):
        open_database(paths.database, (("CREATE TABLE a (x)",),))


def test_an_older_database_gets_only_the_steps_that_it_lacks(paths):
    first = ("CREATE TABLE a (x)", "INSERT INTO a VALUES (1)")
    open_database(paths.database, (first,)).close()
    connection = open_database(paths.database, (first, ("UPDATE a SET x = x + 1",)))
    assert connection.execute("SELECT x FROM a").fetchone()[0] == 2
    connection.close()


def test_a_migration_that_breaks_leaves_the_database_as_it_was(paths):
    open_database(paths.database, (("CREATE TABLE a (x)",),)).close()
    with pytest.raises(sqlite3.OperationalError):
        open_database(paths.database, (("CREATE TABLE a (x)",), ("CREATE TABLE b (x)", "NONSENSE")))
    connection = open_database(paths.database, (("CREATE TABLE a (x)",),))
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'b'").fetchone()[0] == 0
    connection.close()


def test_the_database_and_the_key_are_readable_by_their_owner_alone(paths, db, service):
    variables.change(db, Secrets(paths.secrets_key), service.id, [Variable("TOKEN", "t0p", is_secret=True)])
    assert paths.database.stat().st_mode & 0o777 == 0o600
    assert paths.secrets_key.stat().st_mode & 0o777 == 0o600
    assert paths.state_dir.stat().st_mode & 0o777 == 0o700


def test_a_transaction_that_fails_leaves_nothing(db):
    def make_and_fail():
        with transaction(db):
            projects.create(db, "shop", "10.210.0.64/26")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        make_and_fail()
    assert projects.every(db) == []


def test_names_are_unique_in_their_place(db, service):
    with pytest.raises(Conflict):
        projects.create(db, "shop", "10.210.0.128/26")
    with pytest.raises(Conflict):
        another(db, service, "web")
    other = projects.create(db, "blog", "10.210.0.128/26")
    assert services.create(db, other.id, "web", ServiceKind.APPLICATION, SETTINGS, "").name == "web"


def test_a_secret_is_never_in_the_files_and_never_read_back(paths, db, service):
    secrets = Secrets(paths.secrets_key)
    put = [Variable("TOKEN", "hunter2-hunter2", is_secret=True), Variable("MODE", "fast")]
    variables.change(db, secrets, service.id, put)
    assert variables.of_service(db, service.id) == [Variable("MODE", "fast"), Variable("TOKEN", None, is_secret=True)]
    assert variables.environment(db, secrets, service.id) == {"MODE": "fast", "TOKEN": "hunter2-hunter2"}
    deployment = enqueue(db, service)
    snapshot = releases.ReleaseSnapshot(SETTINGS, variables.environment(db, secrets, service.id), 1)
    releases.create(db, secrets, service.id, deployment.id, "godploy/x:1", "sha256:1", "c", "m", snapshot)
    assert "hunter2" not in repr(snapshot)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in paths.state_dir.rglob("*"):
        if file.is_file():
            assert b"hunter2" not in file.read_bytes(), file


def test_a_sealed_value_cannot_be_moved_to_another_name_or_service(paths):
    secrets = Secrets(paths.secrets_key)
    sealed = secrets.seal("a", "TOKEN", "value")
    assert secrets.unseal("a", "TOKEN", sealed) == "value"
    for service_id, name in (("b", "TOKEN"), ("a", "OTHER")):
        with pytest.raises(NotReady):
            secrets.unseal(service_id, name, sealed)


@given(st.text(), st.text())
def test_any_text_survives_sealing(tmp_path_factory, name, value):
    secrets = Secrets(tmp_path_factory.getbasetemp() / "any.key")
    assert secrets.unseal("s", name, secrets.seal("s", name, value)) == value


def test_a_secret_without_a_value_keeps_the_one_it_has(paths, db, service):
    secrets = Secrets(paths.secrets_key)
    variables.change(db, secrets, service.id, [Variable("TOKEN", "one", is_secret=True)])
    version = services.find(db, service.id).config_version
    variables.change(db, secrets, service.id, [Variable("TOKEN", None, is_secret=True)])
    assert variables.environment(db, secrets, service.id) == {"TOKEN": "one"}
    assert services.find(db, service.id).config_version == version
    with pytest.raises(BadInput):
        variables.change(db, secrets, service.id, [Variable("NEW", None, is_secret=True)], remove=["TOKEN"])
    assert variables.environment(db, secrets, service.id) == {"TOKEN": "one"}


def test_a_change_after_the_serving_release_needs_a_deployment(paths, db, service):
    secrets = Secrets(paths.secrets_key)
    assert not service.needs_deployment
    snapshot = releases.ReleaseSnapshot(SETTINGS, {}, service.config_version)
    releases.create(db, secrets, service.id, enqueue(db, service).id, "i", "sha256:1", "", "", snapshot)
    releases.set_serving(db, service.id, 1)
    assert not services.find(db, service.id).needs_deployment
    services.change(db, service.id, settings=SETTINGS)
    assert not services.find(db, service.id).needs_deployment
    variables.change(db, secrets, service.id, [Variable("MODE", "fast")])
    assert services.find(db, service.id).needs_deployment


def test_one_release_serves_and_numbers_are_never_given_twice(paths, db, service):
    secrets = Secrets(paths.secrets_key)
    snapshot = releases.ReleaseSnapshot(SETTINGS, {"A": "b"}, 1)
    for expected in (1, 2):
        deployment = enqueue(db, service)
        made = releases.create(db, secrets, service.id, deployment.id, "i", "sha256:1", "", "", snapshot)
        assert made.number == expected == deployments.find(db, deployment.id).release
        releases.set_serving(db, service.id, made.number)
    assert [each.is_serving for each in releases.of_service(db, service.id)] == [True, False]
    releases.delete(db, service.id, 2)
    assert releases.find(db, service.id, 2).is_serving
    releases.set_serving(db, service.id, 1)
    releases.delete(db, service.id, 2)
    assert releases.next_number(db, service.id) == 3
    assert releases.snapshot_of(db, secrets, service.id, 1) == snapshot


@pytest.mark.parametrize("path", ["shop", "/a b", "/`)", "/" + "a" * 200, "/%2e"])
def test_a_path_that_could_break_a_route_is_refused(db, service, path):
    with pytest.raises(BadInput):
        domains.create(db, service.id, "shop.example.com", path)


def test_a_route_belongs_to_one_service(db, service):
    made = domains.create(db, service.id, "Shop.Example.com.", "/api/")
    assert (made.host, made.path, made.certificate) == ("shop.example.com", "/api", CertificateState.WAITING_FOR_DNS)
    with pytest.raises(Conflict, match="web"):
        domains.create(db, another(db, service, "two").id, "shop.example.com", "/api")
    assert domains.set_certificate(db, made.id, CertificateState.VALID, "until May")
    assert not domains.set_certificate(db, made.id, CertificateState.VALID, "until May")


def test_settings_that_are_not_named_stay(db):
    settings.change(db, ChangeSettings(builds_at_once=3))
    assert settings.change(db, ChangeSettings(acme_email="ops@example.com")).builds_at_once == 3
    assert settings.instance(db) == settings.instance(db)


def test_a_second_push_replaces_the_waiting_one(db, service):
    first = enqueue(db, service)
    second = deployments.enqueue(db, service.id, Trigger.PUSH, "ada")
    assert second.superseded is not None
    assert (second.superseded.id, second.superseded.state) == (first.id, DeploymentState.SUPERSEDED)
    assert second.deployment.number == 2
    assert deployments.begin(db, second.deployment.id, 1, "x")
    third = deployments.enqueue(db, service.id, Trigger.PUSH, "ada")
    assert third.superseded is None


def test_two_jobs_cannot_take_the_same_deployment_or_the_same_service(paths, db, service):
    first = enqueue(db, service)
    other = open_database(paths.database)
    assert deployments.begin(other, first.id, 100, "a")
    assert not deployments.begin(db, first.id, 200, "b")
    assert deployments.job_of(db, first.id) == deployments.Job(first.id, 100, "a")
    second = enqueue(db, service)
    assert not deployments.begin(db, second.id, 200, "b")
    assert deployments.find(db, second.id).state is DeploymentState.QUEUED
    other.close()


def test_a_waiting_deployment_is_cancelled_at_once_and_a_running_one_is_told(db, service):
    first = enqueue(db, service)
    assert deployments.request_cancel(db, first.id).state is DeploymentState.CANCELLED
    second = enqueue(db, service)
    deployments.begin(db, second.id, 1, "x")
    marked = deployments.request_cancel(db, second.id)
    assert (marked.state, marked.is_cancelling) == (DeploymentState.RUNNING, True)
    assert deployments.is_cancelling(db, second.id)
    assert deployments.finish(db, second.id, DeploymentState.CANCELLED)
    assert not deployments.finish(db, second.id, DeploymentState.SUCCEEDED)
    assert deployments.request_cancel(db, second.id).state is DeploymentState.CANCELLED


def test_steps_are_recorded_and_an_open_one_ends_with_its_deployment(db, service):
    deployment = enqueue(db, service)
    deployments.begin(db, deployment.id, 1, "x")
    deployments.begin_step(db, deployment.id, Step.FETCH)
    deployments.end_step(db, deployment.id, Step.FETCH, StepState.DONE, "abc")
    deployments.begin_step(db, deployment.id, Step.BUILD)
    problem = Problem("deployment-failed", "The build failed", "exit code 1", "Read the log")
    deployments.finish(db, deployment.id, DeploymentState.FAILED, problem)
    found = deployments.find(db, deployment.id)
    assert [(each.step, each.state, each.detail) for each in found.steps] == [
        (Step.FETCH, StepState.DONE, "abc"),
        (Step.BUILD, StepState.FAILED, ""),
    ]
    assert found.problem == problem
    assert all(each.ended_at is not None for each in found.steps)


def test_history_is_paged_from_the_newest(db, service):
    for _ in range(7):
        enqueue(db, service)
    assert [each.number for each in deployments.of_service(db, service.id, limit=3)] == [7, 6, 5]
    assert [each.number for each in deployments.of_service(db, service.id, before=5, limit=3)] == [4, 3, 2]


def test_the_start_of_a_process_tells_it_from_none(tmp_path):
    import os

    assert start_of(os.getpid()) == start_of(os.getpid())
    assert start_of(os.getpid()) != start_of(1)
    assert start_of(2**22 + 1) is None
