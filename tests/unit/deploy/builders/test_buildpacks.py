"""pack: its command line, its process types, and the socket that completes what it asks of Docker."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from godploy_server.contract import AgentSettings, BuildpacksBuilder
from godploy_server.deploy.builders.builder import BuildVariables, Result, Work
from godploy_server.deploy.builders.buildpacks import (
    described,
    is_trusted,
    known_images,
    pack_arguments,
    process_types,
    remove_leftovers,
)
from godploy_server.deploy.builders.pack_api import BUILD_LABEL, completed, pack_api
from godploy_server.runtime.docker_client import DockerClient, docker_socket
from tests.unit.deploy.builders.test_docker_build import Lines
from tests.unit.deploy.conftest import has_images, run


def a_work(folder: Path, builder: BuildpacksBuilder, variables: BuildVariables) -> Work:
    result = Result("godploy/s1:2", {}, folder / "id", 60, previous="godploy/s1:1", build_id="d1")
    return Work(
        folder, folder, "s1", 8080, builder, AgentSettings(), variables, Lines(), Path("/d.sock"), folder, result=result
    )


def test_variables_and_secrets_are_named_and_their_values_are_in_no_argument(tmp_path: Path) -> None:
    builder = BuildpacksBuilder("heroku/builder:24", ("heroku/python@1", "heroku/procfile"), "worker")
    work = a_work(tmp_path, builder, BuildVariables({"NOTE": "visible"}, {"TOKEN": "hush"}))
    words = pack_arguments(builder, work, "godploy/s1:2-packed")
    assert words == [
        "build", "godploy/s1:2-packed", "--path", str(tmp_path), "--builder", "heroku/builder:24", "--no-color",
        "--pull-policy", "if-not-present", "--docker-host", "unix:///d.sock",
        "--cache", "type=build;format=volume;name=godploy-s1-pack-build",
        "--cache", "type=launch;format=volume;name=godploy-s1-pack-launch",
        "--trust-builder", "--buildpack", "heroku/python@1", "--buildpack", "heroku/procfile",
        "--default-process", "worker", "--env", "NOTE", "--env", "TOKEN", "--previous-image", "godploy/s1:1",
    ]  # fmt: skip


def test_only_builder_images_that_pack_suggests_are_trusted() -> None:
    for image in ("paketobuildpacks/builder-jammy-base", "docker.io/heroku/builder:24", "gcr.io/buildpacks/builder:v1"):
        assert is_trusted(image)
    for image in ("evil/paketobuildpacks/builder", "example.org/heroku/builder", "builder"):
        assert not is_trusted(image)


def test_the_process_types_of_a_procfile_are_told(tmp_path: Path) -> None:
    types = process_types("web: python app.py --port $PORT\n# no\nworker:  celery -A x\n\nbad line\n")
    assert types == {"web": "python app.py --port $PORT", "worker": "celery -A x"}
    builder = BuildpacksBuilder("example.org/own")
    text = described(builder, {"worker": "x"}, a_work(tmp_path, builder, BuildVariables({"N": "v"}, {"T": "h"})))
    assert "Process worker: x" in text
    assert "no process web" in text
    assert "Not a known builder image" in text
    assert "Secrets of the build: T" in text
    assert "h" not in text.splitlines()


def test_a_container_is_completed_and_keeps_what_it_had() -> None:
    body = {"Image": "x", "Labels": {"a": "b"}, "HostConfig": {"Binds": ["v:/v"]}}
    made = completed(body, {BUILD_LABEL: "d1"}, "/group")
    assert made == {
        "Image": "x",
        "Labels": {"a": "b", BUILD_LABEL: "d1"},
        "HostConfig": {"Binds": ["v:/v"], "CgroupParent": "/group"},
    }
    assert completed({}, {}, "")["HostConfig"] == {}


class Docker:
    """A socket that answers every request alike and keeps what it got."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.got: list[bytes] = []

    async def __aenter__(self) -> Docker:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next((int(each.split(b":")[1]) for each in head.split(b"\r\n") if each.startswith(b"Content-Length")), 0)
        self.got.append(head + await reader.readexactly(size))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()


async def ask(path: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


@pytest.mark.parametrize("is_chunked", [False, True])
def test_pack_asks_for_a_container_and_docker_gets_it_with_label_and_group(tmp_path: Path, *, is_chunked: bool) -> None:
    body = json.dumps({"Image": "pack.local/builder/6162:latest", "Env": ["A=b"]}).encode()
    framed = b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    if is_chunked:
        framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    images: list[str] = []

    async def story() -> tuple[bytes, bytes]:
        async with Docker(tmp_path / "docker.sock") as docker:
            ours = tmp_path / "pack.sock"
            async with pack_api(ours, docker.path, {BUILD_LABEL: "d1"}, "/group", images.append):
                answer = await ask(ours, b"POST /v1.44/containers/create?name=x HTTP/1.1\r\nHost: d\r\n" + framed)
            return answer, docker.got[0]

    answer, got = run(story())
    assert answer.startswith(b"HTTP/1.1 201")
    head, _, sent = got.partition(b"\r\n\r\n")
    told: dict[str, Any] = json.loads(sent)
    assert told["Labels"] == {BUILD_LABEL: "d1"}
    assert told["HostConfig"]["CgroupParent"] == "/group"
    assert told["Env"] == ["A=b"]
    assert b"Connection: close" in head
    assert images == ["pack.local/builder/6162"]


def test_other_requests_pass_as_they_are(tmp_path: Path) -> None:
    async def story() -> bytes:
        async with Docker(tmp_path / "docker.sock") as docker:
            ours = tmp_path / "pack.sock"
            async with pack_api(ours, docker.path, {}, "", lambda _: None):
                await ask(ours, b"POST /v1.44/images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc")
            return docker.got[0]

    assert run(story()).endswith(b"\r\n\r\nabc")


@pytest.mark.lab
def test_through_the_socket_a_real_docker_makes_a_marked_container_that_is_found_again(tmp_path: Path) -> None:
    if not has_images("python:3.12-slim"):
        pytest.skip("needs a Docker that has python:3.12-slim (python -m tests.lab up --local-images makes it)")
    build_id = f"test-{tmp_path.name}"

    async def story() -> tuple[str, str, str]:
        ours = tmp_path / "pack.sock"

        async def docker(*words: str) -> str:
            process = await asyncio.create_subprocess_exec(
                "docker", "-H", f"unix://{ours}", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            output, errors = await process.communicate()
            assert process.returncode == 0, errors
            return output.decode().strip()

        async with pack_api(ours, docker_socket(), {BUILD_LABEL: build_id}, "", lambda _: None):
            said = await docker("run", "--rm", "python:3.12-slim", "echo", "hello")
            made = await docker("create", "python:3.12-slim", "sleep", "60")
            await docker("start", made)
            label = await docker("inspect", made, "--format", f'{{{{index .Config.Labels "{BUILD_LABEL}"}}}}')
            await remove_leftovers(DockerClient(docker_socket()), build_id, set())
            return said, label, await docker("ps", "-aq", "--filter", f"label={BUILD_LABEL}={build_id}")

    assert run(story()) == ("hello", build_id, "")


def test_what_pack_made_for_itself_is_known_from_the_builds_folder(tmp_path: Path) -> None:
    assert known_images(tmp_path) == set()
    (tmp_path / "pack-images").write_text("pack.local/builder/61\npack.local/builder/62\n")
    assert known_images(tmp_path) == {"pack.local/builder/61", "pack.local/builder/62"}
