from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import struct
import subprocess
import threading
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_server.contract import NotReady
from godploy_server.runtime.docker_client import (
    DockerClient,
    DockerRefused,
    choose_api_version,
    demultiplex,
    docker_socket,
    with_tag,
)

SPOKEN = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=50)), max_size=20)


@given(SPOKEN, st.integers(1, 60))
def test_frames_are_found_however_the_stream_is_cut(spoken: list[tuple[str, bytes]], size: int) -> None:
    whole = b"".join(struct.pack(">BxxxI", 1 if name == "stdout" else 2, len(text)) + text for name, text in spoken)

    async def chunks() -> AsyncIterator[bytes]:
        for position in range(0, len(whole), size):
            yield whole[position : position + size]

    async def collect() -> list[tuple[str, bytes]]:
        return [frame async for frame in demultiplex(chunks())]

    assert asyncio.run(collect()) == spoken


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [
        ("1.41", "1.12", "1.41"),
        ("1.45", "1.24", "1.44"),
        ("1.52", "1.44", "1.44"),
        ("1.60", "1.50", "1.50"),
        ("1.9", "", "1.24"),
    ],
)
def test_the_api_version_suits_old_and_new_daemons(newest: str, oldest: str, spoken: str) -> None:
    assert choose_api_version(newest, oldest) == spoken


def test_an_image_without_a_tag_means_its_latest_and_not_all() -> None:
    assert with_tag("hub.test:5000/redis") == "hub.test:5000/redis:latest"
    assert with_tag("redis:7") == "redis:7"
    assert with_tag("redis@sha256:00") == "redis@sha256:00"


def test_the_socket_is_the_one_that_docker_host_names() -> None:
    assert docker_socket({}) == Path("/var/run/docker.sock")
    assert docker_socket({"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}) == Path("/run/user/1000/docker.sock")
    assert docker_socket({"DOCKER_HOST": "tcp://10.0.0.1:2375"}) == Path("/var/run/docker.sock")


def test_a_missing_docker_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as refusal:
        asyncio.run(DockerClient(tmp_path / "docker.sock").version())
    assert "not installed or not started" in refusal.value.problem.why


class _Daemon(BaseHTTPRequestHandler):
    """The few answers that a real daemon cannot be made to give on demand."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/version":
            self._answer(200, b'{"Version": "99.1", "ApiVersion": "1.60", "MinAPIVersion": "1.44"}')
        elif self.path.endswith("/hang"):
            threading.Event().wait(3)
        elif self.path.endswith("/broken"):
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhal")
        elif self.path.endswith("/lines"):
            self._answer(200, b'{"a": 1}\r\n\r\n{"a"')
        else:
            self._answer(200, self.path.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def address_string(self) -> str:
        return "client"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def odd_daemon(tmp_path: Path):
    server = ThreadingUnixStreamServer(str(tmp_path / "odd.sock"), _Daemon)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield DockerClient(tmp_path / "odd.sock")
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_carry_the_negotiated_version_and_encoded_filters(odd_daemon: DockerClient) -> None:
    said = asyncio.run(odd_daemon.request("GET", "/x y", {"filters": {"label": ["a=b"]}}))
    assert said == "/v1.44/x%20y?filters=%7B%22label%22%3A+%5B%22a%3Db%22%5D%7D"


def test_a_daemon_that_hangs_or_breaks_off_is_not_ready(odd_daemon: DockerClient) -> None:
    with pytest.raises(NotReady, match="longer than"):
        asyncio.run(odd_daemon.request("GET", "/hang", timeout_s=0.2))
    with pytest.raises(NotReady, match="broke off"):
        asyncio.run(odd_daemon.request("GET", "/broken"))


def test_whole_lines_are_passed_on_before_a_cut_one_is_reported(odd_daemon: DockerClient) -> None:
    found: list[object] = []

    async def collect() -> None:
        async for line in odd_daemon.lines("GET", "/lines"):
            found.append(line)  # noqa: PERF401  what came before the error is what is looked at

    with pytest.raises(NotReady, match="broke off"):
        asyncio.run(collect())
    assert found == [{"a": 1}]


@pytest.fixture
def docker() -> DockerClient:
    inspect = ["docker", "image", "inspect", "busybox"]
    if shutil.which("docker") is None or subprocess.run(inspect, capture_output=True, check=False).returncode:
        pytest.skip("needs a Docker that has busybox (python -m tests.lab up --local-images)")
    return DockerClient(docker_socket(os.environ))


@pytest.mark.lab
def test_a_real_daemons_refusal_keeps_its_status_and_words(docker: DockerClient) -> None:
    with pytest.raises(DockerRefused) as refusal:
        asyncio.run(docker.request("GET", "/containers/no-such-container/json"))
    assert refusal.value.http_status == 404
    assert "no-such-container" in refusal.value.problem.why


@pytest.mark.lab
def test_both_streams_of_a_real_container_are_told_apart_and_events_arrive(docker: DockerClient) -> None:
    async def story() -> tuple[list[tuple[str, bytes]], str]:
        command = ["sh", "-c", "echo out; sleep 0.1; echo err >&2"]
        made = await docker.request("POST", "/containers/create", body={"Image": "busybox", "Cmd": command})
        container = made["Id"]
        try:
            filters = {"container": [container]}
            async with contextlib.aclosing(docker.lines("GET", "/events", {"filters": filters})) as events:
                coming = asyncio.ensure_future(events.__anext__())
                await asyncio.sleep(0.3)
                await docker.request("POST", f"/containers/{container}/start")
                event = await asyncio.wait_for(coming, 20)
            await docker.request("POST", f"/containers/{container}/wait")
            return [frame async for frame in docker.log_frames(container)], event["Action"]
        finally:
            await docker.request("DELETE", f"/containers/{container}", {"force": "1"})

    frames, action = asyncio.run(story())
    assert frames == [("stdout", b"out\n"), ("stderr", b"err\n")]
    assert action == "start"
