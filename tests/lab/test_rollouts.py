"""What visitors notice of deployments: nothing; and what a version that does not work does to them: nothing."""

import secrets
import time
from collections.abc import Callable

import pytest

from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.servers import Server
from tests.lab.labkit.visitors import Traffic
from tests.lab.product import SHOP, CommandRefused, Godploy, open_shop, soon


def test_visitors_lose_nothing_over_ten_deployments_and_ten_rollbacks(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository, visitors: Callable[..., Traffic]
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "7", "--settle", "1")
    shop.deploy()
    with visitors(bootstrapped_server.host, shop.host, slowest_s=5, most_seconds=600, most_requests=200_000) as traffic:
        traffic.wait_for(200)
        for version in range(2, 12):
            shop.push(str(version))
            shop.deploy()
            assert shop.serves(str(version))
            godploy("rollback", SHOP)
            assert shop.serves("1" if version == 2 else str(version - 1))
    print(f"\nvisitors: {traffic.sent} requests {traffic.by_method}, lost {len(traffic.lost)}; {traffic.versions}")
    assert traffic.sent > 5_000
    assert traffic.by_method["POST"] > 1_000
    assert len(traffic.versions) == 11
    assert traffic.lost == []


def test_a_version_that_never_gets_healthy_leaves_the_old_one_serving(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(
        godploy, bootstrapped_server, repository, "--drain", "1", "--health-path", "/healthz", "--health-timeout", "8"
    )
    shop.deploy()
    broken = "import time\nprint('cannot find the till', flush=True)\ntime.sleep(600)\n"
    shop.push("2", **{"app.py": broken})
    with pytest.raises(CommandRefused) as failed:
        shop.deploy()
    assert failed.value.code == 7
    assert shop.serves("1")
    newest = shop.deployments()[0]
    assert newest["state"] == "failed"
    assert "cannot find the till" in newest["problem"]["why"] + failed.value.output
    assert shop.service()["state"] == "running"


def test_a_version_that_crashes_is_noticed_before_the_time_is_up(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1", "--health-timeout", "120")
    shop.deploy()
    shop.push("2", **{"app.py": "raise SystemExit('the shop burned down')\n"})
    started = time.monotonic()
    with pytest.raises(CommandRefused):
        shop.deploy()
    assert time.monotonic() - started < 90
    assert shop.serves("1")
    assert "the shop burned down" in godploy("deployments", SHOP, "--log", "2")


def test_a_dockerfile_that_does_not_build_is_a_failure_with_its_log(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1")
    shop.deploy()
    shop.push("2", Dockerfile="FROM python:3.12-slim\nRUN echo flour and water; exit 3\n")
    with pytest.raises(CommandRefused) as failed:
        shop.deploy()
    assert failed.value.code == 7
    assert "flour and water" in failed.value.output
    assert shop.serves("1")
    assert shop.deployments()[0]["steps"][-1]["step"] == "build"


def test_a_cancelled_build_ends_at_once_and_leaves_the_service_alone(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1")
    shop.deploy()
    shop.push("2", Dockerfile="FROM python:3.12-slim\nRUN echo resting; sleep 300\n")
    following = godploy.start("deploy", SHOP)
    assert following.stdout is not None
    while "resting" not in (line := following.stdout.readline()):
        assert line, "the deployment ended before it was cancelled"
    godploy("cancel", SHOP)
    assert following.wait(20) != 0
    following.stdout.close()
    assert shop.deployments()[0]["state"] == "cancelled"
    assert shop.serves("1")
    # the brackets keep the pattern from finding the shell that carries it
    assert bootstrapped_server.run("pgrep -f '[d]ocker.*build' | wc -l").strip() == "0"


def test_waiting_deployments_are_replaced_by_the_newest(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1")
    slow = "FROM python:3.12-slim\nCOPY . .\nRUN sleep 15\n"
    shop.push("1", never=secrets.token_hex(), Dockerfile=slow + 'CMD ["python", "-u", "app.py"]\n')
    running = godploy.start("deploy", SHOP)
    soon(lambda: shop.deployments()[0]["steps"][-1]["step"] == "build", 60)
    first = godploy.start("deploy", SHOP)
    soon(lambda: shop.deployments()[0]["state"] == "queued", 60)
    shop.push("2")
    shop.deploy()
    for process in (running, first):
        process.communicate(timeout=60)
    states = [each["state"] for each in shop.deployments()]
    assert states == ["succeeded", "superseded", "succeeded"]
    assert shop.serves("2")
