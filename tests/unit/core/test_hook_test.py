"""Testing a hand-made webhook, against a real relay and against what may answer in its place."""

import asyncio
import contextlib
import http.server
import socket
import ssl
import subprocess
import threading
from dataclasses import replace

import pytest

from godploy_desktop.core.git.hook_test import send_test
from godploy_desktop.core.git.hook_words import host_words, outcome_words
from godploy_server.contract import (
    HOOKS_PATH,
    TEST_EVENT,
    CertificateState,
    Conflict,
    Delivery,
    DeliveryReceived,
    Domain,
    DomainId,
    Hook,
    HookEvent,
    HookHost,
    HookSecret,
    Verdict,
)
from tests.unit.core import example
from tests.unit.relay.test_deliveries import HOOK, SECRET, Agent, Relay

REAL = Delivery(
    "d1", example.WEB, example.START, HookEvent.PUSH, "push", "main", "a" * 40, "", "", Verdict.REFUSED,
    "its signature does not fit",
)  # fmt: skip


class AgentBehind:
    """Answers as a server's agent does; what the relay hands over becomes events."""

    def __init__(self, port, relay_agent=None, host=HookHost.GITHUB, hook=HOOK, secret=SECRET, domain=None):
        self._port, self._relay_agent, self._secret, self._domain = port, relay_agent, secret, domain
        self.kept = Hook(example.WEB, f"{HOOKS_PATH}{hook}", host, True, (), ())
        self.listed = (REAL,)

    async def hook(self, _service_id):
        return self.kept

    async def hook_secret(self, _service_id):
        return HookSecret(self.kept.path, self._secret)

    async def deliveries(self, _service_id):
        return self.listed

    async def info(self):
        return example.info(public_address="127.0.0.1", http_port=self._port, https_port=self._port)

    async def services(self):
        return (example.service(domains=(self._domain,) if self._domain else ()),)

    async def events(self):
        yield example.snapshot()
        seen = 0
        while True:
            for notice in self._relay_agent.notices[seen:] if self._relay_agent else ():
                seen += 1
                yield DeliveryReceived(replace(REAL, event=HookEvent(notice["event"]), event_name=notice["event_name"]))
            await asyncio.sleep(0.02)


class ServerOf:
    def __init__(self, agent):
        self.agent = agent


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relay")
    made = Relay(folder)
    made.agent = Agent(made.run_dir / "hooks" / "agent.sock")
    yield made
    made.stop()
    made.agent.close()


def result_of(agent):
    return asyncio.run(send_test(ServerOf(agent), example.WEB))


@pytest.mark.parametrize("host", list(HookHost))
def test_a_test_is_signed_as_each_kind_of_host_signs_and_is_believed(relay, host):
    hook = f"{list(HookHost).index(host)}" * 40
    relay.make_hook(hook, host.value)
    found = result_of(AgentBehind(relay.port, relay.agent, host, hook))
    assert found.problem is None, found
    assert found.address == f"http://127.0.0.1:{relay.port}{HOOKS_PATH}{hook}"
    notice = relay.agent.notices[-1]
    assert (notice["event"], notice["event_name"]) == ("ping", TEST_EVENT)
    assert "Reached and believed" in outcome_words(found)


def test_another_secret_is_said_to_be_one(relay):
    found = result_of(AgentBehind(relay.port, relay.agent, secret="another"))
    assert found.problem.what == "The test was not believed"
    assert "signature does not fit" in found.problem.why


def test_an_address_that_was_renewed_is_told_from_another_machine(relay):
    assert result_of(AgentBehind(relay.port, hook="f" * 40)).problem.code == "conflict"
    with answering(404, {"content-type": "text/plain"}, b"404 page not found") as port:
        problem = result_of(AgentBehind(port)).problem
    assert "Something else answers" in problem.what
    assert "404" in problem.why


def test_a_redirect_is_no_answer_for_a_git_host():
    with answering(308, {"location": "https://shop.example.com/"}) as port:
        problem = result_of(AgentBehind(port)).problem
    assert "https://shop.example.com/" in problem.why


def test_what_cannot_be_reached_says_whether_it_is_the_name_or_the_machine():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "cannot be reached" in result_of(AgentBehind(port)).problem.what
    unknown = Domain(DomainId("d"), example.WEB, "shop.invalid", "/", False, CertificateState.NONE)
    problem = result_of(AgentBehind(port, domain=unknown)).problem
    assert "No address is known for shop.invalid" in problem.what
    assert "DNS" in problem.why


def test_a_certificate_that_nobody_trusts_is_said_to_be_one(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
         "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    secure = Domain(DomainId("d"), example.WEB, "localhost", "/", True, CertificateState.VALID)
    with answering(202, {}, context=context) as port:
        problem = result_of(AgentBehind(port, domain=secure)).problem
    assert "certificate" in problem.what
    assert "self-signed" in problem.why.replace("self signed", "self-signed")


def test_the_webhook_of_an_application_is_not_tested_from_here(relay):
    agent = AgentBehind(relay.port)
    agent.kept = replace(agent.kept, shared="shared")
    with pytest.raises(Conflict):
        result_of(agent)


def test_beside_it_stands_what_the_host_itself_did_last(relay):
    agent = AgentBehind(relay.port, relay.agent)
    agent.listed = (replace(REAL, event_name=TEST_EVENT, verdict=Verdict.ANSWERED), REAL)
    last = result_of(agent).last
    assert last == REAL
    assert host_words(last, "2m ago") == (
        "The host's last delivery, 2m ago, was refused because its signature does not fit."
    )
    agent.listed = agent.listed[:1]
    assert host_words(result_of(agent).last, "") == "The host itself has not sent anything yet."


@contextlib.contextmanager
def answering(status, fields, body=b"", context=None):
    """Something that answers every POST like that; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {**fields, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    class Quiet(http.server.HTTPServer):
        def handle_error(self, _request, _address):
            pass  # a handshake that the other side ends is what is tested

    server = Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
