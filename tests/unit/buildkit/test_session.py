"""The gRPC server of a session, asked by a real HTTP/2 client over a socket pair."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

from godploy_desktop.remote.buildkit.build import ImageBuild, build_query
from godploy_desktop.remote.buildkit.diff_copy import stat_message
from godploy_desktop.remote.buildkit.grpc_server import Call, GrpcError, GrpcServer, GrpcStatus
from godploy_desktop.remote.buildkit.protobuf import known, number, text
from godploy_desktop.remote.source_folder.follow import follow_links
from godploy_desktop.remote.source_folder.listing import list_folder

pytestmark = pytest.mark.asyncio
Handlers = dict[str, Callable[[Call], Awaitable[None]]]


class Client:
    """Asks one thing after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int) -> None:
        self.reader, self.writer = reader, writer
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.http.initiate_connection()
        self.http.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        writer.write(self.http.data_to_send())
        self.received = b""
        self.trailers: dict[str, str] = {}

    async def settle(self) -> None:
        """Until the server knows how much room there is."""
        while True:
            for event in self.http.receive_data(await self.reader.read(65536)):
                if isinstance(event, h2.events.SettingsAcknowledged) and event.changed_settings:
                    self.writer.write(self.http.data_to_send())
                    return
            self.writer.write(self.http.data_to_send())

    def begin(self, path: str, *messages: bytes) -> int:
        stream = self.http.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"), ("te", "trailers")]
        self.http.send_headers(stream, headers)
        content = b"".join(struct.pack(">BL", 0, len(each)) + each for each in messages)
        while content:
            self.http.send_data(stream, content[:16_384])
            content = content[16_384:]
        self.http.end_stream(stream)
        self.writer.write(self.http.data_to_send())
        return stream

    async def ask(self, path: str, *messages: bytes, gives_room: bool = True) -> list[bytes]:
        self.begin(path, *messages)
        while "grpc-status" not in self.trailers:
            for event in self.http.receive_data(await self.reader.read(65536)):
                if isinstance(event, h2.events.DataReceived):
                    self.received += event.data
                    if gives_room:
                        self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
                    self.trailers |= {str(name): str(value) for name, value in event.headers}
            self.writer.write(self.http.data_to_send())
        found, rest = [], self.received
        while rest:
            size = struct.unpack_from(">BL", rest)[1]
            found.append(rest[5 : 5 + size])
            rest = rest[5 + size :]
        return found


@asynccontextmanager
async def serving(handlers: Handlers, window: int = 65535) -> AsyncGenerator[tuple[Client, asyncio.Task[None]]]:
    ours, theirs = socket.socketpair()
    server = GrpcServer(*await asyncio.open_connection(sock=ours), handlers)
    task = asyncio.create_task(server.serve())
    client = Client(*await asyncio.open_connection(sock=theirs), window)
    await client.settle()
    try:
        yield client, task
    finally:
        client.writer.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def echo(call: Call) -> None:
    while (message := await call.receive()) is not None:
        await call.send(message)


async def test_messages_go_both_ways_whatever_their_size() -> None:
    messages = [b"", b"x", b"y" * 60_000]
    async with serving({"/echo": echo}) as (client, _):
        assert await client.ask("/echo", *messages) == messages
        assert client.trailers["grpc-status"] == "0"


async def test_what_is_not_offered_is_said_to_be_so() -> None:
    async with serving({}) as (client, _):
        assert await client.ask("/nothing", b"") == []
        assert client.trailers["grpc-status"] == "12"


async def test_an_error_reaches_the_caller_with_its_words() -> None:
    async def refuse(call: Call) -> None:
        raise GrpcError(GrpcStatus.NOT_FOUND, "no föö: 100%")

    async with serving({"/x": refuse}) as (client, _):
        await client.ask("/x", b"")
    assert client.trailers["grpc-status"] == "5"
    assert client.trailers["grpc-message"] == "no f%C3%B6%C3%B6: 100%25"


async def test_an_unexpected_error_of_ours_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async def stumble(call: Call) -> None:
        raise ValueError("a path of this computer")

    async with serving({"/x": stumble}) as (client, _):
        await client.ask("/x", b"")
    assert client.trailers["grpc-status"] == "2"
    assert "path" not in client.trailers["grpc-message"]
    assert "stumble" in caplog.text


async def test_a_caller_without_room_is_waited_for_and_its_end_ends_the_call() -> None:
    states = []

    async def much(call: Call) -> None:
        try:
            for _ in range(100):
                await call.send(b"z" * 10_000)
        except asyncio.CancelledError:
            states.append("ended")
            raise

    async with serving({"/much": much}, window=20_000) as (client, task):
        asking = asyncio.ensure_future(client.ask("/much", b"", gives_room=False))
        async with asyncio.timeout(60):
            while len(client.received) < 20_000:  # noqa: ASYNC110  bytes that come set no event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # for more, that should not come
        assert len(client.received) < 70_000
        asking.cancel()
        client.writer.close()
        await asyncio.wait_for(task, 60)
    assert states == ["ended"]


async def test_a_window_that_opens_lets_everything_through() -> None:
    async def much(call: Call) -> None:
        await call.send(*[b"z" * 10_000] * 50)

    async with serving({"/much": much}, window=1_000) as (client, _):
        assert await client.ask("/much", b"") == [b"z" * 10_000] * 50


async def test_a_listing_tells_files_as_go_does(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o755)
    (tmp_path / "run").write_text("12345")
    (tmp_path / "run").chmod(0o4755)
    (tmp_path / "way").symlink_to("run")
    folder, run, way = (known(stat_message(each)) for each in list_folder(tmp_path))
    assert number(folder[2]) == 1 << 31 | 0o755
    assert number(run[2]) == 1 << 23 | 0o755
    assert number(run[5]) == 5
    assert number(run[6]) == (tmp_path / "run").stat().st_mtime_ns
    assert number(way[2]) >> 27 == 1
    assert text(way[7]) == "run"
    assert 3 not in run  # owner and group are root's


async def test_links_are_followed_inside_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "real/deep/a.py").write_text("")
    (tmp_path / "short").symlink_to("real/deep")
    (tmp_path / "up").symlink_to("../../../etc/passwd")
    (tmp_path / "whole").symlink_to("/real")
    (tmp_path / "round").symlink_to("round")
    assert follow_links(tmp_path, ["short/a.py"]) == ["real/deep/a.py", "short"]
    assert follow_links(tmp_path, ["up"]) == ["etc/passwd", "up"]
    assert follow_links(tmp_path, ["whole/deep"]) == ["real/deep", "whole"]
    assert follow_links(tmp_path, ["round"]) == ["round"]
    assert follow_links(tmp_path, ["sh*"]) == ["real/deep", "sh*"]
    assert follow_links(tmp_path, ["missing/file"]) == ["missing/file"]
    assert follow_links(tmp_path, ["short", "."]) == []


async def test_the_query_of_a_build_holds_no_secret() -> None:
    build = ImageBuild(Path("/src"), Path("/src/sub/Other.Dockerfile"), "godploy/x:upload-1", "key")
    build = replace(build, arguments={"V": "1 & 2"}, secrets={"TOKEN": b"hush"}, target="web")
    query = build_query(build, "session-id")
    assert "dockerfile=Other.Dockerfile" in query
    assert "buildargs=%7B%22V%22%3A+%221+%26+2%22%7D" in query
    assert "target=web" in query
    assert "hush" not in query
    assert "TOKEN" not in query
