"""Host keys of git hosts and the check of a source, asked of a real agent."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

from godploy_server.contract import CONTRACT_VERSION
from godploy_server.deploy.git_hosts.scanning import CONNECT_S
from tests.unit.agent.conftest import UnixConnection, wait_for
from tests.unit.agent.test_plans import a_repository, a_service
from tests.unit.deploy.conftest import free_port
from tests.unit.deploy.ssh_host import serving

VERSION = {"Godploy-Contract": str(CONTRACT_VERSION), "Godploy-Actor": "ada"}


@pytest.fixture
def ssh_host(tmp_path):
    with serving(tmp_path / "sshd", free_port()) as host:
        yield host


def test_a_host_key_is_shown_confirmed_by_name_and_forgotten(agent, ssh_host):
    shipped = agent.get("/v1/git/host-keys")[1]
    assert {"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"} <= {each["host"] for each in shipped}
    assert {each["origin"] for each in shipped} == {"shipped"}

    status, scan = agent.post("/v1/git/host-keys/scan", {"address": ssh_host.url(Path("/srv/shop.git"))})
    assert status == 200, scan
    assert (scan["host"], scan["trusted"]) == (ssh_host.name, [])
    (offered,) = scan["offered"]
    assert offered["fingerprint"] == ssh_host.fingerprint

    body = {"address": scan["host"], "key": f"{offered['key_type']} {offered['key']}"}
    status, kept = agent.post("/v1/git/host-keys", body)
    assert (status, kept["trusted_by"], kept["origin"]) == (201, "ada", "confirmed")
    assert agent.post("/v1/git/host-keys", body)[1] == kept
    assert kept in agent.get("/v1/git/host-keys")[1]

    ssh_host.change_key()
    other = {"address": scan["host"], "key": ssh_host.key}
    assert agent.post("/v1/git/host-keys", other)[0] == 409
    assert agent.request("DELETE", f"/v1/git/host-keys/{kept['id']}")[1] == kept
    assert agent.request("DELETE", f"/v1/git/host-keys/{kept['id']}")[0] == 404
    assert agent.post("/v1/git/host-keys", other)[0] == 201
    assert agent.post("/v1/git/host-keys", {"address": "https://hub.test/a", "key": ssh_host.key})[0] == 400


def test_a_source_is_checked_before_it_is_deployed(agent, tmp_path):
    url = a_repository(tmp_path / "shop", {"Dockerfile": "FROM x\n"})
    service_id = a_service(agent, {"url": url})
    status, found = agent.post(f"/v1/services/{service_id}/source/check")
    assert status == 200, found
    head = subprocess.run(["git", "-C", tmp_path / "shop", "rev-parse", "HEAD"], capture_output=True, check=True)
    assert found["commit"] == head.stdout.decode().strip()
    lost = agent.request("PATCH", f"/v1/services/{service_id}", {
        "settings": {"source": {"kind": "git", "url": "ssh://git@hub.test:2222/shop.git"}}
    })  # fmt: skip
    assert lost[0] == 200
    status, answer = agent.post(f"/v1/services/{service_id}/source/check")
    assert (status, answer["problem"]["code"]) == (409, "host-key-unknown")
    assert answer["problem"]["subject"] == "[hub.test]:2222"


def test_looking_at_a_host_ends_when_nobody_waits_for_the_answer(agent):
    """A host that accepts and says nothing: without an end the scan would go on for its whole time limit."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        connection = UnixConnection(agent.paths.agent_socket)
        connection.request("POST", "/v1/git/host-keys/scan", f'{{"address": "127.0.0.1:{port}"}}', {**VERSION})
        wait_for(lambda: scanning(port))
        began = time.monotonic()
        connection.close()
        wait_for(lambda: not scanning(port))
        assert time.monotonic() - began < CONNECT_S  # after which it would have ended by itself
    assert agent.get("/v1/git/host-keys")[0] == 200


def scanning(port):
    return bool(subprocess.run(["pgrep", "-f", f"ssh-keyscan .*-p {port} "], capture_output=True, check=False).stdout)
