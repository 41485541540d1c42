"""`godploy service push ...`, `link` and `unlink` with a real agent: that of this computer."""

import json
from pathlib import Path

import pytest

from tests.unit.agent.handing_over import COMMIT, hand_over
from tests.unit.agent.rows import database
from tests.unit.cli.agent_here import agent_here, asking, environment_here
from tests.unit.cli.gitea_stand_in import NAME, TOKEN, GiteaStandIn

WEB = "shop/web"


@pytest.fixture
def gitea():
    made = GiteaStandIn()
    yield made
    made.close()


@pytest.fixture
def environment(environment, tmp_path):
    return environment_here(environment, tmp_path)


@pytest.fixture
def agent(environment, gitea):
    with agent_here(environment, f"{gitea.address}/{NAME}.git") as made:
        yield made


@pytest.fixture
def asked(godploy, agent):
    return asking(godploy)


def test_deploying_on_push_is_set_shown_and_its_deliveries_are_listed_and_repeated(godploy, agent, asked):
    none = godploy("service", "push", "show", WEB)
    assert none.returncode == 3
    assert "has no webhook" in none.stderr
    asked("service", "push", "set", WEB, "--host", "gitea", "--on", "--tag", "v*", "--watch", "web/**")
    shown = asked("service", "push", "show", WEB)
    assert (shown["host"], shown["is_on"]) == ("gitea", True)
    assert (shown["tag_patterns"], shown["watch_paths"]) == (["v*"], ["web/**"])
    kept = asked("service", "push", "set", WEB, "--watch", "")
    assert (kept["tag_patterns"], kept["watch_paths"]) == (["v*"], [])

    given = asked("service", "push", "secret", WEB)
    assert given["address"].endswith(shown["path"])
    assert len(given["secret"]) == 64
    assert given["secret"] not in json.dumps(shown)

    assert "No delivery yet" in godploy("service", "push", "deliveries", WEB).stderr
    hook = shown["path"].rpartition("/")[2]
    hand_over(agent, hook=hook)
    hand_over(agent, hook=hook, digest="", commit="", refused="its signature does not fit")
    table = godploy("service", "push", "deliveries", WEB).stdout
    (row,) = (line.split() for line in table.splitlines() if COMMIT[:12] in line)
    assert row[row.index("deployed") + 1] == "1", "the number of its deployment"
    assert "its signature does not fit" in table
    refused, deployed = asked("service", "push", "deliveries", WEB)
    assert (refused["verdict"], deployed["verdict"]) == ("refused", "deployed")
    assert asked("service", "push", "redeliver", WEB, "newest")["verdict"] == "refused"
    again = asked("service", "push", "redeliver", WEB, deployed["id"])
    assert (again["verdict"], again["is_redelivery"]) == ("deployed", True)
    assert godploy("service", "push", "redeliver", WEB, "nothing").returncode == 3

    asked("service", "push", "set", WEB, "--off")
    hand_over(agent, hook=hook, digest="2" * 64)
    assert asked("service", "push", "deliveries", WEB)[0]["reason"] == "deploying on push is off"
    renewed = asked("service", "push", "set", WEB, "--renew-secret")
    assert renewed["path"] != shown["path"]
    assert asked("service", "push", "secret", WEB)["secret"] != given["secret"]


def test_key_and_webhook_appear_at_the_host_once_and_go_again(godploy, agent, asked, gitea):
    nobody = godploy("service", "link", WEB)
    assert nobody.returncode == 2
    assert "godploy git sign-in" in nobody.stderr
    signed_in = godploy("git", "sign-in", "gitea", "--address", gitea.address, "--token-stdin", stdin=f"{TOKEN}\n")
    assert signed_in.returncode == 0, signed_in.stderr

    for _ in range(2):  # whatever failed can be done again
        asked("service", "link", WEB)
    ((key,), (hook,)) = gitea.keys.values(), gitea.hooks.values()
    with database(agent.paths) as connection:
        own = connection.execute("SELECT deploy_key FROM services").fetchone()[0]
    assert key["key"] == " ".join(own.split()[:2])
    assert key["read_only"]
    given = asked("service", "push", "secret", WEB)
    assert (hook["config"]["url"], hook["config"]["secret"]) == (given["address"], given["secret"])
    assert hook["config"]["content_type"] == "json"
    assert asked("service", "push", "show", WEB)["host"] == "gitea"

    assert godploy("service", "push", "test", WEB).returncode == 0
    assert gitea.tested == [1]
    asked("service", "unlink", WEB)
    assert (gitea.keys, gitea.hooks) == ({}, {})
    gone = godploy("service", "push", "show", WEB)
    assert gone.returncode == 3
    assert godploy("service", "push", "test", WEB).returncode != 0
    files = [each.read_bytes() for each in Path(agent.paths.state_dir).rglob("*") if each.is_file()]
    assert not any(TOKEN.encode() in each for each in files), "the server never sees a token"


def test_an_image_has_nothing_to_push(godploy, agent, asked):
    with database(agent.paths) as connection:
        settings = json.dumps({"source": {"kind": "image", "image": "nginx:1"}})
        connection.execute("UPDATE services SET settings = ?", (settings,))
        connection.commit()
    refused = godploy("service", "push", "set", WEB, "--on")
    assert refused.returncode == 2
    assert "git repository" in refused.stderr
