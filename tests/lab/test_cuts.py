"""Cut connections, frozen servers, killed agents: the deployment ends as the truth says, and the service serves."""

import secrets
import time
from collections.abc import Callable

import pytest

from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, Godploy, Shop, open_shop, soon

STEPS = ("fetch", "build", "release", "start", "probe", "switch", "drain", "settle")
SLOW_BUILD = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN sleep 5\nUSER 65534\nCMD ["python", "-u", "app.py"]\n'


@pytest.fixture
def open_slow_shop(bootstrapped_server: Server, godploy: Godploy, repository: Repository) -> Callable[[], Shop]:
    """A shop whose version 1 serves and whose version 2, pushed already, takes some seconds to build."""

    def open_it() -> Shop:
        shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "2", "--settle", "2")
        shop.deploy()
        shop.push("2", Dockerfile=SLOW_BUILD, never=secrets.token_hex())  # built by no test before: not in the cache
        return shop

    return open_it


def test_a_deployment_ends_on_the_server_when_every_connection_is_cut(
    open_slow_shop: Callable[[], Shop], bootstrapped_server: Server, godploy: Godploy
) -> None:
    shop = open_slow_shop()
    following = godploy.start("deploy", SHOP)
    soon(lambda: shop.deployments()[0]["state"] == "running")
    bootstrapped_server.cut_connections()
    output, _ = following.communicate(timeout=120)
    soon(lambda: shop.serves("2"), 60)
    soon(lambda: shop.deployments()[0]["state"] == "succeeded", 60)
    assert following.returncode == 0, output


def test_a_frozen_sshd_is_noticed_and_the_deployment_goes_on(
    open_slow_shop: Callable[[], Shop], bootstrapped_server: Server, godploy: Godploy
) -> None:
    shop = open_slow_shop()
    following = godploy.start("deploy", SHOP)
    soon(lambda: shop.deployments()[0]["state"] == "running")
    with bootstrapped_server.frozen_sshd():
        soon(lambda: shop.serves("2"), 90)
        time.sleep(12)
    output, _ = following.communicate(timeout=120)
    assert following.returncode == 0, output
    assert shop.deployments()[0]["state"] == "succeeded"


def test_everything_killed_at_each_step_leaves_the_old_or_the_new_release_serving(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1", "--settle", "1")
    shop.deploy()
    serving = "1"
    for step in STEPS:
        shop.push(step, never=secrets.token_hex())  # built by no test before: not in the cache
        _pause_at(bootstrapped_server, step)
        following = soon(lambda: godploy.start("deploy", SHOP))
        try:
            soon(lambda: _step_of(shop) == step, 60, 0.1)  # noqa: B023  asked in this round only
        finally:
            _pause_at(bootstrapped_server, "")
        # the agent and its job both, as a power cut of the service would: systemd starts the agent again
        bootstrapped_server.inside("systemctl", "kill", "-s", "KILL", "godploy-agent.service")
        following.communicate(timeout=120)
        ended = soon(lambda: _ended(shop), 60)
        is_new = shop.serves(step)
        assert is_new or shop.serves(serving), f"{serving} served when it was killed at {step}"
        assert (ended["state"], is_new) in {("succeeded", True), ("interrupted", False), ("interrupted", True)}, step
        if ended["state"] == "interrupted":
            assert "release" in ended["problem"]["what"] + ended["problem"]["why"], step
        assert shop.service()["state"] == "running", step
        names = bootstrapped_server.run("docker ps --format '{{.Names}}' --filter label=godploy.service").split()
        assert len(names) == 1, step
        serving = f"after-{step}"
        shop.push(serving)
        shop.deploy()
        assert shop.serves(serving)


def test_only_the_agent_killed_the_job_goes_on_and_is_adopted(
    open_slow_shop: Callable[[], Shop], bootstrapped_server: Server, godploy: Godploy
) -> None:
    shop = open_slow_shop()
    following = godploy.start("deploy", SHOP)
    soon(lambda: _step_of(shop) == "build")
    bootstrapped_server.inside("systemctl", "kill", "-s", "KILL", "--kill-whom=main", "godploy-agent.service")
    following.communicate(timeout=120)
    soon(lambda: shop.deployments()[0]["state"] == "succeeded", 60)
    assert shop.serves("2")


def test_a_reboot_brings_everything_back(open_slow_shop: Callable[[], Shop], bootstrapped_server: Server) -> None:
    shop = open_slow_shop()
    bootstrapped_server.reboot()
    soon(lambda: shop.serves("1"), 90)
    soon(lambda: shop.service()["state"] == "running", 60)


def _step_of(shop: Shop) -> str:
    newest = shop.deployments()[0]
    return str(newest["steps"][-1]["step"]) if newest["state"] == "running" and newest["steps"] else ""


def _ended(shop: Shop) -> dict[str, dict[str, str]] | None:
    newest = shop.deployments()[0]
    return None if newest["state"] in {"queued", "running"} else newest


def _pause_at(server: Server, step: str) -> None:
    """Make later jobs wait at a step until they are killed, so that a kill hits exactly that step; "" ends that."""
    folder = "/etc/systemd/system/godploy-agent.service.d"
    if step:
        server.write(f"{folder}/pause.conf", f"[Service]\nEnvironment=GODPLOY_PAUSE_AT={step}\n".encode())
        server.run("systemctl daemon-reload && systemctl restart godploy-agent")
    else:
        server.run(f"rm -rf {folder} && systemctl daemon-reload")
