"""From a bare server to a served application and back to a bare server, by the headless command."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.command import CommandFailed
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, add_server, open_shop, soon, use_lab_acme, visit_page

BOTH = pytest.mark.parametrize("fresh_server", list(Debian), indirect=True, ids=lambda debian: debian.suite)
# What the distribution's packages leave behind is not ours to remove, and logs and caches of the system live on.
NOT_OURS = ("package ",)


@BOTH
def test_a_bare_server_serves_the_shop_and_is_left_as_it_was(
    lab: Lab, fresh_server: Server, repository: Repository, tmp_path: Path
) -> None:
    godploy = Godploy(tmp_path / "person")
    before = fresh_server.snapshot()
    add_server(godploy, fresh_server, lab)
    godploy("server", "bootstrap", timeout_s=600)
    status = godploy.json("server", "status")
    assert status["info"]["docker_problem"] is None
    assert status["info"]["ingress_problem"] is None
    use_lab_acme(godploy, lab)

    shop = open_shop(godploy, fresh_server, repository, "--drain", "2", tls=True)
    shop = replace(shop, tls_root=lab.internet.acme.issuing_root())
    assert "succeeded" in shop.deploy()

    soon(lambda: shop.serves("1"), 60)
    soon(lambda: visit_page(fresh_server, shop.host).status in {301, 302, 307, 308}, 60)
    godploy("service", "variables", "set", SHOP, "GREETING=Welcome to the shop")

    soon(lambda: any("GET /" in line["text"] for line in godploy.lines("logs", SHOP)))
    load = soon(lambda: godploy.lines("stats", SHOP), 40)[-1]
    assert load["memory_bytes"] > 1_000_000

    shop.push("2")
    shop.deploy()
    assert shop.serves("2")
    assert "Welcome to the shop" in shop.page().body

    godploy("rollback", SHOP)
    assert shop.serves("1")
    assert "Welcome to the shop" not in shop.page().body
    assert shop.deployments()[0]["trigger"] == "rollback"
    assert shop.service()["state"] == "running"

    godploy("server", "uninstall", "--purge", "--yes")
    left = before.compare(fresh_server.snapshot()).without(*NOT_OURS)
    assert _ours(left) == []


def _ours(left: object) -> list[str]:
    """Lines of a difference that speak of something of ours, or of a container, network, unit or account."""
    return [
        line
        for line in str(left).splitlines()
        if "godploy" in line or line[2:].startswith(("container", "network bridge-", "account godploy"))
    ]


def test_a_service_is_unreachable_from_another_project_but_not_from_its_own(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1")
    shop.deploy()
    godploy("project", "create", "other")
    godploy("service", "create", "other/web", "--git", repository.url, "--port", "8080", "--drain", "1")
    repository.allow(godploy("service", "deploy-key", "other/web").strip())
    godploy("deploy", "other/web")

    script = "import urllib.request as u,sys; print(u.urlopen(sys.argv[1], timeout=3).status)"
    neighbour = "docker exec $(docker ps -q --filter label=godploy.service={} | head -1) python -c '{}' http://{}:8080/"
    own, foreign = shop.service()["id"], godploy.json("service", "show", "other/web")["id"]
    assert bootstrapped_server.run(neighbour.format(own, script, "web")).strip() == "200"
    address = bootstrapped_server.run(
        "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "
        f"$(docker ps -q --filter label=godploy.service={foreign} | head -1)"
    ).strip()
    with pytest.raises(CommandFailed, match=r"timed out|Errno|URLError"):
        bootstrapped_server.run(neighbour.format(own, script, address))


def test_a_command_that_cannot_work_says_why_and_what_next(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    with pytest.raises(CommandRefused) as unknown:
        godploy("deploy", "nothing/here")
    assert unknown.value.code == 3
    open_shop(godploy, bootstrapped_server, repository)
    repository.refuse(godploy("service", "deploy-key", SHOP).strip())
    with pytest.raises(CommandRefused) as refused:
        godploy("deploy", SHOP)
    assert refused.value.code == 7
    assert "deploy key" in refused.value.output + refused.value.errors
    with pytest.raises(CommandRefused) as invalid:
        godploy("project", "create", "Not A Name")
    assert invalid.value.code == 2
