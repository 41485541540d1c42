"""The queue of a server: its order, who asked, and that it outlives the agent, Docker and the machine."""

import secrets
from typing import Any

from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, Godploy, Shop, open_shop, soon

WORKERS = ("shop/one", "shop/two")
KILL_AGENT = ("systemctl", "kill", "-s", "KILL", "--kill-whom=main", "godploy-agent.service")


def queue_of(godploy: Godploy) -> list[Any]:
    return list(godploy.json("queue"))


def newest(godploy: Godploy, service: str) -> Any:
    return godploy.json("deployments", service)[0]


def push_slow(shop: Shop, version: str) -> None:
    """A version whose build takes a minute and is in no cache."""
    dockerfile = 'FROM python:3.12-slim\nCOPY . .\nRUN sleep 60\nCMD ["python", "-u", "app.py"]\n'
    shop.push(version, Dockerfile=dockerfile, never=secrets.token_hex())


def ask_for_all(godploy: Godploy) -> None:
    """One deployment that runs, and one of each worker that waits."""
    godploy("deploy", SHOP, "--no-follow")
    soon(lambda: newest(godploy, SHOP)["steps"][-1]["step"] == "build", 60)
    for worker in WORKERS:
        godploy("deploy", worker, "--no-follow")


def test_what_waits_outlives_the_agent_docker_and_the_machine(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1", "--settle", "1")
    shop.deploy()
    for worker in WORKERS:
        command = "python -c 'import time; time.sleep(3600)'"
        image = ("--image", "python:3.12-slim", "--port", "none", "--command", command)
        godploy("service", "create", worker, *image, "--settle", "1", "--stop-grace", "1")
    push_slow(shop, "2")
    ask_for_all(godploy)
    table = godploy("queue")
    assert [line.split()[0:2] for line in table.splitlines()[2:4]] == [["1", WORKERS[0]], ["2", WORKERS[1]]]
    asked = queue_of(godploy)
    assert [each["queue_position"] for each in asked] == [None, 0, 1]
    assert all(each["asked_by"] for each in asked)

    bootstrapped_server.inside(*KILL_AGENT)
    again = soon(lambda: queue_of(godploy), 30)
    assert [each["id"] for each in again] == [each["id"] for each in asked]
    assert again[0]["state"] == "running", "its job went on and was adopted"

    bootstrapped_server.run("systemctl restart docker")
    soon(lambda: not queue_of(godploy), 120)
    ended = newest(godploy, SHOP)
    assert ended["state"] in {"failed", "interrupted"}
    assert ended["problem"]["why"]
    assert [newest(godploy, each)["state"] for each in WORKERS] == ["succeeded", "succeeded"]
    soon(lambda: shop.serves("1"), 60)

    ask_for_all(godploy)
    bootstrapped_server.reboot()
    soon(lambda: not queue_of(godploy), 120)
    ended = newest(godploy, SHOP)
    assert ended["state"] == "interrupted"
    assert "release 1 serves as before" in ended["problem"]["why"]
    assert [newest(godploy, each)["number"] for each in WORKERS] == [2, 2]
    assert [newest(godploy, each)["state"] for each in WORKERS] == ["succeeded", "succeeded"]
    soon(lambda: shop.serves("1"), 60)


def test_while_docker_is_stopped_deployments_wait_and_then_go_on(bootstrapped_server: Server, godploy: Godploy) -> None:
    godploy("project", "create", "shop")
    command = "python -c 'import time; time.sleep(3600)'"
    image = ("--image", "python:3.12-slim", "--port", "none", "--command", command)
    godploy("service", "create", WORKERS[0], *image, "--settle", "1", "--stop-grace", "1")
    bootstrapped_server.run("systemctl stop docker.socket docker")
    try:
        soon(lambda: godploy.json("service", "show", WORKERS[0])["state"] == "unknown")
        godploy("deploy", WORKERS[0], "--no-follow")
        assert [each["state"] for each in queue_of(godploy)] == ["queued"]
    finally:
        bootstrapped_server.run("systemctl start docker.socket docker")
    soon(lambda: newest(godploy, WORKERS[0])["state"] == "succeeded", 60)
