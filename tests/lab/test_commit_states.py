"""What becomes of a commit, shown at a real Gitea: told by the server with its own token, then by a desktop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from godploy_desktop.commands.prompts import TerminalQuestions
from godploy_desktop.core.workspace import Workspace
from tests.lab.conftest import SAMPLE
from tests.lab.labkit.gitea import HOST, GiteaPerson, GiteaRepository
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, add_server, soon

BY_SERVER = "server/shop"
BY_DESKTOP = "godploy/shop/web"


@pytest.fixture
def person(gitea_person: GiteaPerson, tmp_path: Path) -> Godploy:
    """The headless command of somebody who trusts Gitea's certificate."""
    return Godploy(tmp_path / "person", {"SSL_CERT_FILE": str(gitea_person.gitea.bundle), "NO_PROXY": HOST})


def shown(repository: GiteaRepository, name: str) -> list[str]:
    """The states that Gitea holds of the newest commit under a name, oldest first."""
    return [each["status"] for each in reversed(statuses(repository)) if each["context"] == name]


def statuses(repository: GiteaRepository) -> list[Any]:
    commit = repository.ask("GET", "commits?limit=1")[0]["sha"]
    return list(repository.ask("GET", f"commits/{commit}/statuses"))


def test_the_state_of_a_commit_is_told_by_the_server_and_then_by_a_desktop(
    bootstrapped_server: Server,
    lab: Lab,
    gitea_person: GiteaPerson,
    person: Godploy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {str(path.relative_to(SAMPLE)): path.read_bytes() for path in SAMPLE.rglob("*") if path.is_file()}
    repository = gitea_person.create("web-shop", files)
    add_server(person, bootstrapped_server, lab)
    address = ("--address", gitea_person.gitea.url)
    person("git", "sign-in", "gitea", *address, "--token-stdin", stdin=gitea_person.make_token() + "\n")
    person("project", "create", "shop")
    trusted = ("--trust-host-key", gitea_person.gitea.host_key_fingerprint)
    quick = ("--port", "8080", "--drain", "1", "--settle", "1")
    person("service", "create", SHOP, "--git", repository.url, *quick, *trusted)
    person("service", "link", SHOP)

    # the server tells, with a token of its own that nothing shows
    status = ("service", "push", "status")
    token = gitea_person.make_token()
    set_token = (*status, "set", SHOP, "--name", BY_SERVER, "--token-stdin")
    writer = person.json(*set_token, stdin=f"{token}\n")
    assert (writer["api"], writer["repository"]) == (f"{gitea_person.gitea.url}/api/v1", repository.full_name)
    person("deploy", SHOP)
    assert soon(lambda: shown(repository, BY_SERVER) == ["pending", "success"])
    told = statuses(repository)
    assert {each["target_url"] for each in told} == {""}
    assert told[0]["description"].startswith("Deployed in ")
    person(*set_token, stdin="not-a-token\n")
    with pytest.raises(CommandRefused) as refused:
        person(*status, "test", SHOP)
    assert (refused.value.code, "401" in refused.value.errors) == (5, True)
    said = person(*status, "show", SHOP)
    assert "does not accept the token" in said
    assert token not in said + bootstrapped_server.run("journalctl -u godploy-agent")
    assert len(statuses(repository)) == 2

    # a desktop tells, where the server has no token and the account's owner allows it
    person(*status, "remove", SHOP)
    person("git", "status", gitea_person.login, "on")
    for name, value in person.environment.items():
        monkeypatch.setenv(name, value)

    async def with_a_desktop() -> None:
        workspace = Workspace(questions=TerminalQuestions("", ""))
        await workspace.open()
        try:
            workspace.keep_live()
            while not workspace.servers[0].model.is_live:  # noqa: ASYNC110  a test, and seconds at most
                await asyncio.sleep(0.05)
            await asyncio.to_thread(person, "deploy", SHOP)
            await asyncio.to_thread(soon, lambda: shown(repository, BY_DESKTOP) == ["pending", "success"])
        finally:
            await workspace.close()

    asyncio.run(asyncio.wait_for(with_a_desktop(), 120))
    assert shown(repository, BY_SERVER) == ["pending", "success"]
