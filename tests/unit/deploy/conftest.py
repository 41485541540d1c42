"""A server side of its own on this machine's Docker, taken down by its labels afterwards."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from godploy_server.contract import (
    Deployment,
    DeploymentState,
    GitSource,
    HealthCheck,
    Rollout,
    ServiceKind,
    ServiceSettings,
    Step,
    Trigger,
)
from godploy_server.deploy.lifecycle import create_project_network
from godploy_server.ingress.http_get import Answer, http_get
from godploy_server.ingress.traefik import ensure_traefik
from godploy_server.runtime.docker_client import DockerClient
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, domains, projects, services, settings
from godploy_server.state.paths import Paths
from godploy_server.state.services import ServiceRow
from tests.unit.deploy.ssh_host import SshHost, serving
from tests.unit.empty_docker import EmptyDocker
from tests.unit.ports import free_port

HOST = "shop.test"
IMAGES = ("traefik:v3.7", "python:3.12-slim")
T = TypeVar("T")

DOCKERFILE = 'FROM python:3.12-slim\nCOPY app.py /app.py\nCMD ["python", "-u", "/app.py"]\n'
APP = """
import http.server, os, signal, sys, time
VERSION = {version!r}
if VERSION == "broken":
    sys.exit("no database here")
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/slow":
            time.sleep(0.4)
        body = VERSION.encode()
        self.send_response(500 if VERSION == "sick" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *parts):
        pass
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("the password is", os.environ.get("PASSWORD"), flush=True)
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Robin", "-c", "user.email=robin@shop.test"]
    done = subprocess.run(
        ["git", "-C", str(repository), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass
class Shop:
    """One service with its repository, deployed by real job processes."""

    engine: Engine
    service: ServiceRow
    repository: Path
    jobs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def push(self, version: str) -> str:
        (self.repository / "app.py").write_text(APP.format(version=version))
        return self.commit(f"version {version}")

    def commit(self, message: str) -> str:
        git(self.repository, "add", ".")
        git(self.repository, "commit", "-m", message)
        return git(self.repository, "rev-parse", "HEAD")

    def begin(self, release: int | None = None, pause_at: str = "") -> tuple[Deployment, subprocess.Popen[bytes]]:
        trigger = Trigger.MANUAL if release is None else Trigger.ROLLBACK
        row = deployments.enqueue(self.engine.connection, self.service.id, trigger, "robin", release=release).deployment
        paths = self.engine.paths
        program = (
            "import sys; from pathlib import Path; from godploy_server.deploy.job import run_job;"
            "from godploy_server.state.paths import Paths;"
            "sys.exit(run_job(Paths(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3]))"
        )
        environment = {**os.environ, "GODPLOY_PAUSE_AT": pause_at}
        job = subprocess.Popen(
            [sys.executable, "-c", program, str(paths.state_dir), str(paths.run_dir), row.id],
            env=environment,
            start_new_session=True,
        )
        self.jobs.append(job)
        return row, job

    def deploy(self, release: int | None = None) -> Deployment:
        row, job = self.begin(release)
        job.wait(90)
        return deployments.find(self.engine.connection, row.id)

    def await_step(self, row: Deployment, step: Step) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = deployments.find(self.engine.connection, row.id)
            if (now.steps and now.steps[-1].step is step) or now.state.is_final:
                break
            time.sleep(0.01)
        assert now.steps[-1].step is step, f"{now.state} {now.problem}"

    def log(self, row: Deployment) -> str:
        return self.engine.paths.log(row.id).read_text()

    def get(self, path: str = "/") -> Answer:
        return run(http_get("127.0.0.1", self.engine.instance.http_port, path, host=HOST))

    def containers(self, *, is_running: bool) -> list[str]:
        listed = run(self.engine.docker.request("GET", "/containers/json", {"all": "1", "filters": self.filters()}))
        return sorted(each["Names"][0].lstrip("/") for each in listed if (each["State"] == "running") is is_running)

    def filters(self) -> dict[str, list[str]]:
        return {"label": [f"godploy.service={self.service.id}"]}

    def last(self) -> Deployment:
        return deployments.of_service(self.engine.connection, self.service.id, limit=1)[0]

    def change(self, change: Callable[[ServiceSettings], ServiceSettings]) -> None:
        row = services.find(self.engine.connection, self.service.id)
        services.change(self.engine.connection, row.id, settings=change(row.settings))


def has_images(*images: str) -> bool:
    try:
        return all(
            subprocess.run(["docker", "image", "inspect", each], capture_output=True, check=False).returncode == 0
            for each in images
        )
    except FileNotFoundError:
        return False


def make_engine(folder: Path, docker: DockerClient | None = None, **changes: Any) -> Engine:
    paths = Paths(folder / "state", folder / "run")
    paths.prepare()
    first = Engine.open(paths)
    settings.set_instance(first.connection, replace(settings.instance(first.connection), **changes))
    first.close()
    return Engine.open(paths, docker)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A server side with rows and files, and a Docker that has nothing."""
    docker = EmptyDocker(tmp_path / "docker.sock").start()
    made = make_engine(tmp_path, DockerClient(docker.path), is_embedded=True)
    yield made
    made.close()
    docker.stop()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    if not has_images(*IMAGES):
        pytest.skip(
            f"needs a Docker that has {' and '.join(IMAGES)} (python -m tests.lab up --local-images makes both)"
        )
    with open_shop(tmp_path) as opened:
        yield opened


@contextmanager
def open_shop(tmp_path: Path) -> Iterator[Shop]:
    """A service that was never deployed, behind a proxy of its own; all of it is taken down at the end."""
    prefix = f"godploy-t{secrets.token_hex(3)}"
    ports = {f"{name}_port": free_port() for name in ("http", "https", "api", "probe")}
    engine = make_engine(tmp_path, prefix=prefix, is_embedded=True, **ports)
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet", "--initial-branch", "main")
    (repository / "Dockerfile").write_text(DOCKERFILE)
    shop = None
    try:
        run(ensure_traefik(engine))
        project = projects.create(engine.connection, "market", run(create_project_network(engine, "market")))
        wanted = ServiceSettings(
            GitSource(f"file://{repository}"),
            health=HealthCheck(timeout_s=15),
            rollout=Rollout(drain_s=1, settle_s=1),
        )
        row = services.create(engine.connection, project.id, "shop", ServiceKind.APPLICATION, wanted, "")
        domains.create(engine.connection, row.id, HOST, tls=False)
        shop = Shop(engine, row, repository)
        yield shop
    finally:
        for job in shop.jobs if shop else []:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
                job.wait()
        take_down(prefix, shop.service.id if shop else "")
        engine.close()


def take_down(prefix: str, service_id: str) -> None:
    """Remove exactly what carries the label of this test's prefix, and its service's images."""

    def docker(*arguments: str) -> list[str]:
        return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False).stdout.split()

    label = f"label=godploy.instance={prefix}"
    for each in docker("ps", "-aq", "--filter", label):
        docker("rm", "-fv", each)
    for each in docker("volume", "ls", "-q", "--filter", label):
        docker("volume", "rm", each)
    for each in docker("network", "ls", "-q", "--filter", label):
        docker("network", "rm", each)
    if service_id:
        for each in docker("images", "--format", "{{.Repository}}:{{.Tag}}", f"godploy/{service_id}"):
            docker("rmi", each)


def is_final(row: Deployment) -> bool:
    return row.state not in (DeploymentState.QUEUED, DeploymentState.RUNNING)


@pytest.fixture
def ssh_host(tmp_path: Path) -> Iterator[SshHost]:
    with serving(tmp_path / "sshd", free_port()) as host:
        yield host
