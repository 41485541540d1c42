"""Host keys of git hosts: the server speaks to none that a person did not confirm."""

import json
from collections.abc import Iterator

import pytest

from godploy_server.contract import Conflict, DeploymentFailed, HostKeyChanged, HostKeyUnknown
from tests.lab.labkit.git_host import Door, GitHost, Repository
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy

PORT = 2022
QUICK = ("--port", "8080", "--health-path", "/healthz", "--drain", "1", "--settle", "0")


@pytest.fixture
def door(git_host: GitHost) -> Iterator[Door]:
    """The git host on another port, where its key may change."""
    opened = git_host.open_door(PORT)
    yield opened
    opened.close()


def refused(godploy: Godploy, *arguments: str) -> CommandRefused:
    with pytest.raises(CommandRefused) as raised:
        godploy(*arguments)
    return raised.value


def test_an_unknown_or_changed_git_host_is_refused_until_a_person_confirms_its_key(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository, door: Door
) -> None:
    address = f"{door.host}:{door.port}"
    godploy("project", "create", "shop")
    wrong = refused(
        godploy, "service", "create", SHOP, "--git", door.url(repository), *QUICK,
        "--trust-host-key", repository.host_key_fingerprint,
    )  # fmt: skip
    assert wrong.code == Conflict.exit_code
    assert door.host_key_fingerprint in wrong.errors
    assert godploy.json("service", "list") == []

    godploy("service", "create", SHOP, "--git", door.url(repository), *QUICK)
    repository.allow(godploy("service", "deploy-key", SHOP).strip())
    failed = refused(godploy, "deploy", SHOP)
    assert failed.code == DeploymentFailed.exit_code
    assert f"godploy git host-keys trust {address}" in failed.output + failed.errors
    (deployment,) = godploy.json("deployments", SHOP)
    assert deployment["problem"]["code"] == HostKeyUnknown.code
    assert deployment["problem"]["subject"] == f"[{door.host}]:{door.port}"
    assert refused(godploy, "service", "check-source", SHOP).code == HostKeyUnknown.exit_code
    scan = godploy.json("git", "host-keys", "scan", address)
    assert scan["state"] == "unknown"
    assert scan["offered"][0]["fingerprint"] == door.host_key_fingerprint

    godploy("git", "host-keys", "trust", address, "--fingerprint", door.host_key_fingerprint)
    found = godploy.json("service", "check-source", SHOP)
    assert found["commit"] == repository.head()
    assert "succeeded" in godploy("deploy", SHOP)

    old = door.host_key_fingerprint
    door.change_host_key()
    repository.commit({"VERSION": "2\n"}, "Version 2")
    refused(godploy, "deploy", SHOP)
    problem = godploy.json("deployments", SHOP)[0]["problem"]
    assert problem["code"] == HostKeyChanged.code
    assert old in problem["why"]
    assert door.host_key_fingerprint in problem["why"]
    assert json.loads(refused(godploy, "service", "check-source", SHOP, "--json").output)["problem"] == problem
    changed = refused(godploy, "git", "host-keys", "trust", address, "--fingerprint", door.host_key_fingerprint)
    assert changed.code == Conflict.exit_code

    godploy("git", "host-keys", "forget", address)
    godploy("deploy", SHOP, "--trust-host-key", door.host_key_fingerprint)
    (kept,) = [
        each for each in godploy.json("git", "host-keys", "list") if each["host"] == f"[{door.host}]:{door.port}"
    ]
    assert kept["fingerprint"] == door.host_key_fingerprint
    godploy("git", "host-keys", "forget", address)
    assert bootstrapped_server.run("ls /var/lib/godploy/keys/*/known_hosts 2>/dev/null || true") == ""
