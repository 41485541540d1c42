"""Commands against a real sshd on loopback."""

import json

import pytest

from tests.unit.cli.conftest import in_terminal
from tests.unit.remote.loopback_sshd import Sshd, can_run

pytestmark = pytest.mark.skipif(not can_run(), reason="needs root and sshd (apt-get install openssh-server)")


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    sshd = Sshd(tmp_path_factory.mktemp("sshd")).start()
    yield sshd
    sshd.stop()


@pytest.fixture
def address(sshd):
    return ["server", "add", f"root@127.0.0.1:{sshd.port}", "--name", "box", "--identity-file", str(sshd.user_key)]


def test_an_unknown_host_key_is_refused_where_nobody_can_be_asked(godploy, address, sshd):
    done = godploy(*address)
    assert done.returncode == 5, done.stderr
    assert sshd.fingerprint() in done.stderr


def test_the_named_host_key_is_trusted_from_then_on(godploy, address, sshd):
    done = godploy(*address, "--accept-host-key", sshd.fingerprint(), "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "step"
    assert events[-1]["name"] == "box"
    assert events[-1]["finding"]["user"] == "root"
    assert events[-1]["finding"]["can_administer"] is True
    assert events[-1]["finding"]["is_bootstrapped"] is False
    status = godploy("server", "status")
    assert status.returncode == 10, "no agent runs there"
    assert "godploy server bootstrap box" in status.stdout


def test_another_host_key_than_the_named_one_is_refused(godploy, address):
    done = godploy(*address, "--accept-host-key", "SHA256:" + "A" * 43)
    assert done.returncode != 0
    assert "another host key" in done.stderr
    assert json.loads(godploy("server", "list", "--json").stdout) == []


def test_a_person_is_shown_the_fingerprint_and_may_trust_it(environment, address, sshd):
    said, code = in_terminal(environment, address, {"Trust it from now on? [y/N] ": "y\n"})
    assert code == 0, said
    assert sshd.fingerprint() in said


def test_without_an_agent_there_the_next_step_is_bootstrap(godploy, address, sshd):
    godploy(*address, "--accept-host-key", sshd.fingerprint())
    done = godploy("project", "list", "--json")
    assert done.returncode in (6, 10), done.stdout
    assert json.loads(done.stdout)["problem"]["next_step"]


def test_docker_host_runs_a_command_with_the_servers_docker(godploy, address, sshd):
    godploy(*address, "--accept-host-key", sshd.fingerprint())
    done = godploy("server", "docker-host", "box", "--", "sh", "-c", 'test -S "${DOCKER_HOST#unix://}" && exit 42')
    assert done.returncode == 42, done.stderr
