"""Whole deployments by real job processes on a real Docker, with a real Traefik in front."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection, HTTPException

import pytest

from godploy_server.contract import (
    ChangeSettings,
    Conflict,
    DeploymentState,
    GodployError,
    ImageSource,
    Limits,
    ServiceSettings,
    Step,
    StepState,
    Variable,
)
from godploy_server.deploy import lifecycle
from godploy_server.deploy.job import NOT_TAKEN, run_job
from godploy_server.deploy.recovery import recover
from godploy_server.ingress.http_get import http_get
from godploy_server.ingress.switch import apply_domains
from godploy_server.ingress.traefik import ensure_traefik
from godploy_server.runtime.images import image_tags
from godploy_server.runtime.networks import find_network
from godploy_server.runtime.release_containers import containers_of, remove_containers
from godploy_server.state import deployments, domains, projects, releases, services, settings, variables
from tests.unit.deploy.conftest import HOST, Shop, run

pytestmark = pytest.mark.lab

STEPS = ["fetch", "build", "release", "start", "probe", "switch", "drain", "settle"]


def test_a_deployment_serves_the_pushed_version_and_keeps_the_old_one_to_go_back_to(shop: Shop) -> None:
    commit = shop.push("one")
    first = shop.deploy()
    shop.push("two")
    second = shop.deploy()

    assert (first.state, second.state) == (DeploymentState.SUCCEEDED, DeploymentState.SUCCEEDED), shop.log(second)
    assert [each.step.value for each in second.steps] == STEPS
    assert all(each.state is StepState.DONE and each.ended_at for each in second.steps)
    assert (first.commit, first.commit_message, first.commit_author) == (commit, "version one", "Robin")
    assert shop.get().body == b"two"
    prefix = shop.engine.instance.prefix
    assert shop.containers(is_running=True) == [f"{prefix}-market-shop-r2-1"]
    assert shop.containers(is_running=False) == [f"{prefix}-market-shop-r1-1"]
    assert [line for line in shop.log(second).splitlines() if line.startswith("== ")] == [
        *(f"== {each} ==" for each in STEPS),
        "== succeeded ==",
    ]
    assert not shop.engine.paths.build(second.id).exists()


def test_a_rollback_builds_nothing_and_starts_the_kept_containers(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    shop.push("two")
    shop.deploy()
    kept = shop.containers(is_running=False)

    back = shop.deploy(release=1)

    assert back.state is DeploymentState.SUCCEEDED
    assert [each.step.value for each in back.steps] == STEPS[3:]
    assert shop.get().body == b"one"
    assert shop.containers(is_running=True) == kept


def test_a_rollback_brings_back_the_variables_of_its_time(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    engine, service = shop.engine, shop.service
    variables.change(engine.connection, engine.secrets, service.id, [Variable("COLOUR", "green")])
    shop.deploy()
    run(
        lifecycle.remove_containers(engine.docker, run(lifecycle.containers_of(engine.docker, engine.name(service), 1)))
    )

    shop.deploy(release=1)

    inspected = run(engine.docker.request("GET", f"/containers/{shop.containers(is_running=True)[0]}/json"))
    assert not any(line.startswith("COLOUR=") for line in inspected["Config"]["Env"])
    assert "GODPLOY_RELEASE=1" in inspected["Config"]["Env"]


@pytest.mark.parametrize(("version", "word"), [("broken", "exit code 1"), ("sick", "not healthy within 3 s")])
def test_a_version_that_never_gets_healthy_fails_with_its_last_words_and_the_old_one_serves(
    shop: Shop, version: str, word: str
) -> None:
    shop.push("one")
    shop.deploy()
    engine, service = shop.engine, shop.service
    variables.change(engine.connection, engine.secrets, service.id, [Variable("PASSWORD", "open-sesame-42", True)])
    shop.change(lambda before: replace(before, health=replace(before.health, timeout_s=3 if version == "sick" else 60)))
    shop.push(version)

    began = time.monotonic()
    failed = shop.deploy()

    assert failed.state is DeploymentState.FAILED
    assert failed.problem is not None
    assert word in failed.problem.why
    assert failed.steps[-1].state is StepState.FAILED
    assert shop.get().body == b"one"
    assert "open-sesame-42" not in shop.log(failed)
    if version == "broken":
        assert "no database here" in failed.problem.why
        assert "no database here" in shop.log(failed)
        assert time.monotonic() - began < 45, "a crash loop must be noticed before the 60 s have passed"
    else:
        assert "the password is [REDACTED]" in shop.log(failed)
    assert len(shop.containers(is_running=True)) == 1
    assert shop.containers(is_running=False) == []
    assert [each.number for each in releases.of_service(engine.connection, service.id)] == [1]


def test_a_dockerfile_that_does_not_build_fails_with_the_builders_words(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    (shop.repository / "Dockerfile").write_text("FROM python:3.12-slim\nRUN echo too bad && exit 7\n")
    shop.push("two")

    failed = shop.deploy()

    assert failed.state is DeploymentState.FAILED
    assert failed.steps[-1].step is Step.BUILD
    assert failed.problem is not None
    assert "7" in failed.problem.why
    assert "too bad" in shop.log(failed)
    assert shop.get().body == b"one"


@pytest.mark.parametrize("step", ["fetch", "build", "start", "probe"])
def test_a_cancelled_deployment_ends_within_two_seconds_and_leaves_the_old_one_untouched(shop: Shop, step: str) -> None:
    shop.push("one")
    shop.deploy()
    before = shop.containers(is_running=True)
    if step == "build":
        (shop.repository / "Dockerfile").write_text("FROM python:3.12-slim\nRUN sleep 60\n")
    shop.push("sick" if step == "probe" else "two")
    row, job = shop.begin(pause_at=step if step in ("fetch", "start") else "")
    shop.await_step(row, Step(step))
    time.sleep(1 if step in ("build", "probe") else 0)

    began = time.monotonic()
    job.send_signal(signal.SIGTERM)
    job.wait(30)
    took = time.monotonic() - began

    assert shop.last().state is DeploymentState.CANCELLED
    assert took < 2.5
    assert shop.get().body == b"one"
    assert shop.containers(is_running=True) == before
    assert shop.containers(is_running=False) == []
    assert not shop.engine.paths.build(row.id).exists()


@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_at_any_step_the_old_or_the_new_release_serves_and_the_history_says_which(
    shop: Shop, step: str
) -> None:
    shop.push("one")
    shop.deploy()
    shop.push("two")
    row, job = shop.begin(pause_at=step)
    shop.await_step(row, Step(step))
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    assert shop.get().status == 200

    assert run(recover(shop.engine, lambda _: False)) == [row.id]
    assert not shop.engine.paths.build(row.id).exists()

    ended = shop.last()
    answer = shop.get()
    assert answer.status == 200
    if STEPS.index(step) < STEPS.index("switch"):
        assert (ended.state, answer.body) == (DeploymentState.INTERRUPTED, b"one")
        assert ended.problem is not None
        assert "release 1 serves" in ended.problem.why
        assert shop.containers(is_running=False) == []
    else:
        assert (ended.state, answer.body) == (DeploymentState.SUCCEEDED, b"two")
        assert len(shop.containers(is_running=False)) == 1
    assert len(shop.containers(is_running=True)) == 1
    serving = [each.number for each in releases.of_service(shop.engine.connection, row.service_id) if each.is_serving]
    assert serving == [1 if answer.body == b"one" else 2]


def test_a_release_that_vanishes_after_the_switch_gives_way_to_the_old_one(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    shop.push("two")
    row, job = shop.begin(pause_at="settle")
    shop.await_step(row, Step.SETTLE)
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    name = shop.engine.name(shop.service)
    run(remove_containers(shop.engine.docker, run(containers_of(shop.engine.docker, name, 2))))

    run(recover(shop.engine, lambda _: False))

    assert shop.last().state is DeploymentState.INTERRUPTED
    assert shop.get().body == b"one"


def test_recovery_leaves_a_deployment_whose_job_lives(shop: Shop) -> None:
    shop.push("one")
    row, _ = shop.begin(pause_at="build")
    shop.await_step(row, Step.BUILD)

    assert run(recover(shop.engine, lambda _: True)) == []

    assert shop.last().state is DeploymentState.RUNNING


def test_a_job_does_not_take_a_deployment_that_is_not_queued(shop: Shop) -> None:
    shop.push("one")
    done = shop.deploy()
    assert run_job(shop.engine.paths, done.id) == NOT_TAKEN


def test_visitors_lose_nothing_while_releases_replace_each_other(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    stop, lost, sent = threading.Event(), [], [0]

    def visit(method: str, path: str, keep: bool) -> None:
        connection = HTTPConnection("127.0.0.1", shop.engine.instance.http_port, timeout=10)
        while not stop.is_set():
            try:
                connection.request(method, path, headers={"Host": HOST}, body=b"x" if method == "POST" else None)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    lost.append(f"{method} {path}: {answer.status}")
            except (OSError, HTTPException) as error:
                lost.append(f"{method} {path}: {error!r}")
                connection.close()
            sent[0] += 1
            if not keep:
                connection.close()
            time.sleep(0.005)
        connection.close()

    visitors = [
        threading.Thread(target=visit, args=each)
        for each in (("POST", "/", True), ("POST", "/", False), ("GET", "/slow", True), ("POST", "/slow", False))
    ]
    for each in visitors:
        each.start()
    try:
        shop.push("two")
        shop.deploy()
        shop.deploy(release=1)
        shop.deploy(release=2)
    finally:
        stop.set()
        for each in visitors:
            each.join()
    assert sent[0] > 200
    assert lost == []


def test_several_replicas_are_each_probed_and_all_serve(shop: Shop) -> None:
    shop.change(lambda before: replace(before, replicas=2, limits=Limits(memory_bytes=96 << 20, cpus=0.5)))
    shop.push("one")
    assert shop.deploy().state is DeploymentState.SUCCEEDED
    assert len(shop.containers(is_running=True)) == 2
    inspected = run(shop.engine.docker.request("GET", f"/containers/{shop.containers(is_running=True)[0]}/json"))
    assert inspected["HostConfig"]["Memory"] == 96 << 20


def test_a_worker_without_a_port_succeeds_when_it_keeps_running_and_fails_when_it_ends(shop: Shop) -> None:
    def worker(*command: str) -> Callable[[ServiceSettings], ServiceSettings]:
        return lambda before: replace(
            before, source=ImageSource("python:3.12-slim"), port=None, command=("python", "-c", *command)
        )

    shop.change(worker("import time; time.sleep(600)"))
    assert shop.deploy().state is DeploymentState.SUCCEEDED
    shop.change(worker("print('nothing to do')"))
    failed = shop.deploy()
    assert failed.state is DeploymentState.FAILED
    assert failed.problem is not None
    assert "nothing to do" in failed.problem.why
    assert len(shop.containers(is_running=True)) == 1


def test_a_stopped_service_answers_503_and_starts_and_restarts_with_its_release(shop: Shop) -> None:
    shop.push("one")
    with pytest.raises(Conflict):
        run(lifecycle.start_service(shop.engine, shop.service.id))
    shop.deploy()

    run(lifecycle.stop_service(shop.engine, shop.service.id))
    assert shop.get().status == 503
    assert shop.containers(is_running=True) == []
    assert services.find(shop.engine.connection, shop.service.id).is_stopped

    run(lifecycle.start_service(shop.engine, shop.service.id))
    assert shop.get().body == b"one"
    run(lifecycle.restart_service(shop.engine, shop.service.id))
    assert shop.get().body == b"one"


def test_a_new_domain_takes_effect_at_once(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()

    def status(path: str) -> int:
        return run(http_get("127.0.0.1", shop.engine.instance.http_port, path, host="second.test")).status

    added = domains.create(shop.engine.connection, shop.service.id, "second.test", "/part", tls=False)
    run(apply_domains(shop.engine, shop.service.id))
    assert [status(path) for path in ("/part/", "/part/a", "/parts", "/")] == [200, 200, 404, 404]

    domains.delete(shop.engine.connection, added.id)
    run(apply_domains(shop.engine, shop.service.id))
    assert status("/part/a") == 404


def test_old_releases_go_with_their_containers_and_images(shop: Shop) -> None:

    settings.change(shop.engine.connection, ChangeSettings(kept_releases=2))
    for version in ("one", "two", "three"):
        shop.push(version)
        assert shop.deploy().state is DeploymentState.SUCCEEDED
    known = releases.of_service(shop.engine.connection, shop.service.id)
    assert [each.number for each in known] == [3, 2]
    assert run(image_tags(shop.engine.docker, shop.service.id)) == [f"godploy/{shop.service.id}:{n}" for n in (2, 3)]
    assert len(shop.containers(is_running=False)) == 1


def test_the_proxys_api_and_probes_are_closed_to_containers_of_the_projects(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    row, _ = shop.begin(pause_at="switch")
    shop.await_step(row, Step.SWITCH)
    proxy = f"{shop.engine.instance.prefix}-traefik"
    program = (
        "import urllib.request, urllib.error\n"
        f"for port, path in ((19080, '/api/http/routers'), (19081, '/')):\n"
        f"    try: print(urllib.request.urlopen(f'http://{proxy}:{{port}}{{path}}').status)\n"
        "    except urllib.error.HTTPError as error: print(error.code)\n"
    )
    container = shop.containers(is_running=True)[0]
    said = subprocess.run(
        ["docker", "exec", container, "python", "-c", program], capture_output=True, text=True, check=False
    )
    assert said.stdout.split() == ["404", "404"], said.stderr


def test_a_removed_service_and_project_leave_nothing(shop: Shop) -> None:

    shop.push("one")
    row = shop.deploy()
    engine = shop.engine
    preview = run(lifecycle.removal_of_project(engine, shop.service.project_id))

    assert run(lifecycle.remove_service(engine, shop.service.id)) == preview
    run(lifecycle.delete_project_network(engine, projects.find(engine.connection, shop.service.project_id)))

    prefix = engine.instance.prefix
    assert preview.containers == (f"{prefix}-market-shop-r1-1",)
    assert preview.images == (f"godploy/{shop.service.id}:1",)
    assert preview.domains == (f"{HOST}/",)
    assert shop.containers(is_running=True) == shop.containers(is_running=False) == []
    assert run(find_network(engine.docker, f"{prefix}-market")) is None
    assert shop.get().status == 404
    assert not engine.paths.log(row.id).exists()


def test_the_proxy_is_made_again_only_when_its_configuration_changed(shop: Shop) -> None:

    def identity() -> str:
        name = f"{shop.engine.instance.prefix}-traefik"
        return str(run(shop.engine.docker.request("GET", f"/containers/{name}/json"))["Id"])

    before = identity()
    run(ensure_traefik(shop.engine))
    assert identity() == before
    settings.change(shop.engine.connection, ChangeSettings(acme_email="ops@shop.test"))
    assert run(ensure_traefik(shop.engine)).startswith("3.")
    assert identity() != before


def test_a_port_that_is_taken_is_named_with_its_holder(shop: Shop) -> None:

    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        port = holder.getsockname()[1]
        settings.set_instance(shop.engine.connection, replace(shop.engine.instance, http_port=port))
        moved = replace(shop.engine, instance=settings.instance(shop.engine.connection))
        with pytest.raises(GodployError) as refusal:
            run(ensure_traefik(moved))
    assert refusal.value.problem.code == "port-taken"
    assert str(port) in refusal.value.problem.what
    assert f"(pid {os.getpid()})" in refusal.value.problem.why


def test_a_deployment_under_way_forbids_stopping(shop: Shop) -> None:
    shop.push("one")
    shop.deploy()
    row, _ = shop.begin(pause_at="build")
    shop.await_step(row, Step.BUILD)
    with pytest.raises(Conflict):
        run(lifecycle.stop_service(shop.engine, shop.service.id))
    assert deployments.find(shop.engine.connection, row.id).state is DeploymentState.RUNNING
