"""Images built from folders here, on this machine's Docker and through a real sshd. Needs Docker (lab)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from godploy_desktop.remote.buildkit.build import BuildObserver, ImageBuild, build_image, remove_image
from godploy_desktop.remote.buildkit.session import Sent
from godploy_desktop.remote.connection import DOCKER_SOCKET
from godploy_desktop.remote.source_folder.reading import SourceChanged
from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh_connection import SshConnection
from godploy_server.contract import BadInput, DeploymentFailed, NotReady, Unreachable
from tests.unit.remote.conftest import trust
from tests.unit.remote.loopback_sshd import Sshd, can_run

pytestmark = pytest.mark.lab


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Building:
    """A folder that is built; what was told is kept."""

    folder: Path
    tag: str
    open_docker: Callable[[], Awaitable[socket.socket]]
    lines: list[str] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)

    async def __call__(self, dockerfile: str, **settings: object) -> str:
        (self.folder / "Dockerfile").write_text(dockerfile)
        return await self.again(**settings)

    async def again(self, **settings: object) -> str:
        self.lines.clear()
        self.sent = Sent()
        build = ImageBuild(self.folder, self.folder / "Dockerfile", self.tag, str(self.folder), **settings)  # type: ignore[arg-type]  # as a test gives them
        return await build_image(self.open_docker, build, BuildObserver(self.lines.append, self._count))

    def _count(self, sent: Sent) -> None:
        self.sent = sent

    def is_image_there(self) -> bool:
        done = subprocess.run(["docker", "image", "inspect", self.tag], capture_output=True, check=False)
        return done.returncode == 0

    def shows(self, *command: str) -> str:
        return docker("run", "--rm", "--network", "none", self.tag, *command)


async def local_docker() -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(DOCKER_SOCKET)
    sock.setblocking(False)
    return sock


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    try:
        docker("image", "inspect", "busybox:latest")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs Docker with busybox:latest (python -m tests.lab up --local-images)")
    folder = tmp_path / "source"
    folder.mkdir()
    made = Building(folder, f"godploy-test/{uuid.uuid4().hex[:8]}:1", local_docker)
    yield made
    subprocess.run(["docker", "rmi", "-f", made.tag], check=False, capture_output=True)


@pytest.mark.asyncio
async def test_files_links_modes_arguments_and_labels_reach_the_image(building: Building) -> None:
    (building.folder / "run.sh").write_text("#!/bin/sh\necho $V")
    (building.folder / "run.sh").chmod(0o755)
    (building.folder / "link").symlink_to("run.sh")
    (building.folder / "empty").mkdir()
    image_id = await building(
        "FROM busybox AS app\nARG V\nENV V=$V\nCOPY . /src\nCMD /src/link\nFROM scratch AS last\n",
        arguments={"V": "one two"},
        labels={"godploy.test": "yes"},
        target="app",
    )
    assert image_id == docker("image", "inspect", "-f", "{{.Id}}", building.tag)
    assert docker("image", "inspect", "-f", '{{index .Config.Labels "godploy.test"}}', building.tag) == "yes"
    assert building.shows() == "one two"
    assert building.shows("stat", "-c", "%a %u %F", "/src/run.sh", "/src/empty").splitlines() == [
        "755 0 regular file",
        "755 0 directory",
    ]


@pytest.mark.asyncio
async def test_a_second_build_sends_what_changed_alone(building: Building) -> None:
    (building.folder / "large").write_bytes(os.urandom(3_000_000))
    (building.folder / "small").write_text("one")
    await building("FROM busybox\nCOPY . /src\n")
    assert building.sent.content_bytes > 3_000_000
    (building.folder / "small").write_text("two!")
    await building.again()
    assert (building.sent.files, building.sent.content_bytes) == (1, 4)
    assert building.shows("cat", "/src/small") == "two!"
    (building.folder / "large").unlink()
    await building.again()
    assert building.shows("ls", "/src").split() == ["Dockerfile", "small"]


@pytest.mark.asyncio
async def test_a_secret_is_seen_by_its_step_and_is_nowhere_else(building: Building) -> None:
    await building(
        "FROM busybox\nRUN --mount=type=secret,id=TOKEN sha256sum < /run/secrets/TOKEN > /sum\n",
        secrets={"TOKEN": b"correct horse battery"},
    )
    assert building.shows("cat", "/sum").split()[0] == hashlib.sha256(b"correct horse battery").hexdigest()
    history = docker("history", "--no-trunc", building.tag) + docker("image", "inspect", building.tag)
    assert "horse" not in history + "\n".join(building.lines)
    with pytest.raises(DeploymentFailed, match=r"secret .*OTHER.*not found|OTHER: not found"):
        await building("FROM busybox\nRUN --mount=type=secret,id=OTHER,required=true cat /run/secrets/OTHER\n")


@pytest.mark.asyncio
async def test_dockerignore_leaves_files_here(building: Building) -> None:
    (building.folder / "node_modules/deep").mkdir(parents=True)
    (building.folder / "node_modules/deep/file").write_bytes(b"x" * 500_000)
    (building.folder / "kept").write_text("kept")
    (building.folder / ".dockerignore").write_text("node_modules\n*.log\n!important.log\n")
    (building.folder / "a.log").write_text("log")
    (building.folder / "important.log").write_text("log")
    await building("FROM busybox\nCOPY . /src\n")
    assert building.sent.content_bytes < 10_000
    assert building.shows("ls", "/src").split() == ["Dockerfile", "important.log", "kept"]
    (building.folder / "Dockerfile.dockerignore").write_text("kept\nnode_modules\n")
    await building.again()
    assert "kept" not in building.shows("ls", "/src").split()
    assert "a.log" in building.shows("ls", "/src").split()


@pytest.mark.asyncio
async def test_a_failing_step_is_the_reason_and_its_words_are_in_the_log(building: Building) -> None:
    with pytest.raises(DeploymentFailed, match="exit code: 9"):
        await building("FROM busybox\nRUN echo what went wrong >&2; exit 9\n")
    assert any("what went wrong" in line for line in building.lines)
    with pytest.raises(DeploymentFailed, match=r"(?i)unknown instruction"):
        await building("FROM busybox\nFETCH everything\n")
    with pytest.raises(DeploymentFailed, match="missing"):
        await building("FROM busybox\nCOPY missing /\n")


@pytest.mark.asyncio
async def test_a_file_that_cannot_be_sent_is_the_reason_and_not_what_docker_makes_of_it(building: Building) -> None:
    (building.folder / os.fsdecode(b"caf\xe9")).write_text("x")
    with pytest.raises(BadInput, match="not text in UTF-8"):
        await building("FROM busybox\nCOPY . /src\n")


@pytest.mark.asyncio
async def test_a_file_that_changes_under_the_build_is_found_out(building: Building) -> None:
    (building.folder / "log").write_text("")
    over = threading.Event()

    def keep_writing() -> None:
        with (building.folder / "log").open("a") as file:
            while not over.is_set():
                file.write("x" * 1000)
                file.flush()
                time.sleep(0.0005)

    writing = threading.Thread(target=keep_writing)
    writing.start()
    try:
        with pytest.raises(SourceChanged, match="log changed while it was read"):
            await building("FROM busybox\nCOPY . /src\n")
    finally:
        over.set()
        writing.join()


def processes_named(marker: str) -> list[str]:
    """Processes whose command line is `sleep <marker>`; a build's steps run on this machine."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", marker.encode()]:
            found.append(each.parent.name)
    return found


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until(question: Callable[[], object], timeout_s: float = 20) -> float:
    began = time.monotonic()
    while not question():
        assert time.monotonic() - began < timeout_s
        await asyncio.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.asyncio
async def test_cancelling_ends_the_build_on_the_server_and_leaves_nothing_here(building: Building) -> None:
    marker = f"9{uuid.uuid4().int % 10**8}"
    before, open_before = asyncio.all_tasks(), open_files()
    task = asyncio.create_task(building(f"FROM busybox\nRUN sleep {marker}\n"))
    await until(lambda: processes_named(marker))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    took = await until(lambda: not processes_named(marker), 10)
    print(f"the build's process ended {took:.2f} s after it was cancelled")
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
    assert open_files() <= open_before
    assert not building.is_image_there()


@pytest.mark.asyncio
async def test_many_builds_leave_no_thread_behind(building: Building) -> None:
    before = threading.active_count()
    for number in range(4):
        (building.folder / "file").write_text(str(number))
        await building("FROM busybox\nCOPY . /src\n")
    await until(lambda: threading.active_count() <= before, 15)


@pytest.mark.asyncio
async def test_what_is_no_docker_is_told_so(building: Building, tmp_path: Path) -> None:
    async def nobody() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(tmp_path / "none"))
        return sock

    async def closed() -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.close()
        return ours

    for open_docker in (nobody, closed):
        building.open_docker = open_docker
        with pytest.raises((Unreachable, NotReady)):
            await building("FROM busybox\n")


@pytest.mark.asyncio
async def test_a_tag_is_taken_away_again(building: Building) -> None:
    await building("FROM busybox\nLABEL only=here\n")
    await remove_image(building.open_docker, building.tag)
    assert not building.is_image_there()
    await remove_image(building.open_docker, building.tag)  # twice is fine


@pytest.mark.asyncio
@pytest.mark.skipif(not can_run(), reason="needs root and sshd (apt-get install openssh-server)")
async def test_all_of_it_goes_through_ssh_and_a_cut_line_ends_the_build(building: Building, tmp_path: Path) -> None:
    marker = f"8{uuid.uuid4().int % 10**8}"
    sshd = Sshd(tmp_path / "sshd").start()
    address = ServerAddress("127.0.0.1", "root", sshd.port, sshd.user_key, use_agent=False)
    connection = SshConnection(
        address, profile_folder=tmp_path / "profile", actor="someone", decide_host_key=trust, ssh_config=None,
        known_hosts=None,
    )  # fmt: skip
    try:
        await connection.connect()
        building.open_docker = lambda: connection.open_unix(DOCKER_SOCKET, bulk=True)
        (building.folder / "large").write_bytes(os.urandom(3_000_000))
        await building("FROM busybox\nCOPY . /src\n")
        (building.folder / "small").write_text("small")
        await building.again()
        assert building.sent.content_bytes == 5
        task = asyncio.create_task(building(f"FROM busybox\nRUN sleep {marker}\n"))
        await until(lambda: processes_named(marker))
        await connection.close()
        with pytest.raises(Unreachable):
            await task
        await until(lambda: not processes_named(marker))
    finally:
        await connection.close()
        sshd.stop()
        shutil.rmtree(tmp_path / "sshd", ignore_errors=True)
