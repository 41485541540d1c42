"""`godploy git host-keys` and the questions about a git host, with a real agent and a real SSH server."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.agent_here import agent_here, environment_here
from tests.unit.cli.conftest import in_terminal
from tests.unit.deploy.conftest import free_port
from tests.unit.deploy.ssh_host import serving

OTHER = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


@pytest.fixture
def environment(environment, tmp_path):
    return environment_here(environment, tmp_path)


@pytest.fixture
def ssh_host(tmp_path):
    with serving(tmp_path / "sshd", free_port()) as host:
        yield host


@pytest.fixture
def agent(environment, godploy, ssh_host):
    with agent_here(environment, ssh_host.url(Path("/srv/shop.git"))) as made:
        assert godploy("server", "add", "this-computer").returncode == 0
        yield made


def refused(done, code, *words):
    assert done.returncode == code, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for each in words:
        assert each in said
    return said


def test_a_host_key_is_trusted_by_its_fingerprint_and_a_changed_one_only_after_it_was_forgotten(
    godploy, agent, ssh_host
):
    address = f"127.0.0.1:{ssh_host.port}"
    shown = json.loads(godploy("git", "host-keys", "scan", address, "--json").stdout)
    assert (shown["state"], shown["offered"][0]["fingerprint"]) == ("unknown", ssh_host.fingerprint)
    refused(godploy("git", "host-keys", "trust", address), 11, ssh_host.fingerprint, "--fingerprint")
    refused(godploy("git", "host-keys", "trust", address, "--fingerprint", OTHER), 4, OTHER, ssh_host.fingerprint)
    assert godploy("git", "host-keys", "trust", address, "--fingerprint", ssh_host.fingerprint).returncode == 0
    assert "already" in godploy("git", "host-keys", "trust", address).stdout
    listed = godploy("git", "host-keys", "list").stdout.splitlines()
    assert any(address in line and ssh_host.fingerprint in line and "by " in line for line in listed)
    assert any("github.com" in line and OTHER in line and "https://docs.github.com" in line for line in listed)

    ssh_host.add_key()
    shown = json.loads(godploy("git", "host-keys", "scan", address, "--json").stdout)
    assert shown["state"] == "known"
    second = next(each["fingerprint"] for each in shown["offered"] if each["key_type"] == "ssh-rsa")
    refused(godploy("git", "host-keys", "trust", address, "--fingerprint", second), 4, "forget")

    old = ssh_host.fingerprint
    ssh_host.change_key()
    assert "another key" in godploy("git", "host-keys", "scan", address).stdout
    refused(godploy("git", "host-keys", "trust", address), 4, old, ssh_host.fingerprint, "forget")
    assert old in godploy("git", "host-keys", "forget", address).stdout
    refused(godploy("git", "host-keys", "forget", address), 3)
    refused(godploy("git", "host-keys", "trust", "https://git.test/a"), 2)


def test_a_deployment_and_a_service_ask_about_a_host_or_take_a_fingerprint(godploy, environment, agent, ssh_host):
    refused(godploy("service", "check-source", "shop/web"), 11, "host-keys trust")
    refused(godploy("deploy", "shop/web", "--trust-host-key", OTHER), 4, OTHER, ssh_host.fingerprint)
    shown, code = in_terminal(environment, ["deploy", "shop/web"], {"[y/N]": "n\n"})
    assert code == 11
    assert ssh_host.fingerprint in shown
    assert json.loads(godploy("deployments", "shop/web", "--json").stdout) == []

    url = ssh_host.url(Path("/srv/other.git"))
    changed = godploy("service", "change", "shop/web", "--git", url)
    assert f"godploy git host-keys trust {url}" in changed.stderr, "changed all the same"
    shown, code = in_terminal(
        environment, ["service", "create", "shop/api", "--git", url, "--port", "80"], {"[y/N]": "y\n"}
    )
    assert code == 0
    assert "Created shop/api" in shown
    assert "is not known" not in shown
    refused(godploy("service", "check-source", "shop/api"), 7, "deploy key")
    more = godploy(
        "service", "create", "shop/docs", "--git", url, "--port", "80", "--trust-host-key", ssh_host.fingerprint
    )
    assert more.returncode == 0, more.stderr
