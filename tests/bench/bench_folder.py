"""Deploying a folder of 40 MB of which one file changed, against sending all of it: bytes and time, in one run.

Both ways go through a real SSH connection to a real sshd on loopback: built from here with the Docker of this machine
(BuildKit asks for what it lacks), and sent to a real agent (only contents that it lacks). Each round has a folder of
its own, so that every first time is one.
Run: python -m tests.bench.bench_folder
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from godploy_desktop.core.folder_upload import send_folder
from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress
from godploy_desktop.local_store.values import ServerProfile
from godploy_desktop.remote.buildkit.build import BuildObserver, ImageBuild, build_image
from godploy_desktop.remote.buildkit.session import Sent
from godploy_desktop.remote.connection import DOCKER_SOCKET
from godploy_desktop.remote.ssh.addresses import ServerAddress
from godploy_desktop.remote.ssh_connection import SshConnection
from godploy_server.contract import CreateService, FolderSource, ServiceSettings, StaticBuilder
from tests.bench.figures import Figure, publish
from tests.unit.agent.conftest import RunningAgent
from tests.unit.agent.rows import add_project
from tests.unit.remote.conftest import trust
from tests.unit.remote.loopback_sshd import Sshd, can_run

ROUNDS = 3
FILES = 400
FILE_BYTES = 100_000
MOST_OF_THE_BYTES_PERCENT = 1
MOST_OF_THE_TIME = 0.6


@dataclass
class Took:
    """What one deployment took."""

    seconds: float
    sent_bytes: int


def fill(folder: Path) -> None:
    """400 files of 100 kB in 20 folders, none like another, and a Dockerfile that takes them all."""
    for number in range(FILES):
        path = folder / f"part{number % 20}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(FILE_BYTES))
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /srv\n")


def change_one(folder: Path) -> None:
    (folder / "part7/7.bin").write_bytes(os.urandom(FILE_BYTES))


async def build_rounds(connection: SshConnection, base: Path) -> list[tuple[Took, Took]]:
    """Time builds from here: of a new folder, and again with one file changed."""
    tags: list[str] = []

    async def build(folder: Path) -> Took:
        sent = Sent()

        def count(so_far: Sent) -> None:
            nonlocal sent
            sent = so_far

        tags.append(f"godploy-bench/{uuid.uuid4().hex[:8]}:1")
        wanted = ImageBuild(folder, folder / "Dockerfile", tags[-1], str(folder))
        began = time.perf_counter()
        await build_image(lambda: connection.open_unix(DOCKER_SOCKET, bulk=True), wanted, BuildObserver(sent=count))
        return Took(time.perf_counter() - began, sent.content_bytes)

    try:
        return await _rounds(base / "build", build)
    finally:
        subprocess.run(["docker", "rmi", "-f", *tags], capture_output=True, check=False)  # noqa: ASYNC221  at the end


async def send_rounds(connection: SshConnection, agent: RunningAgent, base: Path) -> list[tuple[Took, Took]]:
    """Time sendings to the agent: of a new folder, and again with one file changed."""
    server = Server(ServerProfile(id=1, name="bench"), connection, cache_folder=base / "cache")
    project = add_project(agent.paths)
    sent = 0
    service = None

    async def send(folder: Path) -> Took:
        nonlocal sent, service
        if service is None or service.settings.source.path != str(folder):  # type: ignore[union-attr]  # a folder
            settings = ServiceSettings(FolderSource(str(folder), "bench"), StaticBuilder())
            service = await server.create_service(CreateService(project.id, f"web{uuid.uuid4().hex[:6]}", settings))
        progress = Progress(lambda: None)
        began = time.perf_counter()
        await send_folder(server, service, folder, "", "", progress)
        seconds = time.perf_counter() - began
        step = next(each for each in progress.steps if each.key == "send")
        return Took(seconds, _bytes_of(step.detail))

    return await _rounds(base / "send", send)


async def _rounds(base: Path, deploy: Callable[[Path], Awaitable[Took]]) -> list[tuple[Took, Took]]:
    took = []
    for number in range(ROUNDS):
        folder = base / str(number)
        await asyncio.to_thread(fill, folder)
        await asyncio.sleep(2.1)  # what was written a moment before is read again, as a person's file would not be
        first = await deploy(folder)
        await asyncio.to_thread(change_one, folder)
        took.append((first, await deploy(folder)))
        await asyncio.to_thread(shutil.rmtree, folder)
    return took


def _bytes_of(detail: str) -> int:
    size, unit = detail.partition(" of ")[0].split()
    return int(float(size) * {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit])


def figures(way: str, rounds: list[tuple[Took, Took]]) -> list[Figure]:
    """The medians as ratios."""
    full_s = statistics.median(first.seconds for first, _ in rounds)
    changed_s = statistics.median(again.seconds for _, again in rounds)
    full, changed = rounds[0][0].sent_bytes, max(again.sent_bytes for _, again in rounds)
    return [
        Figure(
            f"{way}, one file of 40 MB changed: bytes",
            100 * changed / full,
            "%",
            measured=f"{changed / 1e6:.2f} MB",
            reference=f"all of it {full / 1e6:.1f} MB",
            goal=MOST_OF_THE_BYTES_PERCENT,
        ),
        Figure(
            f"{way}, one file of 40 MB changed: time",
            changed_s / full_s,
            measured=f"{changed_s:.2f} s",
            reference=f"all of it {full_s:.2f} s",
            goal=MOST_OF_THE_TIME,
        ),
    ]


@contextmanager
def _running_agent(folder: Path) -> Iterator[RunningAgent]:
    agent = RunningAgent(folder)
    agent.docker.start()
    try:
        yield agent.start()
    finally:
        if agent.process:
            agent.stop()
        agent.docker.stop()


class _ToThisAgent(SshConnection):
    """An SSH connection to a machine whose agent listens elsewhere."""

    agent_socket = ""

    async def open_unix(self, path: str, *, bulk: bool = False):  # type: ignore[no-untyped-def]  # as its base
        return await super().open_unix(path if path == DOCKER_SOCKET else self.agent_socket, bulk=bulk)


async def measure(base: Path) -> list[Figure]:
    """Everything, through one connection."""
    sshd = Sshd(base / "sshd").start()
    address = ServerAddress("127.0.0.1", "root", sshd.port, sshd.user_key, use_agent=False)
    connection = _ToThisAgent(
        address,
        profile_folder=base / "profile",
        actor="bench",
        decide_host_key=trust,
        ssh_config=None,
        known_hosts=None,
    )
    found: list[Figure] = []
    try:
        with _running_agent(base / "agent") as agent:
            connection.agent_socket = str(agent.paths.agent_socket)
            await connection.connect()
            found += figures("sent to the agent", await send_rounds(connection, agent, base))
            if os.path.exists(DOCKER_SOCKET):  # noqa: PTH110,ASYNC240  once, before anything is measured
                found += figures("built from here", await build_rounds(connection, base))
            else:
                found.append(Figure("built from here", not_run="no Docker on this machine"))
    finally:
        await connection.close()
        sshd.stop()
    return found


def main() -> int:
    """Run it; 0 unless it cannot come to its end."""
    if not can_run():
        publish([Figure("folder", not_run="needs root, sshd and ssh-keygen")])
        return 0
    with tempfile.TemporaryDirectory(prefix="godploy-bench-") as base:
        (Path(base) / "agent").mkdir()
        publish(asyncio.run(measure(Path(base))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
