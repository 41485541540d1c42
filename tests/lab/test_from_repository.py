"""From a repository at a real Gitea to a service that serves, in one command, after a look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.at_gitea import trusting
from tests.lab.conftest import files_of_sample
from tests.lab.labkit.gitea import GiteaPerson
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, add_server, visit_page

EXAMPLE = b"GREETING=Hello from the example\nSHOP_API_TOKEN=change-me\n"


@pytest.fixture
def person(gitea_person: GiteaPerson, tmp_path: Path) -> Godploy:
    """The headless command of somebody who trusts Gitea's certificate and is signed in there."""
    made = Godploy(tmp_path / "person", trusting(gitea_person))
    way = ("--address", gitea_person.gitea.url, "--token-stdin")
    made("git", "sign-in", "gitea", *way, stdin=gitea_person.make_token() + "\n")
    return made


def test_a_repository_is_looked_at_made_linked_and_deployed_in_one_command(
    bootstrapped_server: Server, lab: Lab, gitea_person: GiteaPerson, person: Godploy, tmp_path: Path
) -> None:
    server, host = bootstrapped_server, bootstrapped_server.domain("shop")
    files = {f"web/{path}": content for path, content in files_of_sample().items()}
    repository = gitea_person.create("shop", {**files, "web/.env.example": EXAMPLE, "README.md": b"A shop\n"})
    add_server(person, server, lab)
    trusted = ("--trust-host-key", gitea_person.gitea.host_key_fingerprint)

    top = person.json("git", "look", repository.full_name)
    assert (top["default_branch"], top["branches"], top["folders"]) == ("main", ["main"], ["web"])
    assert top["detection"]["builder"] is None
    look = person.json("git", "look", f"{gitea_person.login}/{repository.full_name}", "--root", "web")
    assert look["detection"]["builder"]["kind"] == "dockerfile"
    assert look["detection"]["port"] == 8080
    assert [(each["name"], each["is_secret"]) for each in look["variables"]] == [
        ("GREETING", False),
        ("SHOP_API_TOKEN", True),
    ]
    with pytest.raises(CommandRefused) as private:  # no key of the server's may read it yet
        person("git", "look", repository.https_url)
    assert "may not read" in str(private.value)

    example = tmp_path / "env"
    example.write_bytes(EXAMPLE)
    person("project", "create", "shop")
    named = ("--repo", repository.full_name, "--root", "web", "--domain", host, "--domain-no-tls", *trusted)
    said = person("service", "create", SHOP, *named, "--env-file", str(example), "--deploy", "--settle", "1")
    assert "Make the webhook there" in said
    page = visit_page(server, host)
    assert (page.status, "Hello from the example" in page.body) == (200, True)
    variables = {each["name"]: each for each in person.json("service", "variables", "list", SHOP)}
    assert variables["SHOP_API_TOKEN"]["is_secret"]
    made_here = person("service", "deploy-key", SHOP).split()[:2]
    assert [key["key"].split()[:2] for key in repository.ask("GET", "keys")] == [made_here]
    assert len(repository.ask("GET", "hooks")) == 1

    person("service", "domains", "remove", SHOP, host)  # this machine knows no name of the lab: by address then
    tested = person.json("service", "push", "test", SHOP, "--from-here")
    assert tested["problem"] is None, tested
    newest = person.json("service", "push", "deliveries", SHOP)[0]
    assert (newest["event"], newest["verdict"]) == ("ping", "answered")
