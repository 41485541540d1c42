"""`godploy server app-hook` and linking through an app, with a real agent: that of this computer. GitHub is played."""

import json
from pathlib import Path

import pytest

from tests.unit.agent.rows import add_project, add_service
from tests.unit.cli.agent_here import AgentOfThisComputer
from tests.unit.git_hosting.github_server import agreeing_browser, github_server
from tests.unit.git_hosting.hosts import GITHUB_REPOSITORY

WEB = "shop/web"


@pytest.fixture
def environment(environment, tmp_path):
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n")
    home = {"GODPLOY_HOME": str(tmp_path / "h"), "GODPLOY_PASSPHRASE_FILE": str(passphrase)}
    return (
        environment | home | {"DOCKER_HOST": f"unix://{tmp_path}/h/docker.sock", "BROWSER": agreeing_browser(tmp_path)}
    )


@pytest.fixture
def github():
    with github_server(repositories=[GITHUB_REPOSITORY]) as served:
        yield served


@pytest.fixture
def agent(environment, github):
    home = Path(environment["GODPLOY_HOME"])
    home.mkdir()
    made = AgentOfThisComputer(home, environment)
    made.docker.start()
    project = add_project(made.paths)
    made.service_id = add_service(made.paths, project.id, url=f"{github.address}/team/shop.git").id
    yield made.start()
    made.stop()
    made.docker.stop()


@pytest.fixture
def asked(godploy, agent):
    """The command at this computer: with --json, its answer; it must do what it was asked."""
    assert godploy("server", "add", "this-computer").returncode == 0

    def ask(*words):
        done = godploy(*words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])  # a task says its steps before

    return ask


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
