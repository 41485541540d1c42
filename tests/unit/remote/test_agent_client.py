from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from godploy_desktop.remote.agent_client import AgentClient
from godploy_desktop.remote.agent_lines import LogLines, split_lines
from godploy_server.contract import (
    CONTRACT_VERSION,
    CreateProject,
    DeploymentId,
    Heartbeat,
    LogLine,
    NotFound,
    Problem,
    Project,
    ProjectId,
    ServiceId,
    Unreachable,
    VersionMismatch,
    from_json,
    to_json,
)
from tests.unit.remote.waiting import until

AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
PROJECT = Project(ProjectId("p1"), "shop", "10.210.0.64/26", AT)

Answer = Callable[["FakeAgent", str, str, dict[str, str], bytes, asyncio.StreamWriter], Awaitable[None]]


class FakeAgent:
    """A peer on a real unix socket that answers each path as the test says, and counts."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Answer] = {}
        self.connections = 0
        self.open = 0
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, target, _ = head.split(" ", 2)
                fields = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
                headers = {name.lower(): value for name, _, value in fields}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.requests.append((method, target, headers, body))
                answer = self.answers.get(f"{method} {target}", b"404")
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(self, method, target, headers, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


def answered(value: object, status: int = 200, headers: str = "") -> bytes:
    content = json.dumps(value).encode()
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(content)}\r\n{headers}\r\n".encode() + content


def streamed(*chunks: bytes, ends: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + (b"0\r\n\r\n" if ends else b"")


async def take(stream: AsyncIterator[object], into: list[object]) -> None:
    async for each in stream:
        into.append(each)  # noqa: PERF401  what came before an error stays


@pytest_asyncio.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    agent = FakeAgent()
    async with await asyncio.start_unix_server(agent.serve, tmp_path / "agent.sock"):
        yield agent


@pytest.fixture
def client(agent: FakeAgent, tmp_path: Path) -> AgentClient:
    async def open_socket() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(tmp_path / "agent.sock"))
        sock.setblocking(False)
        return sock

    return AgentClient(open_socket, "Jörg@laptop\r\nevil: 1")


@pytest.mark.asyncio
async def test_calls_are_typed_and_share_a_connection(agent: FakeAgent, client: AgentClient) -> None:
    agent.answers["GET /v1/projects"] = answered([to_json(PROJECT)])
    agent.answers["POST /v1/projects"] = answered(to_json(PROJECT))
    assert await client.projects() == (PROJECT,)
    assert await client.create_project(CreateProject("shop")) == PROJECT
    assert agent.connections == 1
    assert json.loads(agent.requests[1][3]) == {"name": "shop"}


@pytest.mark.asyncio
async def test_each_call_says_who_asks_and_which_contract_is_spoken(agent: FakeAgent, client: AgentClient) -> None:
    agent.answers["GET /v1/projects"] = answered([])
    await client.projects()
    headers = agent.requests[0][2]
    assert headers["godploy-contract"] == str(CONTRACT_VERSION)
    assert headers["godploy-actor"] == "Jörg@laptopevil: 1"
    assert "evil" not in headers


@pytest.mark.asyncio
async def test_a_problem_of_the_agent_is_raised_as_what_it_is(agent: FakeAgent, client: AgentClient) -> None:
    problem = Problem("not-found", "There is no service x", "it was deleted", "Look at the list")
    agent.answers["GET /v1/services/a%2Fb"] = answered({"problem": to_json(problem)}, 404)
    with pytest.raises(NotFound) as raised:
        await client.service(ServiceId("a/b"))
    assert raised.value.problem == problem


@pytest.mark.asyncio
async def test_an_answer_of_another_contract_is_told_as_such(agent: FakeAgent, client: AgentClient) -> None:
    agent.answers["GET /v1/projects"] = answered([{"id": "p1", "colour": "red"}])
    with pytest.raises(VersionMismatch):
        await client.projects()


@pytest.mark.asyncio
async def test_a_kept_connection_that_died_is_replaced(agent: FakeAgent, client: AgentClient) -> None:
    async def once(
        agent: FakeAgent, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(answered([]))
        await writer.drain()
        writer.close()

    agent.answers["GET /v1/projects"] = once
    assert await client.projects() == ()
    await until(lambda: agent.open == 0)
    assert await client.projects() == ()
    assert agent.connections == 2


@pytest.mark.asyncio
async def test_a_change_whose_answer_is_lost_is_never_sent_twice(agent: FakeAgent, client: AgentClient) -> None:
    async def cut(
        agent: FakeAgent, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        writer.close()

    agent.answers["GET /v1/projects"] = answered([])
    agent.answers["POST /v1/projects"] = cut
    await client.projects()
    with pytest.raises(Unreachable):
        await client.create_project(CreateProject("shop"))
    assert [method for method, *_ in agent.requests] == ["GET", "POST"]


@pytest.mark.asyncio
async def test_an_agent_that_is_not_there_is_unreachable_with_words(tmp_path: Path) -> None:
    async def open_socket() -> socket.socket:
        raise ConnectionRefusedError("refused")

    with pytest.raises(Unreachable) as raised:
        await AgentClient(open_socket, "me").info()
    assert raised.value.problem.what
    assert raised.value.problem.next_step


@pytest.mark.asyncio
async def test_events_are_decoded_whatever_the_chunks_cut(agent: FakeAgent, client: AgentClient) -> None:
    line = json.dumps(to_json(Heartbeat(AT))).encode() + b"\n"
    agent.answers["GET /v1/events"] = streamed(line[:10], line[10:] + line, line)
    seen: list[object] = []
    with pytest.raises(Unreachable):  # the agent ended the stream: that is never the end of the events
        await take(client.events(), seen)
    assert seen == [Heartbeat(AT)] * 3


@pytest.mark.asyncio
async def test_a_stream_that_is_left_closes_its_connection_at_once(agent: FakeAgent, client: AgentClient) -> None:
    line = json.dumps(to_json(LogLine(AT, "r1-1", "stdout", "hello"))).encode() + b"\n"
    agent.answers["GET /v1/services/s/logs?tail=200&follow=1"] = streamed(line, ends=False)
    async with aclosing(client.logs(ServiceId("s"))) as lines:
        async for each in lines:
            assert each.text == "hello"
            break
        assert agent.open == 1
    await until(lambda: agent.open == 0)


@pytest.mark.asyncio
async def test_a_cancelled_stream_closes_its_connection_at_once(agent: FakeAgent, client: AgentClient) -> None:
    agent.answers["GET /v1/deployments/d/log?offset=5&follow=1"] = streamed(b"step", ends=False)

    async def follow() -> None:
        async for _ in client.deployment_log(DeploymentId("d"), offset=5):
            pass

    following = asyncio.create_task(follow())
    await until(lambda: agent.requests)
    assert agent.open == 1
    following.cancel()
    await asyncio.wait([following])
    await until(lambda: agent.open == 0)


@pytest.mark.asyncio
async def test_a_log_that_is_cut_is_not_taken_for_one_that_ended(agent: FakeAgent, client: AgentClient) -> None:
    async def cut(
        agent: FakeAgent, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(streamed(b"half", ends=False))
        await writer.drain()
        writer.close()

    agent.answers["GET /v1/deployments/d/log?offset=0&follow=1"] = cut
    agent.answers["GET /v1/deployments/e/log?offset=0&follow=1"] = streamed(b"whole")
    got: list[object] = []
    with pytest.raises(Unreachable):
        await take(client.deployment_log(DeploymentId("d")), got)
    assert got == [b"half"]
    assert [chunk async for chunk in client.deployment_log(DeploymentId("e"))] == [b"whole"]


@pytest.mark.asyncio
async def test_lines_come_whole_and_half_a_line_at_the_end_is_dropped() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"on", b"e\ntwo\n\nthr", b"ee\n", b"hal"):
            yield chunk

    assert [lines async for lines in split_lines(chunks())] == [[b"one", b"two"], [b"three"]]


def test_the_fast_way_reads_log_lines_as_the_strict_one() -> None:
    decode = LogLines()
    for text in ("plain", "\x1b[31mrot\x1b[0m", "ünï\u2028code", ""):
        line = LogLine(AT, "r3-1", "stderr", text)
        raw = json.dumps(to_json(line)).encode()
        assert decode(raw) == from_json(LogLine, json.loads(raw)) == line
