"""`godploy server app-hook` and linking through an app, with a real agent: that of this computer. GitHub is played."""

import json

import pytest

from tests.unit.cli.agent_here import agent_here, asking, environment_here
from tests.unit.git_hosting.github_server import agreeing_browser, github_server
from tests.unit.git_hosting.hosts import GITHUB_REPOSITORY

WEB = "shop/web"


@pytest.fixture
def environment(environment, tmp_path):
    return environment_here(environment, tmp_path) | {"BROWSER": agreeing_browser(tmp_path)}


@pytest.fixture
def github():
    with github_server(repositories=[GITHUB_REPOSITORY]) as served:
        yield served


@pytest.fixture
def agent(environment, github):
    with agent_here(environment, f"{github.address}/team/shop.git") as made:
        yield made


@pytest.fixture
def asked(godploy, agent):
    return asking(godploy)


def test_a_service_is_linked_through_the_app_that_tells_the_server(godploy, agent, asked, github):
    account = asked("git", "app", "create", "--address", github.address, "--name", "Godploy web")
    assert account["login"] == "someone"
    (app,) = github.apps.values()
    (hook,) = asked("server", "app-hook", "list")
    assert (hook["name"], hook["services"]) == ("Godploy web", [])
    assert app.hook["url"].endswith(hook["path"])
    kept = json.loads((agent.paths.hooks / f"{hook['id']}.json").read_text())
    assert kept == {"host": "github", "secret": app.webhook_secret, "is_shared": True}

    linked = asked("service", "link", WEB)
    assert linked["deploy_key"]["is_read_only"]
    assert github.kept["hooks"] == {}
    assert asked("server", "app-hook", "list")[0]["services"] == [agent.service_id]
    shown = godploy("service", "push", "show", WEB).stdout
    assert "that of the app Godploy web" in shown
    assert app.webhook_secret not in shown
    assert godploy("service", "push", "secret", WEB).returncode == 4

    asked("service", "push", "set", WEB, "--own-webhook")
    assert asked("server", "app-hook", "list")[0]["services"] == []
    asked("service", "push", "set", WEB, "--app", "godploy-web")
    asked("server", "app-hook", "set", "--app", "godploy-web")
    assert asked("server", "app-hook", "list")[0]["services"] == [agent.service_id]

    refused = godploy("server", "app-hook", "remove")
    assert (refused.returncode, "web deploys on push no more" in refused.stderr) == (2, True)
    asked("server", "app-hook", "remove", "--yes")
    assert godploy("service", "push", "show", WEB).returncode == 3
    assert godploy("server", "app-hook", "remove", "--app", "nothing", "--yes").returncode == 3
