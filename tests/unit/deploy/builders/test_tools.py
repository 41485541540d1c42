"""Installing a builder's program: from a real site, checked, whole or not at all, once for all who ask."""

from __future__ import annotations

import asyncio
import hashlib
import io
import platform
import shutil
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from godploy_server.contract import DeploymentFailed, ToolSource, Unreachable
from godploy_server.deploy.tools import NIXPACKS, PACK, ensure_tool, machine_of, wanted_asset
from tests.unit.deploy.builders.test_docker_build import Lines
from tests.unit.deploy.conftest import run

TRUE = Path(shutil.which("true") or "/bin/true").resolve()


@dataclass
class Site:
    """A site on loopback that offers `content` everywhere."""

    url: str = ""
    content: bytes = b""
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def source(self, name: str = "nixpacks", sha256: str = "") -> ToolSource:
        return ToolSource(name, f"{self.url}/tool.tar.gz", sha256 or hashlib.sha256(self.content).hexdigest())


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(made.content)))
            self.end_headers()
            self.wfile.write(made.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def archive(name: str = "nixpacks", content: bytes | None = None) -> bytes:
    packed = io.BytesIO()
    data = TRUE.read_bytes() if content is None else content
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in ("README.md", f"nixpacks-1.41/{name}"):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def left_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.endswith(".lock")}


def test_a_program_is_fetched_once_checked_and_can_be_run(site: Site, tmp_path: Path) -> None:
    site.content = archive()
    log = Lines()
    program = run(ensure_tool(NIXPACKS, tmp_path, [site.source()], log))
    assert program.name == "nixpacks"
    assert program.read_bytes() == TRUE.read_bytes()
    assert program.stat().st_mode & 0o777 == 0o755
    assert run(ensure_tool(NIXPACKS, tmp_path, [site.source()], log)) == program
    assert len(site.asked) == 1
    assert left_in(tmp_path) == {program.parent.name}
    assert any("fetching" in line for line in log.lines)


def test_two_jobs_at_once_fetch_it_once(site: Site, tmp_path: Path) -> None:
    site.content = archive()

    async def both() -> list[Path]:
        jobs = (ensure_tool(NIXPACKS, tmp_path, [site.source()], Lines()) for _ in range(2))
        return list(await asyncio.gather(*jobs))

    first, second = run(both())
    assert first == second
    assert len(site.asked) == 1


def test_a_program_may_be_offered_without_an_archive(site: Site, tmp_path: Path) -> None:
    site.content = TRUE.read_bytes()
    assert run(ensure_tool(PACK, tmp_path, [site.source("pack")], Lines())).name == "pack"


def test_another_checksum_installs_nothing(site: Site, tmp_path: Path) -> None:
    site.content = archive()
    with pytest.raises(DeploymentFailed) as failed:
        run(ensure_tool(NIXPACKS, tmp_path, [site.source(sha256="a" * 64)], Lines()))
    assert hashlib.sha256(site.content).hexdigest() in failed.value.problem.why
    assert "a" * 64 in failed.value.problem.why
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive("other"), "no file called nixpacks"),
        (b"<html>not here</html>", "archive cannot be used"),
        (archive(content=b"#!/bin/sh\n"), "no Linux program"),
    ],
)
def test_what_is_no_program_for_this_machine_is_refused(site: Site, tmp_path: Path, content: bytes, says: str) -> None:
    site.content = content
    with pytest.raises(DeploymentFailed) as failed:
        run(ensure_tool(NIXPACKS, tmp_path, [site.source()], Lines()))
    assert says in str(failed.value)
    assert left_in(tmp_path) == set()


def test_a_program_for_another_architecture_is_refused(site: Site, tmp_path: Path) -> None:
    foreign = bytearray(TRUE.read_bytes())
    foreign[18:20] = (0xF3).to_bytes(2, "little")  # RISC-V
    site.content = archive(content=bytes(foreign))
    with pytest.raises(DeploymentFailed) as failed:
        run(ensure_tool(NIXPACKS, tmp_path, [site.source()], Lines()))
    assert platform.machine() in failed.value.problem.why


def test_an_address_that_does_not_answer_is_named(site: Site, tmp_path: Path) -> None:
    site.status = 404
    with pytest.raises(Unreachable) as failed:
        run(ensure_tool(NIXPACKS, tmp_path, [site.source()], Lines()))
    assert "404" in failed.value.problem.why
    source = ToolSource("nixpacks", "http://127.0.0.1:1/x.tar.gz", "a" * 64)
    with pytest.raises(Unreachable) as failed:
        run(ensure_tool(NIXPACKS, tmp_path, [source], Lines()))
    assert "refused" in failed.value.problem.why.lower()
    assert "tools" in failed.value.problem.next_step


def test_the_official_file_fits_the_machine_and_is_pinned() -> None:
    for tool in (NIXPACKS, PACK):
        for machine in ("x86_64", "aarch64"):
            folder, asset = wanted_asset(tool, [], machine)
            assert folder == f"{tool.name}-{tool.version}"
            assert tool.version in asset.url
            assert asset.url.startswith("https://")
            assert len(bytes.fromhex(asset.sha256)) == 32
        with pytest.raises(DeploymentFailed):
            wanted_asset(tool, [], "riscv64")


def test_a_source_of_the_settings_goes_before_the_official_one() -> None:
    source = ToolSource("pack", "http://mirror.test/pack.tgz", "AB" * 32)
    folder, asset = wanted_asset(PACK, [source], "riscv64")
    assert folder == f"pack-{'ab' * 8}"
    assert asset.url == source.url
    assert wanted_asset(NIXPACKS, [source], "x86_64")[0] == "nixpacks-1.41.0"


def test_this_machines_own_programs_are_known() -> None:
    assert machine_of(TRUE) == platform.machine()
