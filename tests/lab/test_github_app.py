"""A GitHub App's webhook at a real server. GitHub cannot run here: it is played as Enterprise Server on loopback (see
tests/unit/git_hosting/fake_github), and sends what it signed through the real Traefik and relay. Chromium is real."""

import http.client
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.lab.at_github import browser_variables
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, open_shop, soon
from tests.unit.git_hosting.github_server import github_server

APP = "Godploy shop"
DOCS = "shop/docs"


def send(server: Server, url: str, fields: Mapping[str, str], body: bytes) -> int:
    """Send a delivery to the address that the app has; gives the status of the answer."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(server.host, 80, timeout=30)
    try:
        connection.request("POST", address.path, body, {"Host": address.netloc, **fields})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_push_that_an_app_tells_of_deploys_the_services_of_its_repository(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository, tmp_path: Path
) -> None:
    server = bootstrapped_server
    shop = open_shop(godploy, server, repository, "--drain", "1", "--settle", "1")
    godploy("service", "create", DOCS, "--git", repository.url.replace(repository.name, "handbook"), "--port", "8080")
    person = replace(godploy, variables=browser_variables(tmp_path))
    clone_url = f"https://git.lab.test/{repository.name}.git"
    with github_server() as github:
        person("git", "app", "create", "--address", github.address, "--name", APP, "--server", server.name)
        (app,) = github.apps.values()
        try:
            assert app.hook["url"].startswith(f"http://{shop.host}/_godploy/hooks/")
            for service in (SHOP, DOCS):
                godploy("service", "push", "set", service, "--app", APP, "--on")
            commit = shop.push("2")
            shop.push("3")
            fields, body = github.push(app, clone_url, commit)
            forged, _ = github.push(app, clone_url, commit, secret="guessed")
            assert send(server, app.hook["url"], {**fields, **forged}, body) == 401
            (hook,) = godploy.json("server", "app-hook", "list", server.name)
            assert (len(hook["services"]), "refused: its signature" in hook["received"]) == (2, True)

            assert send(server, app.hook["url"], fields, body) == 202
            assert soon(lambda: shop.serves("2"), 120), "the pushed commit, although there is a newer one"
            (deployment,) = shop.deployments()
            assert (deployment["commit"], deployment["trigger"]) == (commit, "push")
            (hook,) = godploy.json("server", "app-hook", "list", server.name)
            assert hook["received"].startswith("push of git.lab.test/")
            assert send(server, app.hook["url"], fields, body) == 409
            assert [each["verdict"] for each in godploy.json("service", "push", "deliveries", SHOP)] == ["deployed"]
            assert godploy.json("service", "push", "deliveries", DOCS) == []
            secret = app.webhook_secret
            where = f"grep -rlF {secret} /var/lib/godploy || true; journalctl | grep -cF {secret} || true"
            assert server.run(where).strip() == "0", "sealed at rest, and in no log"
        finally:
            godploy("server", "app-hook", "remove", server.name, "--yes")
            godploy("git", "app", "forget", "--yes")
    assert send(server, app.hook["url"], fields, body) == 404
    with pytest.raises(CommandRefused) as refused:
        godploy("service", "push", "show", SHOP)
    assert refused.value.code == 3
