"""`godploy git status` and `godploy service push status`: who tells the states of commits."""

import asyncio
import json

import pytest

from godploy_desktop.core.git.writer_place import WriterPlace, writer_place
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.git_hosting.values import Account, HostKind, SignIn
from godploy_desktop.local_store.folders import Folders
from godploy_server.contract import GitSource, HookHost
from tests.unit.agent.fake_git_host import FakeGitHost, Said
from tests.unit.cli.agent_here import agent_here, environment_here

ROW = {
    "id": "a1", "kind": "gitea", "address": "https://git.example.org", "login": "someone", "name": "Some One",
    "sign_in": "token", "client_id": "",
}  # fmt: skip


@pytest.fixture
def signed_in(environment, monkeypatch):
    monkeypatch.setenv("GODPLOY_HOME", environment["GODPLOY_HOME"])

    async def keep():
        workspace = Workspace(Folders.of())
        await workspace.open()
        workspace.set_setting("git-accounts", [ROW])  # as an earlier version left it: without the switch
        await workspace.close()

    asyncio.run(keep())


def test_an_account_tells_nothing_until_its_owner_says_so(godploy, signed_in):
    assert "told nothing" in godploy("git", "status", "someone").stdout
    on = godploy("git", "status", "someone@git.example.org", "on", "--json")
    assert json.loads(on.stdout)["tells_commits"] is True
    assert "is told the states" in godploy("git", "status", "someone").stdout
    assert "told nothing" in godploy("git", "status", "someone", "off").stdout
    assert godploy("git", "status", "nobody", "on").returncode == 3


def test_a_token_comes_by_stdin_and_shows_nowhere(godploy):
    godploy("server", "add", "debian@127.0.0.1:1", "--name", "web-1", "--no-test")
    words = ("service", "push", "status", "set", "shop/web", "--token-stdin")
    empty = godploy(*words, stdin="\n")
    assert (empty.returncode, "token" in empty.stderr) == (2, True)
    unreachable = godploy(*words, stdin="status-token-8f3a1c\n")
    assert unreachable.returncode == 6
    assert "status-token-8f3a1c" not in unreachable.stdout + unreachable.stderr
    scopes = " ".join(godploy("service", "push", "status", "set", "--help").stdout.split())
    for words in ("Commit statuses: Read and write", "scope api", "Repositories: Read", "write:repository"):
        assert words in scopes


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("git@github.com:team/Shop.git", (HookHost.GITHUB, "https://api.github.com", "team/Shop")),
        ("https://gitlab.com/team/sub/shop", (HookHost.GITLAB, "https://gitlab.com/api/v4", "team/sub/shop")),
        ("git@bitbucket.org:team/shop.git", (HookHost.BITBUCKET, "https://api.bitbucket.org/2.0", "team/shop")),
        ("ssh://git@git.example.org:2222/a/b.git", (HookHost.GITEA, "https://git.example.org/api/v1", "a/b")),
    ],
)
def test_where_states_are_told_is_read_from_the_source(url, place):
    assert writer_place(GitSource(url)) == WriterPlace(*place)


def test_an_account_that_fits_says_where_states_are_told():
    account = Account("a1", HostKind.GITLAB, "https://git.example.org:8443", "someone", "", SignIn.TOKEN)
    place = writer_place(GitSource("git@git.example.org:team/shop.git"), [account])
    assert place == WriterPlace(HookHost.GITLAB, "https://git.example.org:8443/api/v4", "team/shop")
    said = writer_place(GitSource("git@git.example.org:team/shop.git"), [account], HookHost.GITHUB)
    assert said == WriterPlace(HookHost.GITHUB, "https://git.example.org/api/v3", "team/shop")


@pytest.fixture
def host():
    made = FakeGitHost()
    yield made
    made.close()


@pytest.fixture
def agent(environment, godploy):
    with agent_here(environment, "") as made:
        assert godploy("server", "add", "this-computer").returncode == 0
        yield made


class TestWithAnAgent:
    @pytest.fixture
    def environment(self, environment, tmp_path):
        return environment_here(environment, tmp_path)

    def test_a_token_is_stored_tested_changed_and_removed(self, godploy, agent, host):
        status = ("service", "push", "status")
        assert "nobody" in godploy(*status, "show", "web").stdout
        where = ("--host", "gitea", "--api", host.address, "--repository", "team/shop")
        missing = godploy(*status, "set", "web", *where)
        assert (missing.returncode, "write:repository" in missing.stderr) == (2, True)
        unclear = godploy(*status, "set", "web", "--token-stdin", stdin="status-token-8f3a1c\n")
        assert (unclear.returncode, "--api" in unclear.stderr) == (2, True)
        stored = godploy(*status, "set", "web", *where, "--token-stdin", stdin="status-token-8f3a1c\n")
        assert stored.returncode == 0, stored.stderr
        assert "godploy/shop/web" in stored.stdout
        assert godploy(*status, "test", "web").returncode == 4
        godploy("deploy", "web", "--commit", "c" * 40)  # fails: there is no such repository
        tested = godploy(*status, "test", "web")
        assert tested.returncode == 0, tested.stderr
        assert ("c" * 40, "failure") in host.states
        renamed = json.loads(godploy(*status, "set", "web", "--name", "shop", "--json").stdout)
        assert (renamed["name"], renamed["api"], renamed["told"]["state"]) == ("shop", host.address, "failure")
        host.usual = Said(401)
        refused = godploy(*status, "test", "web")
        assert (refused.returncode, "write:repository" in refused.stderr) == (5, True)
        shown = godploy(*status, "show", "web")
        assert "does not accept the token" in shown.stdout
        assert "revoke" in godploy(*status, "remove", "web").stdout
        assert godploy(*status, "remove", "web").returncode == 3
        assert "nobody" in godploy(*status, "show", "web").stdout
        for each in (stored, tested, refused, shown):
            assert "status-token-8f3a1c" not in each.stdout + each.stderr
