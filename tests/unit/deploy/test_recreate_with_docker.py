"""Services whose volume only one release may write to: recreate, on a real Docker.

The program takes a lock on its volume: a second one beside it would be seen in the volume's diary as an overlap.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from godploy_server.contract import (
    DeploymentState,
    GitSource,
    HealthCheck,
    ImageSource,
    Mount,
    MountKind,
    PublishedPort,
    Rollout,
    ServiceKind,
    ServiceSettings,
    Step,
    Strategy,
)
from godploy_server.deploy import lifecycle
from godploy_server.deploy.job import LEFT_OPEN
from godploy_server.deploy.recovery import recover
from godploy_server.runtime.release_containers import containers_of, stop_containers
from godploy_server.runtime.volumes import volumes_of
from godploy_server.state import deployments, releases, services
from tests.unit.deploy.conftest import Shop, free_port, run
from tests.unit.deploy.docker_door import DockerDoor

pytestmark = pytest.mark.lab

PROGRAM = """
import fcntl, os, signal, sys, time, http.server
version = sys.argv[1]
def note(text):
    with open("/data/diary", "a") as diary: diary.write(f"{text} {version}\\n")
lock = open("/data/lock", "w")
try: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: note("overlap"); sys.exit(1)
if version == "broken": sys.exit("the data is of another time")
note("start")
def end(*_):
    if version == "slow": time.sleep(3)
    note("end"); os._exit(0)
signal.signal(signal.SIGTERM, end)
if version != "sick": open("/tmp/healthy", "w").write(open("/proc/1/stat").read().split()[21])
print("serving", version, flush=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(version.encode())
    def log_message(self, *_): pass
if "PORT" in os.environ: http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
while True: time.sleep(60)
"""
# A container that is started again has its files still: what counts is the program's present life.
HEALTHY = ("sh", "-c", 'test "$(cat /tmp/healthy)" = "$(cut -d" " -f22 /proc/1/stat)"')


def settings_of(version: str, **changes: object) -> ServiceSettings:
    wanted = ServiceSettings(
        ImageSource("python:3.12-slim"),
        port=None,
        command=("python", "-u", "-c", PROGRAM, version),
        health=HealthCheck(timeout_s=20, command=HEALTHY),
        rollout=Rollout(drain_s=1, settle_s=1, strategy=Strategy.RECREATE, stop_grace_s=5),
        mounts=(Mount("data", "/data"),),
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]  # each test names fields of the settings


@pytest.fixture
def store(shop: Shop) -> Shop:
    """The shop's service, made into one that writes to a volume; its first version serves."""
    set_version(shop, "one")
    first = shop.deploy()
    assert first.state is DeploymentState.SUCCEEDED, shop.log(first)
    return shop


def set_version(shop: Shop, version: str, **changes: object) -> None:
    shop.change(lambda _: settings_of(version, **changes))


def diary(shop: Shop) -> list[str]:
    volume = f"{shop.engine.instance.prefix}-market-shop-data"
    arguments = ["docker", "run", "--rm", "-v", f"{volume}:/data:ro", "python:3.12-slim", "cat", "/data/diary"]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()


def serving(shop: Shop) -> list[int]:
    known = releases.of_service(shop.engine.connection, shop.service.id)
    return [each.number for each in known if each.is_serving]


def names(shop: Shop, *numbers: int) -> list[str]:
    return [f"{shop.engine.instance.prefix}-market-shop-r{each}-1" for each in numbers]


def test_the_old_release_ends_before_the_new_one_starts_and_the_volume_stays(store: Shop) -> None:
    set_version(store, "two")
    second = store.deploy()
    back = store.deploy(release=1)
    run(lifecycle.restart_service(store.engine, store.service.id))
    run(lifecycle.stop_service(store.engine, store.service.id))
    assert store.containers(is_running=True) == []
    run(lifecycle.start_service(store.engine, store.service.id))

    assert (second.state, back.state) == (DeploymentState.SUCCEEDED, DeploymentState.SUCCEEDED), store.log(second)
    assert diary(store) == [
        *("start one", "end one", "start two", "end two", "start one"),
        *("end one", "start one", "end one", "start one"),
    ]
    assert "Only one release can use its volumes" in store.log(second)
    assert "away until release 2 is healthy" in store.log(second)
    assert store.containers(is_running=True) == names(store, 1)


@pytest.mark.parametrize(("version", "word"), [("broken", "the data is of another time"), ("sick", "within 4 s")])
def test_a_release_that_does_not_work_gives_way_to_the_old_one_and_the_history_says_so(
    store: Shop, version: str, word: str
) -> None:
    timeout_s = 4 if version == "sick" else 60
    set_version(store, version, health=HealthCheck(timeout_s=timeout_s, command=HEALTHY))

    failed = store.deploy()

    assert failed.state is DeploymentState.FAILED
    assert failed.problem is not None
    assert word in failed.problem.why
    assert failed.problem.why.endswith("release 1 was started again and is healthy")
    assert not [line for line in diary(store) if line.startswith("overlap")]
    assert store.containers(is_running=True) == names(store, 1)
    assert store.containers(is_running=False) == []
    assert serving(store) == [1]


def test_a_cancelled_recreate_starts_the_old_one_again(store: Shop) -> None:
    set_version(store, "sick")
    row, job = store.begin()
    store.await_step(row, Step.PROBE)
    while "start sick" not in diary(store):
        time.sleep(0.2)

    job.send_signal(signal.SIGTERM)
    job.wait(30)

    cancelled = store.last()
    assert cancelled.state is DeploymentState.CANCELLED
    assert cancelled.problem is not None
    assert "release 1 was started again and is healthy" in cancelled.problem.why
    assert diary(store) == ["start one", "end one", "start sick", "end sick", "start one"]
    assert store.containers(is_running=True) == names(store, 1)


@pytest.mark.parametrize("step", ["start", "after the stop", "probe", "switch", "drain", "settle"])
def test_after_a_kill_at_any_step_one_release_has_the_volume_and_the_history_says_which(store: Shop, step: str) -> None:
    set_version(store, "two")
    pause_at = "start" if step == "after the stop" else step
    row, job = store.begin(pause_at=pause_at)
    store.await_step(row, Step(pause_at))
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    if step == "after the stop":
        name = store.engine.name(store.service)
        run(stop_containers(store.engine.docker, run(containers_of(store.engine.docker, name, 1))))

    assert run(recover(store.engine, lambda _: False)) == [row.id]

    ended = store.last()
    is_new = step in ("switch", "drain", "settle")
    assert ended.state is (DeploymentState.SUCCEEDED if is_new else DeploymentState.INTERRUPTED), store.log(row)
    assert serving(store) == [2 if is_new else 1]
    assert store.containers(is_running=True) == names(store, 2 if is_new else 1)
    assert not [line for line in diary(store) if line.startswith("overlap")]
    if not is_new:
        assert ended.problem is not None
        was_away = step != "start"
        word = "release 1 was started again and is healthy" if was_away else "release 1 serves as before"
        assert word in ended.problem.why


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_release_that_was_just_told_to_end_is_started_again(store: Shop, number: signal.Signals) -> None:
    set_version(store, "slow")
    assert store.deploy().state is DeploymentState.SUCCEEDED
    set_version(store, "two")
    row, job = store.begin()
    store.await_step(row, Step.START)
    while "what runs ends before release 3 starts" not in store.log(row):
        time.sleep(0.05)
    time.sleep(0.5)

    job.send_signal(number)
    job.wait(30)
    run(recover(store.engine, lambda _: False))

    ended = store.last()
    assert ended.state is (DeploymentState.CANCELLED if number is signal.SIGTERM else DeploymentState.INTERRUPTED)
    assert ended.problem is not None
    assert "release 2 was started again and is healthy" in ended.problem.why
    assert store.containers(is_running=True) == names(store, 2)
    assert diary(store)[-3:] == ["start slow", "end slow", "start slow"]


def test_a_kill_while_it_is_undone_is_undone_to_its_end(store: Shop) -> None:
    set_version(store, "sick", health=HealthCheck(timeout_s=60, command=HEALTHY))
    row, job = store.begin()
    store.await_step(row, Step.PROBE)
    job.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    job.kill()
    job.wait()

    run(recover(store.engine, lambda _: False))

    assert store.last().state in (DeploymentState.CANCELLED, DeploymentState.INTERRUPTED)
    assert store.containers(is_running=True) == names(store, 1)
    assert not [line for line in diary(store) if line.startswith("overlap")]


def test_when_docker_goes_away_the_deployment_is_settled_after_it_is_back(
    store: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = DockerDoor(tmp_path / "docker.sock", store.engine.docker.socket_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{door.path}")
    set_version(store, "sick", health=HealthCheck(timeout_s=60, command=HEALTHY))
    row, job = store.begin()
    monkeypatch.delenv("DOCKER_HOST")  # the job alone goes through the door
    store.await_step(row, Step.PROBE)

    door.shut()

    assert job.wait(60) == LEFT_OPEN
    assert store.last().state is DeploymentState.RUNNING
    assert "Docker went away" in store.log(row)
    run(recover(store.engine, lambda _: False))  # this side sees it
    ended = store.last()
    assert ended.state is DeploymentState.INTERRUPTED
    assert ended.problem is not None
    assert ended.problem.why == "Docker went away during probe; release 1 was started again and is healthy"
    assert store.containers(is_running=True) == names(store, 1)
    assert not [line for line in diary(store) if line.startswith("overlap")]


def test_a_recreated_service_with_a_port_is_reached_through_the_proxy_again(shop: Shop) -> None:
    for version in ("one", "two"):
        set_version(shop, version, port=8080, health=HealthCheck(timeout_s=20))
        assert shop.deploy().state is DeploymentState.SUCCEEDED
        assert shop.get().body == version.encode()
    set_version(shop, "broken", port=8080, health=HealthCheck(timeout_s=60))
    assert shop.deploy().state is DeploymentState.FAILED
    assert shop.get().body == b"two"


def test_a_published_port_that_is_taken_is_named_before_the_old_release_ends(store: Shop) -> None:
    port = free_port()
    published = (PublishedPort(5432, port),)
    set_version(store, "two", published=published)
    assert store.deploy().state is DeploymentState.SUCCEEDED
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    other = services.create(
        store.engine.connection, store.service.project_id, "other", ServiceKind.IMAGE, settings_of("x"), ""
    )
    rival = replace(store, service=other, jobs=store.jobs)
    services.change(store.engine.connection, other.id, settings=settings_of("x", published=published))

    refused = rival.deploy()

    assert refused.problem is not None
    assert refused.problem.code == "port-taken"
    assert refused.problem.why == "the service market/shop has it"
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        set_version(store, "three", published=(PublishedPort(5432, taken),))
        failed = store.deploy()
        assert failed.problem is not None
        assert f"(pid {os.getpid()})" in failed.problem.why
    assert "end two" not in diary(store), "the old release must not end for a port that is known to be taken"
    run(lifecycle.remove_service(store.engine, other.id))


def test_a_removed_service_takes_its_volumes_along_and_names_them_before(store: Shop) -> None:
    engine, name = store.engine, store.engine.name(store.service)
    volume = f"{engine.instance.prefix}-market-shop-data"
    assert run(volumes_of(engine.docker, name)) == [volume]
    assert run(lifecycle.removal_of_project(engine, store.service.project_id)).volumes == (volume,)
    assert run(lifecycle.remove_service(engine, store.service.id)).volumes == (volume,)
    assert run(volumes_of(engine.docker, name)) == []


def test_a_volume_of_somebody_else_is_never_mounted(shop: Shop) -> None:
    volume = f"{shop.engine.instance.prefix}-market-shop-data"
    label = f"godploy.instance={shop.engine.instance.prefix}"
    subprocess.run(["docker", "volume", "create", "--label", label, volume], check=True, capture_output=True)
    set_version(shop, "one")
    failed = shop.deploy()
    assert failed.problem is not None
    assert f"A volume called {volume} exists already" in failed.problem.what


def test_a_folder_of_the_server_is_mounted_where_it_may_be(shop: Shop, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    mounts = (Mount(str(shared), "/data", MountKind.FOLDER),)
    set_version(shop, "one", mounts=mounts)
    assert shop.deploy().state is DeploymentState.SUCCEEDED
    assert (shared / "diary").read_text() == "start one\n"


def test_a_hanging_step_is_ended_in_its_time(shop: Shop) -> None:
    def change(before: ServiceSettings) -> ServiceSettings:
        return replace(before, rollout=replace(before.rollout, build_timeout_s=1))

    shop.change(change)
    with socket.socket() as silent:  # a git host that takes the connection and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/shop.git"
        shop.change(lambda before: replace(before, source=GitSource(url)))
        began = time.monotonic()
        failed = shop.deploy()
    assert failed.problem is not None
    assert failed.problem.what == "The step fetch took too long"
    assert time.monotonic() - began < 30


def test_what_is_kept_of_deployments_is_in_their_rows(store: Shop) -> None:
    assert deployments.last_release(store.engine.connection, store.service.id, 2) == 1
    assert deployments.last_release(store.engine.connection, store.service.id, 1) is None
