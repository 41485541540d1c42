"""An account at a real Gitea: signed in by a real browser, linked to a service, and pushed to while nobody looks."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from godploy_desktop.local_store.folders import Folders
from godploy_desktop.local_store.vault import Vault
from tests.lab.at_gitea import WorkingCopy, browser_variables, clone, decline, redeliver_all, revoke, trusting
from tests.lab.labkit.gitea import GiteaPerson, GiteaRepository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, add_server, soon, visit_page

QUICK = ("--drain", "1", "--settle", "1")


@dataclass(frozen=True)
class Pushed:
    """The shop, served from a repository at Gitea that it is linked to."""

    godploy: Godploy
    server: Server
    host: str
    copy: WorkingCopy

    def push(self, version: str, message: str = "", *, remote: str = "origin") -> str:
        """Commit and push a version; gives back the commit's id."""
        commit = self.commit(version, message)
        self.copy.push(remote=remote)
        return commit

    def commit(self, version: str, message: str = "") -> str:
        """Commit a version without a push."""
        return self.copy.commit(message or f"Version {version}", {"VERSION": f"{version}\n"})

    def serves(self, version: str) -> bool:
        """Whether a visitor gets this version now."""
        page = visit_page(self.server, self.host)
        return page.status == 200 and page.version == version

    def deployments_of(self, commit: str) -> list[str]:
        """What became of each deployment of a commit, the newest first; waits for none."""
        found = self.godploy.json("deployments", SHOP)
        return [each["state"] for each in found if each["commit"] == commit or each["branch"] == commit]

    def deployments(self) -> list[Any]:
        """Every deployment, the newest first."""
        found = self.godploy.json("deployments", SHOP)
        return list(found)

    def deliveries(self) -> list[Any]:
        """What Gitea sent, the newest first."""
        found = self.godploy.json("service", "push", "deliveries", SHOP)
        return list(found)

    def delivery_of(self, commit: str) -> Any:
        """The newest delivery that told of a commit."""
        return soon(lambda: next((each for each in self.deliveries() if each["commit"] == commit), None))


@pytest.fixture
def person(gitea_person: GiteaPerson, tmp_path: Path) -> Godploy:
    """The headless command of somebody who has a browser and trusts Gitea's certificate."""
    return Godploy(tmp_path / "person", {**trusting(gitea_person), **browser_variables(gitea_person, tmp_path)})


def test_after_a_sign_in_in_the_browser_a_push_is_served_while_no_desktop_runs(
    bootstrapped_server: Server,
    lab: Lab,
    gitea_person: GiteaPerson,
    shop_repository: GiteaRepository,
    person: Godploy,
    tmp_path: Path,
) -> None:
    server, repository = bootstrapped_server, shop_repository
    gitea_person.create("garden", {"README.md": b"plants\n"})
    add_server(person, server, lab)

    sign_in(person, gitea_person)
    assert [each["login"] for each in person.json("git", "accounts")] == [gitea_person.login]
    listed = person.json("git", "repositories", gitea_person.login)
    assert [each["full_name"] for each in listed] == [f"{gitea_person.login}/garden", repository.full_name]
    searched = person.json("git", "repositories", gitea_person.login, "--search", "shop")
    assert [(each["full_name"], each["clone_ssh"]) for each in searched] == [(repository.full_name, repository.url)]

    host = server.domain("shop")
    person("project", "create", "shop")
    trusted = ("--trust-host-key", gitea_person.gitea.host_key_fingerprint)
    named = ("--repo", repository.full_name, "--domain", host, "--domain-no-tls", *trusted)
    person("service", "create", SHOP, *named, "--port", "8080", *QUICK)
    keys, hooks = repository.ask("GET", "keys"), repository.ask("GET", "hooks")
    made_here = person("service", "deploy-key", SHOP).split()[:2]
    assert [(key["key"].split()[:2], key["read_only"]) for key in keys] == [(made_here, True)]
    assert [(hook["active"], hook["events"]) for hook in hooks] == [(True, ["push"])]
    assert hooks[0]["config"]["url"].startswith(f"http://{host}/_godploy/hooks/")
    person("deploy", SHOP)
    shop = Pushed(person, server, host, clone(repository, tmp_path / "copy"))
    assert soon(lambda: shop.serves("1"))

    # every command above has ended: what happens now happens between Gitea, relay and agent
    second = shop.push("2")
    assert soon(lambda: shop.serves("2"), 120)
    delivery = shop.delivery_of(second)
    newest = shop.deployments()[0]
    assert (delivery["verdict"], delivery["event"], delivery["ref"]) == ("deployed", "push", "main")
    assert (delivery["deployment_id"], newest["commit"]) == (newest["id"], second)

    # two commits in one push, over HTTPS this time
    skipped, third = shop.commit("3-not-this-one"), shop.push("3", remote="https")
    assert soon(lambda: shop.serves("3"), 120)
    assert shop.deployments_of(skipped) == []
    assert shop.deployments_of(third) in (["succeeded"], ["running"])

    # two pushes, one right after the other
    before = shop.deployments()[0]["number"]
    fourth, fifth = shop.push("4"), shop.push("5")
    assert soon(lambda: shop.serves("5"), 180)
    soon(lambda: shop.deployments_of(fifth) == ["succeeded"])
    assert shop.deployments_of(fourth) in (["succeeded"], ["superseded"])
    assert shop.deployments()[0]["number"] == before + 2
    assert shop.deployments()[0]["commit"] == fifth

    person("service", "unlink", SHOP)
    assert (repository.ask("GET", "keys"), repository.ask("GET", "hooks")) == ([], [])


def test_tags_redeliveries_and_tests_of_the_webhook_do_what_they_should(
    bootstrapped_server: Server,
    lab: Lab,
    gitea_person: GiteaPerson,
    shop_repository: GiteaRepository,
    person: Godploy,
    tmp_path: Path,
) -> None:
    server, repository, host = bootstrapped_server, shop_repository, bootstrapped_server.domain("shop")
    add_server(person, server, lab)
    token = gitea_person.make_token()
    person("git", "sign-in", "gitea", "--address", gitea_person.gitea.url, "--token-stdin", stdin=f"{token}\n")
    trusted = ("--trust-host-key", gitea_person.gitea.host_key_fingerprint)
    person("project", "create", "shop")
    person("service", "create", SHOP, "--git", repository.url, "--port", "8080", *trusted, *QUICK)
    person("service", "domains", "add", SHOP, host, "--no-tls")
    person("service", "link", SHOP)
    person("service", "push", "set", SHOP, "--tag", "v*")
    shop = Pushed(person, server, host, clone(repository, tmp_path / "copy"))

    first = shop.push("2")  # the first deployment comes by a push too
    assert soon(lambda: shop.serves("2"), 120)
    shop.push("3")
    assert soon(lambda: shop.serves("3"), 120)

    for name in ("v1.0", "note"):
        shop.copy.git("tag", "-a", name, "-m", f"Annotated {name}", first)
        shop.copy.push(name)
    assert soon(lambda: shop.serves("2"), 120)
    told = {each["ref"]: each for each in shop.deliveries() if each["event"] == "tag"}
    assert (told["v1.0"]["verdict"], told["v1.0"]["commit"]) == ("deployed", first)
    assert (told["note"]["verdict"], told["note"]["reason"]) == (
        "ignored",
        "tag “note” fits no pattern of the service",
    )

    soon(lambda: shop.deployments()[0]["state"] == "succeeded")
    before, told_of = len(shop.deployments()), len(shop.deliveries())
    redeliver_all(repository)  # the very same payloads, under new ids
    assert soon(lambda: len(shop.deliveries()) == 2 * told_of)
    again = shop.deliveries()[:told_of]
    assert all(each["reason"].startswith("it was received before") for each in again)
    person("service", "push", "test", SHOP)
    assert soon(lambda: shop.deliveries()[0]["verdict"] == "answered")
    assert len(shop.deployments()) == before

    # the account's token was never on the server, and lies nowhere here as it is
    places = "/var/lib/godploy /var/lib/godploy-relay /run/godploy /var/log /tmp"
    assert server.run(f"grep -rlaF {token} {places} 2>/dev/null || true") == ""
    files = [path for path in person.home.rglob("*") if path.is_file()]
    assert [path for path in files if token.encode() in path.read_bytes()] == []


def test_a_sign_in_is_renewed_by_itself_and_one_that_was_revoked_says_so_and_can_be_made_anew(
    gitea_person: GiteaPerson, person: Godploy
) -> None:
    gitea_person.create("garden", {"README.md": b"plants\n"})
    account = sign_in(person, gitea_person)
    ask = ("git", "repositories", gitea_person.login)
    assert len(person.json(*ask)) == 1

    before = let_token_grow_old(person, account["id"])
    assert len(person.json(*ask)) == 1
    renewed = stored_tokens(person, account["id"])[1]
    assert (renewed["access"] != before["access"], renewed["refresh"] != before["refresh"]) == (True, True)

    let_token_grow_old(person, account["id"])
    revoke(gitea_person)
    with pytest.raises(CommandRefused) as refused:
        person.json(*ask)
    problem = json.loads(refused.value.output)["problem"]
    assert (problem["code"], problem["next_step"]) == ("sign-in-again", "Sign in again")

    sign_in(person, gitea_person)
    assert len(person.json("git", "accounts")) == 1
    assert len(person.json(*ask)) == 1


def test_who_does_not_consent_is_not_signed_in(gitea_person: GiteaPerson, person: Godploy) -> None:
    client_id = gitea_person.register_application()
    way = ("--address", gitea_person.gitea.url, "--browser", "--client-id", client_id)
    without_browser = replace(person, variables={**person.variables, "BROWSER": "/bin/true"})
    signing_in = without_browser.start("git", "sign-in", "gitea", *way)
    assert signing_in.stdout is not None
    address = next(line.strip() for line in signing_in.stdout if line.startswith("https://"))
    assert "signed in" not in decline(address, gitea_person).lower()
    assert signing_in.wait(30) == 8
    assert "The sign-in was refused" in signing_in.stdout.read()
    assert person.json("git", "accounts") == []


def stored_tokens(person: Godploy, account: str) -> tuple[Vault, Any]:
    """The vault of somebody, and what it holds of an account."""
    environment = person.environment
    vault = Vault(Folders.of(environment).vault_file)
    vault.unlock(Path(environment["GODPLOY_PASSPHRASE_FILE"]).read_text())
    return vault, json.loads(vault.get(f"git account {account}") or "")


def let_token_grow_old(person: Godploy, account: str) -> Any:
    """Let the desktop believe that the account's token is as old as it may get; gives what was stored."""
    vault, tokens = stored_tokens(person, account)
    vault.put(f"git account {account}", json.dumps(tokens | {"expires_at": datetime.now(UTC).isoformat()}))
    return tokens


def sign_in(person: Godploy, at_gitea: GiteaPerson) -> Any:
    """Sign in in the browser, by an OAuth application of the account's own."""
    client_id = at_gitea.register_application()
    address = at_gitea.gitea.url
    way = ("--browser", "--client-id", client_id)
    return person.json("git", "sign-in", "gitea", "--address", address, *way, timeout_s=90)
