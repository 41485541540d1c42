import ast
import asyncio
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from godploy_server.agent.relay_probe import relay_version
from godploy_server.relay.handover import HandOver
from godploy_server.relay.head import Refused, parse_head
from godploy_server.relay.hook_files import HookFiles
from godploy_server.relay.receiving import Receiving
from godploy_server.relay.server import MAX_CONNECTIONS, RelayServer, _is_of_this_machine
from tests.unit.ports import free_port

ASK = b"GET /_godploy/health HTTP/1.1\r\nHost: a\r\n\r\n"


def ask(port, request=ASK, timeout=15.0):
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
    return received


def wait_until_answers(port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return ask(port)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the relay does not answer")


@pytest.fixture
def relay(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "godploy_server", "relay", "--run-dir", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    (tmp_path / "instance").write_text("abc123\n")
    (tmp_path / "relay-address").write_text(f"127.0.0.1:{port}\n")
    try:
        wait_until_answers(port)
        yield port, tmp_path, process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_health_is_told_with_the_instance(relay):
    port, _, _ = relay
    head, _, body = ask(port).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(body) == {"relay": "ok", "instance": "abc123"}
    assert b"godploy-relay-version: " in head  # this very machine asks
    assert ask(port, ASK.replace(b"GET", b"HEAD")).partition(b"\r\n\r\n")[2] == b""
    assert asyncio.run(relay_version(f"127.0.0.1:{port}")).count(".") == 2


def test_a_relay_that_moves_answers_at_its_new_address(relay):
    port, run_dir, _ = relay
    other = free_port()
    (run_dir / "relay-address").write_text(f"127.0.0.1:{other}\n")
    assert b"200 OK" in wait_until_answers(other)
    with pytest.raises(OSError, match="refused"):
        ask(port)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (ASK.replace(b"/_godploy/health", b"/_godploy/health?x=1"), b"200"),
        (ASK.replace(b"/_godploy/health", b"/_godploy/healthz"), b"404"),
        (ASK.replace(b"/_godploy/health", b"/v1/info"), b"404"),
        (ASK.replace(b"/_godploy/health", b"http://a/_godploy/health"), b"400"),
        (ASK.replace(b"GET", b"DELETE"), b"405"),
        (ASK.replace(b"HTTP/1.1", b"HTTP/2.0"), b"400"),
        (ASK.replace(b"Host: a", b"Host: a\r\nHost: b"), b"400"),
        (ASK.replace(b"Host: a", b"Host : a"), b"400"),
        (ASK.replace(b"Host: a", b"Host: a\r\n folded"), b"400"),
        (ASK.replace(b"Host: a", b"Content-Length: 5"), b"413"),
        (ASK.replace(b"Host: a", b"Transfer-Encoding: chunked"), b"413"),
        (ASK.replace(b"Host: a", b"Transfer-Encoding: gzip, chunked"), b"411"),
        (ASK.replace(b"Host: a", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), b"411"),
        (ASK.replace(b"Host: a", b"Transfer-Encoding: chunked\r\nContent-Length: 5"), b"400"),
        (ASK.replace(b"Host: a", b"Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0"), b"400"),
        (b"GET /_godploy/health HTTP/1.1\r\nx: " + b"y" * 20_000, b"431"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
    ],
)
def test_only_the_one_page_is_answered(relay, request_bytes, status):
    port, _, _ = relay
    assert ask(port, request_bytes).split(b" ")[1] == status


def test_slow_senders_are_cut_off_and_do_not_shut_others_out(relay):
    port, _, _ = relay
    slow = [socket.create_connection(("127.0.0.1", port), 15) for _ in range(MAX_CONNECTIONS // 2)]
    for each in slow:
        each.sendall(b"GET /_godploy/health HTTP/1.1\r\n")
    assert b"200 OK" in ask(port)
    for each in slow:
        assert b" 408 " in each.recv(4096) + b" "
        each.close()
    assert b"200 OK" in ask(port)


def test_more_senders_than_there_is_room_for_are_told_to_come_again(relay):
    port, _, _ = relay
    slow = [socket.create_connection(("127.0.0.1", port), 15) for _ in range(MAX_CONNECTIONS + 20)]
    answers = [each.recv(4096) for each in reversed(slow)]  # those that have room hear 408 in the end
    refused = [each for each in answers if b" 503 " in each]
    assert refused
    assert all(b"retry-after: " in each for each in refused)
    assert sum(b" 408 " in each for each in answers) >= MAX_CONNECTIONS // 2
    for each in slow:
        each.close()
    deadline = time.monotonic() + 20
    while b"200 OK" not in ask(port):
        assert time.monotonic() < deadline


@given(st.binary(max_size=300))
@hypothesis_settings(deadline=None)
def test_whatever_is_sent_is_a_head_or_refused(sent):
    try:
        head = parse_head(sent + b"\r\n\r\n")
    except Refused as refusal:
        assert refusal.status in (400, 411)  # noqa: PT017  which statuses, not only that it is refused
    else:
        assert head.path.startswith("/")
        assert sent.startswith(head.method.encode())


def test_no_instance_is_no_health(tmp_path):
    async def exchange():
        relay = RelayServer(
            lambda: "", "1.0.0", Receiving(HookFiles(tmp_path), HandOver(tmp_path / "x", tmp_path), tmp_path)
        )
        server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        answer = await asyncio.to_thread(ask, port)
        server.close()
        return answer

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 503")


def test_the_relay_loads_nothing_of_the_agent():
    code = "import sys, godploy_server.relay.run; print([m for m in sys.modules if m.startswith('godploy_server.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    rooms = {each.split(".")[1] for each in ast.literal_eval(loaded)}
    assert not rooms & {"agent", "state", "deploy", "runtime", "ingress", "access", "watch"}
    assert "relay" in rooms


def test_only_addresses_of_this_machine_are_its_own():
    assert _is_of_this_machine("127.0.0.1")
    assert not _is_of_this_machine("192.0.2.7")  # RFC 5737: nobody's
