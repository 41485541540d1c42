import asyncio
from pathlib import Path

import pytest

from godploy_desktop.core.this_computer import check_docker, docker_socket

pytestmark = pytest.mark.asyncio


async def answering(path, answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    return await asyncio.start_unix_server(serve, str(path))


async def test_a_docker_that_answers_is_found_with_its_version(tmp_path):
    answer = b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"Version": "26.1.5"}'
    async with await answering(tmp_path / "docker.sock", answer):
        check = await check_docker(tmp_path / "docker.sock")
    assert check.works
    assert check.version == "26.1.5"


async def test_an_absent_docker_is_a_problem_with_a_next_step(tmp_path):
    check = await check_docker(tmp_path / "nothing.sock")
    assert not check.works
    assert check.problem.code in ("docker-absent", "docker-not-running")
    assert check.problem.next_step


async def test_something_else_on_the_socket_is_not_taken_for_docker(tmp_path):
    async with await answering(tmp_path / "docker.sock", b"HTTP/1.0 404 Not Found\r\n\r\n"):
        check = await check_docker(tmp_path / "docker.sock")
    assert check.problem.code == "docker-silent"
    assert "404" in check.problem.why


async def test_docker_host_is_followed_only_to_a_unix_socket():
    assert docker_socket({"DOCKER_HOST": "unix:///run/user/1/docker.sock"}) == Path("/run/user/1/docker.sock")
    assert docker_socket({"DOCKER_HOST": "tcp://10.0.0.1:2375"}) == Path("/var/run/docker.sock")
    assert docker_socket({}) == Path("/var/run/docker.sock")
