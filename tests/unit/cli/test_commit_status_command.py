"""`godploy git status` and `godploy service push status` as far as they go without a server."""

import asyncio
import json

import pytest

from godploy_desktop.core.git.writer_place import WriterPlace, writer_place
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.git_hosting.values import Account, HostKind, SignIn
from godploy_desktop.local_store.folders import Folders
from godploy_server.contract import GitSource, HookHost

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
