"""`godploy git look` and `service create --repo` with a real agent: that of this computer."""

import json

import pytest

from tests.unit.agent.test_plans import a_repository
from tests.unit.cli.agent_here import agent_here, environment_here
from tests.unit.cli.gitea_stand_in import NAME, TOKEN, GiteaStandIn

WEB = "shop/web"
REPOSITORY = "git@127.0.0.1:team/shop.git"


@pytest.fixture
def gitea():
    made = GiteaStandIn()
    made.files = {
        "Dockerfile": "FROM x\nEXPOSE 3000\n",
        ".env.example": "LOG_LEVEL=info\nAPI_TOKEN=\n",
        "docs/public/index.html": "<p>",
        "docs/.env.example": "A=1\n",
    }
    yield made
    made.close()


@pytest.fixture
def environment(environment, tmp_path):
    return environment_here(environment, tmp_path)


@pytest.fixture
def agent(environment):
    with agent_here(environment) as made:
        yield made


@pytest.fixture
def signed_in(godploy, agent, gitea):
    """The command at this computer, with an account."""
    assert godploy("server", "add", "this-computer").returncode == 0
    done = godploy("git", "sign-in", "gitea", "--address", gitea.address, "--token-stdin", stdin=f"{TOKEN}\n")
    assert done.returncode == 0, done.stderr
    return godploy


def answer(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_look_tells_branches_folders_builder_and_variables(signed_in, gitea, tmp_path):
    look = answer(signed_in("git", "look", NAME, "--json"))
    assert (look["default_branch"], look["branches"]) == ("trunk", ["trunk", "next"])
    assert look["folders"] == ["docs"]
    assert (look["detection"]["builder"]["kind"], look["detection"]["port"]) == ("dockerfile", 3000)
    assert [(each["name"], each["is_secret"]) for each in look["variables"]] == [
        ("LOG_LEVEL", False), ("API_TOKEN", True),
    ]  # fmt: skip
    inner = signed_in("git", "look", f"someone/{NAME}", "--root", "docs").stdout
    assert "static" in inner
    assert "there is an index.html in public/" in inner

    by_address = signed_in("git", "look", a_repository(tmp_path / "clone", {"package.json": "{}"}))
    assert by_address.returncode == 0, by_address.stderr
    assert "nixpacks" in by_address.stdout
    assert "main (default)" in by_address.stdout


def test_a_repository_that_no_account_reaches_says_which_there_are(signed_in, gitea):
    done = signed_in("git", "look", "team/other")
    assert done.returncode == 3
    assert f"someone@{gitea.address.partition('://')[2]}" in done.stderr


def test_one_command_makes_a_service_with_key_webhook_domain_and_variables(signed_in, gitea, tmp_path):
    file = tmp_path / "env"
    file.write_text("LOG_LEVEL=debug\nAPI_TOKEN=hunter2\n")
    named = ("--repo", NAME, "--env-file", str(file), "--variable", "LOG_LEVEL=warn")
    done = signed_in("service", "create", WEB, *named)
    assert done.returncode == 0, done.stderr
    assert "dockerfile, because there is a Dockerfile" in done.stderr
    for step in ("Make the service web", "Add the domain web.shop.localhost", "Make the webhook there"):
        assert step in done.stdout
    service = answer(signed_in("service", "show", WEB, "--json"))
    source = service["settings"]["source"]
    assert (source["url"], source["branch"], service["settings"]["port"]) == (REPOSITORY, "trunk", 3000)
    assert [(each["host"], each["tls"]) for each in service["domains"]] == [("web.shop.localhost", False)]
    variables = answer(signed_in("service", "variables", "list", WEB, "--json"))
    assert {each["name"]: each["value"] for each in variables} == {"LOG_LEVEL": "warn", "API_TOKEN": None}
    assert [each["key"] for each in gitea.keys.values()] == [" ".join(service["deploy_key"].split()[:2])]
    assert len(gitea.hooks) == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_what_fails_at_the_host_says_what_is_done_and_how_to_go_on(signed_in, gitea):
    gitea.is_full = True
    done = signed_in("service", "create", WEB, "--repo", NAME, "--domain", "none")
    assert done.returncode != 0
    assert "Done: Make the service web, Add the deploy key to team/shop." in done.stderr
    assert "Not done: Make the webhook there." in done.stderr
    assert "godploy service link shop/web" in done.stderr
    gitea.is_full = False
    assert signed_in("service", "link", WEB).returncode == 0
    assert (len(gitea.keys), len(gitea.hooks)) == (1, 1)


def test_without_linking_nothing_is_added_at_the_host(signed_in, gitea):
    made = answer(signed_in("service", "create", WEB, "--repo", NAME, "--no-link", "--branch", "next", "--json"))
    assert made["settings"]["source"]["branch"] == "next"
    assert (gitea.keys, gitea.hooks) == ({}, {})


def test_any_address_is_looked_at_before_the_service_is_made(signed_in, tmp_path):
    url = a_repository(tmp_path / "site", {"index.html": "<p>"})
    done = signed_in("service", "create", WEB, "--repo", url, "--domain", "none")
    assert done.returncode == 0, done.stderr
    assert "static, because there is an index.html" in done.stderr
    gone = signed_in("service", "create", "shop/api", "--repo", f"{url}-gone", "--domain", "none")
    assert gone.returncode == 0, gone.stderr
    assert "Its files are not known yet" in gone.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--repo", NAME, "--git", REPOSITORY), "one source"),
        (("--image", "nginx:1", "--deploy"), "--deploy needs a repository"),
        (("--image", "nginx:1", "--domain", "a.example.com"), "--domain needs a repository"),
    ],
)
def test_options_that_need_a_repository_say_so(godploy, words, said):
    done = godploy("service", "create", WEB, *words)
    assert done.returncode == 2
    assert said in done.stderr
