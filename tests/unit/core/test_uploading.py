"""Folders and archives of this computer, sent to a real agent over its socket. No Docker is behind it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from godploy_desktop.core.folder_build import LARGEST_LOG_BYTES, BuildLog, Built, build_arguments, forget
from godploy_desktop.core.server import Server
from godploy_desktop.core.sources import (
    Way,
    archive_source,
    dockerfile_of,
    folder_of,
    folder_source,
    look_at_folder,
    way_of,
)
from godploy_desktop.core.tasks import Progress, TaskStep
from godploy_desktop.core.uploading import deploy_archive, deploy_service, send_archive
from godploy_desktop.local_store.values import ServerProfile
from godploy_desktop.remote.agent_client import AgentClient
from godploy_desktop.remote.connection import ConnectionState
from godploy_server.contract import (
    ArchiveSource,
    AutoBuilder,
    BadInput,
    Conflict,
    CreateService,
    DeploymentState,
    DockerfileBuilder,
    FolderSource,
    GitSource,
    NixpacksBuilder,
    NotFound,
    Registry,
    Service,
    ServiceId,
    ServiceSettings,
    SetVariables,
    StaticBuilder,
    Unreachable,
    Variable,
)
from tests.unit.agent.conftest import RunningAgent
from tests.unit.agent.rows import add_project

pytestmark = pytest.mark.asyncio


@dataclass
class DirectConnection:
    """A way to an agent's socket on this machine. `cuts` are numbers of bytes after which a bulk socket breaks, one
    for each that is opened; then they hold."""

    path: Path
    cuts: list[int] = field(default_factory=list)
    sent_bytes: int = 0
    state: ConnectionState = ConnectionState.CONNECTED
    problem: None = None

    def on_state(self, callback: Callable[[ConnectionState], object]) -> Callable[[], None]:
        return lambda: None

    async def connect(self) -> None:
        return

    async def close(self) -> None:
        self.agent_client.close_idle()

    def agent(self) -> AgentClient:
        return self.agent_client

    def __post_init__(self) -> None:
        self.agent_client = AgentClient(self.open, "someone", self.open_bulk)

    async def open(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(self.path))
        return sock

    async def open_unix(self, path: str, *, bulk: bool = False) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)  # this machine's Docker
        sock.setblocking(False)
        return sock

    async def open_bulk(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        most = self.cuts.pop(0) if self.cuts else None
        relaying = (self._relay, (theirs, await self.open(), most))
        threading.Thread(target=relaying[0], args=relaying[1], daemon=True).start()
        return ours

    def _relay(self, here: socket.socket, agent: socket.socket, most: int | None) -> None:
        def back() -> None:
            while piece := agent.recv(65536):
                here.sendall(piece)
            here.shutdown(socket.SHUT_WR)

        threading.Thread(target=_quietly, args=(back,), daemon=True).start()

        def forth() -> None:
            left = most
            while piece := here.recv(65536 if left is None else min(left, 65536)):
                agent.sendall(piece)
                self.sent_bytes += len(piece)
                if left is not None and (left := left - len(piece)) <= 0:
                    here.shutdown(socket.SHUT_RDWR)
                    return

        _quietly(forth)
        agent.close()


def _quietly(work: Callable[[], None]) -> None:
    try:
        work()
    except OSError:
        return


@dataclass
class Sending:
    """A server that is this agent, and what a task would show."""

    server: Server
    connection: DirectConnection
    project_id: Any
    shown: list[tuple[TaskStep, ...]] = field(default_factory=list)
    made: int = 0

    def progress(self) -> Progress:
        self.shown.clear()
        made = Progress(lambda: self.shown.append(made.steps))
        return made

    def step(self, key: str) -> TaskStep:
        return next(each for each in self.shown[-1] if each.key == key)

    async def service(self, source: FolderSource | ArchiveSource | GitSource, **settings: Any) -> Service:
        self.made += 1
        wanted = ServiceSettings(source, **{"builder": StaticBuilder(), **settings})
        return await self.server.create_service(CreateService(self.project_id, f"web{self.made}", wanted))


@pytest.fixture
def sending(agent: RunningAgent, tmp_path: Path) -> Sending:
    connection = DirectConnection(agent.paths.agent_socket)
    server = Server(ServerProfile(id=1, name="here"), connection, cache_folder=tmp_path / "cache")  # type: ignore[arg-type]  # as much of a connection as is used
    return Sending(server, connection, add_project(agent.paths).id)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    found = RunningAgent(tmp_path)
    found.is_warm = True
    found.docker.start()
    try:
        yield found.start()
    finally:
        if found.process:
            found.stop()
        found.docker.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    (made / "css").mkdir(parents=True)
    (made / "index.html").write_text("hello")
    (made / "css/site.css").write_bytes(os.urandom(300_000))
    (made / "large.bin").write_bytes(os.urandom(5_000_000))
    (made / "index.link").symlink_to("index.html")
    return made


def remove(folder: Path, *, only_contents: bool = False) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if only_contents:
        folder.mkdir()


async def test_a_folder_is_sent_whole_and_then_only_what_changed(sending: Sending, folder: Path) -> None:
    service = await sending.service(folder_source(folder))
    first = await deploy_service(sending.server, service, sending.progress())
    assert first.state in {DeploymentState.QUEUED, DeploymentState.RUNNING}
    assert first.upload
    assert sending.step("look").detail == "4 files, 5.3 MB"
    assert sending.step("send").detail == "5.3 MB of 5.3 MB, 3 of 4 files"
    assert 5_300_000 < sending.connection.sent_bytes < 5_310_000

    sending.connection.sent_bytes = 0
    (folder / "index.html").write_text("changed")
    await deploy_service(sending.server, service, sending.progress())
    assert sending.step("send").detail == "7 bytes of 7 bytes, 1 of 4 files"
    assert sending.connection.sent_bytes < 2_500  # the list of four files is most of it

    await deploy_service(sending.server, service, sending.progress())
    assert sending.step("send").detail.endswith("the server has all of it")


async def test_a_broken_upload_goes_on_with_what_is_missing(sending: Sending, folder: Path) -> None:
    for number in range(40):
        (folder / f"{number}.bin").write_bytes(os.urandom(100_000))
    service = await sending.service(folder_source(folder))
    sending.connection.cuts = [100_000_000, 2_500_000, 3_000_000]  # the list goes through, two sendings break
    await deploy_service(sending.server, service, sending.progress())
    sent = sending.connection.sent_bytes
    assert 9_300_000 < sent < 9_300_000 + 6_500_000  # what was under way is sent again, and what arrived is not
    (upload, *others) = await sending.server.agent.uploads(service.id)
    assert (upload.missing, others) == ((), [])


async def test_an_upload_that_gets_nowhere_ends(sending: Sending, folder: Path) -> None:
    service = await sending.service(folder_source(folder))
    sending.connection.cuts = [100_000_000, *[1000] * 10]
    with pytest.raises(Unreachable):
        await deploy_service(sending.server, service, sending.progress())
    assert len(sending.connection.cuts) > 5


async def test_cancelling_ends_the_sending_and_what_arrived_stays(sending: Sending, folder: Path) -> None:
    service = await sending.service(folder_source(folder))
    begun = asyncio.Event()
    progress = Progress(begun.set)
    work = asyncio.create_task(deploy_service(sending.server, service, progress))
    while progress.fraction is None:
        begun.clear()
        await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    assert await sending.server.agent.deployments(service.id) == ()
    await deploy_service(sending.server, service, sending.progress())


async def test_a_folder_that_changes_once_is_looked_at_again(
    sending: Sending, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from godploy_desktop.core import folder_upload

    service = await sending.service(folder_source(folder))
    genuine, looks = folder_upload.make_manifest, []

    def while_someone_writes(*arguments: Any, **settings: Any) -> Any:
        made = genuine(*arguments, **settings)
        if not looks:
            (folder / "large.bin").write_bytes(b"something else")
        looks.append(made)
        return made

    monkeypatch.setattr(folder_upload, "make_manifest", while_someone_writes)
    await deploy_service(sending.server, service, sending.progress())
    assert len(looks) == 2
    newest = (await sending.server.agent.uploads(service.id))[0]
    assert newest.size_bytes == 5 + 300_000 + 14


async def test_a_folder_of_another_computer_is_refused_with_what_can_be_done(sending: Sending, folder: Path) -> None:
    service = await sending.service(replace(folder_source(folder), computer="ada's laptop"))
    with pytest.raises(Conflict, match="ada's laptop") as refused:
        await deploy_service(sending.server, service, sending.progress())
    assert "--last-upload" in refused.value.problem.next_step
    with pytest.raises(Conflict, match="nothing to deploy"):
        await deploy_service(sending.server, service, sending.progress(), is_last_upload=True)


async def test_what_was_sent_last_is_deployed_again_without_the_folder(sending: Sending, folder: Path) -> None:
    service = await sending.service(folder_source(folder))
    first = await deploy_service(sending.server, service, sending.progress())
    (folder / "index.html").write_text("newer, and not to be sent")
    again = await deploy_service(sending.server, service, sending.progress(), is_last_upload=True)
    assert again.upload == first.upload


async def test_a_folder_that_is_gone_or_empty_is_told_so(sending: Sending, folder: Path) -> None:
    service = await sending.service(folder_source(folder))
    remove(folder)
    with pytest.raises(NotFound, match="no folder"):
        await deploy_service(sending.server, service, sending.progress())
    remove(folder, only_contents=True)
    with pytest.raises(BadInput, match="nothing to deploy"):
        await deploy_service(sending.server, service, sending.progress())


async def test_an_archive_is_sent_and_its_name_is_the_sources(sending: Sending, tmp_path: Path) -> None:
    archive = tmp_path / "shop-2.tar.gz"
    archive.write_bytes(os.urandom(3_000_000))
    service = await sending.service(ArchiveSource("shop-1.tar.gz"))
    upload = await send_archive(sending.server, service, archive, sending.progress())
    assert (upload.name, upload.size_bytes, upload.missing) == ("shop-2.tar.gz", 3_000_000, ())
    assert sending.step("send").detail == "3.0 MB of 3.0 MB"
    await deploy_archive(sending.server, service, archive, sending.progress())
    changed = await sending.server.agent.service(service.id)
    assert changed.settings.source == ArchiveSource("shop-2.tar.gz")
    with pytest.raises(NotFound):
        await send_archive(sending.server, service, tmp_path / "none.zip", sending.progress())
    with pytest.raises(Conflict, match="not deployed from an archive"):
        await send_archive(sending.server, await sending.service(GitSource("https://x/y.git")), archive, Progress(int))


async def test_a_refusal_that_comes_early_is_what_is_told(sending: Sending, tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    archive.write_bytes(bytes(20_000_000))
    service = await sending.service(ArchiveSource("x.zip"))
    gone = replace(service, id=ServiceId("no-such-one"))
    with pytest.raises(NotFound):
        await send_archive(sending.server, gone, archive, sending.progress())
    assert sending.connection.sent_bytes < 15_000_000


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.lab
async def test_what_is_built_from_here_is_handed_over_with_its_log(sending: Sending, folder: Path) -> None:
    if not docker("images", "-q", "busybox:latest"):
        pytest.skip("needs Docker with busybox:latest (python -m tests.lab up --local-images)")
    (folder / "Dockerfile").write_text("FROM busybox\nARG COLOUR\nRUN echo $COLOUR > /colour\nCOPY . /srv\n")
    (folder / ".gitignore").write_text("*.bin\n")
    service = await sending.service(folder_source(folder), builder=AutoBuilder())
    await sending.server.set_variables(service.id, SetVariables((Variable("COLOUR", "green", at_build=True),)))
    heard: list[bytes] = []
    log = BuildLog(heard.append)
    tag = f"godploy/{service.id}"
    try:
        deployment = await deploy_service(sending.server, service, sending.progress(), log=log)
        assert docker("run", "--rm", docker("images", "-q", tag), "cat", "/colour") == "green"
        assert "large.bin" not in docker("run", "--rm", docker("images", "-q", tag), "ls", "/srv").split()
        label = '{{index .Config.Labels "godploy.service"}}'
        assert docker("image", "inspect", "-f", label, docker("images", "-q", tag)) == service.id
        pieces = sending.server.agent.deployment_log(deployment.id, follow=False)
        told = b"".join([piece async for piece in pieces])
        assert told.startswith(b"".join(heard))
        assert len(b"".join(heard)) == log.size_bytes
        assert sending.step("image").detail.endswith("kB sent, 5 files")

        built = Built("", docker("images", "--format", "{{.Repository}}:{{.Tag}}", tag))
        await forget(sending.server, built)
        assert docker("images", "-q", tag) == ""
    finally:
        docker("rmi", "-f", *docker("images", "-q", tag).split())


SECRET = Variable("TOKEN", None, is_secret=True, at_build=True)


@pytest.mark.parametrize(
    ("dockerfile", "variables", "registries", "way"),
    [
        ("Dockerfile", (), (), Way.BUILD_HERE),
        ("Dockerfile", (Variable("A", "1", at_build=True), Variable("S", None, is_secret=True)), (), Way.BUILD_HERE),
        ("", (), (), Way.SEND),
        ("Dockerfile", (SECRET,), (), Way.SEND),
        ("Dockerfile", (Variable("DB", None, at_build=True, reference="db.URL"),), (), Way.SEND),
        ("Dockerfile", (), (Registry("r", "registry.example.org", "me", None),), Way.SEND),
    ],
)
async def test_who_makes_the_image(
    dockerfile: str, variables: tuple[Variable, ...], registries: tuple[Registry, ...], way: Way
) -> None:
    assert way_of(dockerfile, variables, registries)[0] is way


async def test_which_dockerfile_builds(folder: Path) -> None:
    assert dockerfile_of(folder, "", AutoBuilder()) == ""
    (folder / "Dockerfile").write_text("FROM scratch")
    assert dockerfile_of(folder, "", AutoBuilder()) == "Dockerfile"
    assert dockerfile_of(folder, "", NixpacksBuilder()) == ""
    assert dockerfile_of(folder, "css", AutoBuilder()) == ""
    assert dockerfile_of(folder, "css", DockerfileBuilder("../Dockerfile")) == "../Dockerfile"
    with pytest.raises(NotFound, match="web/Dockerfile"):
        dockerfile_of(folder, "", DockerfileBuilder("web/Dockerfile"))
    with pytest.raises(BadInput, match="not in the folder"):
        dockerfile_of(folder, "", DockerfileBuilder("../Dockerfile"))


async def test_sources_are_checked_when_they_are_chosen(folder: Path, tmp_path: Path) -> None:
    assert folder_of(folder_source(folder)) == folder
    with pytest.raises(NotFound):
        folder_source(tmp_path / "none")
    with pytest.raises(BadInput, match="no folder"):
        folder_source(folder / "index.html")
    for root in ("nowhere", "../..", "index.html"):
        with pytest.raises(BadInput, match="root"):
            folder_source(folder, root)
    with pytest.raises(BadInput, match="no archive"):
        archive_source(folder / "index.html")


async def test_a_look_says_what_would_be_deployed(folder: Path) -> None:
    (folder / ".gitignore").write_text("*.bin\n")
    look = await look_at_folder(folder)
    assert (look.has_dockerfile, look.file_count, look.size_bytes, look.plan) == (False, 4, 300_011, None)
    (folder / "Dockerfile").write_text("FROM scratch")
    look = await look_at_folder(folder)
    assert look.plan is not None
    assert look.plan.builder == "dockerfile"


async def test_build_arguments_are_plain_variables_and_the_builders_own() -> None:
    variables = (
        Variable("A", "variable", at_build=True),
        Variable("B", "variable", at_build=True),
        Variable("RUN_ONLY", "x"),
        SECRET,
    )
    assert build_arguments(DockerfileBuilder(arguments={"B": "builder"}), variables) == {
        "A": "variable",
        "B": "builder",
    }
    with pytest.raises(BadInput, match="LD_PRELOAD"):
        build_arguments(DockerfileBuilder(arguments={"LD_PRELOAD": "x"}), ())


async def test_a_very_long_build_log_keeps_its_beginning_and_its_end() -> None:
    heard: list[bytes] = []
    log = BuildLog(heard.append)
    for number in range(40_000):
        log.add(f"line {number} {'x' * 40}")
    text = log.text
    assert log.size_bytes == len(text.encode()) <= LARGEST_LOG_BYTES + 100
    assert text.startswith("line 0 ")
    assert "line 39999" in text
    assert "lines are left out" in text
    assert len(heard) == 40_000
