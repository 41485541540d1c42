"""Accounts at git hosts: signing in by each way, checking, signing out."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

import pytest

from godploy_desktop.git_hosting.values import Account, HostKind, RateLimit, SignIn
from godploy_desktop.ui.models.account_words import account_words, first_way, works_words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.git import waiting
from tests.gui.page_story import tell
from tests.gui.recorded.git_hosts import GITHUB, OURS, with_accounts
from tests.gui.recorded.workspace import recorded_workspace

STOREFRONT = Account("a1", HostKind.GITEA, "https://git.example.com", "storefront", "Storefront team", SignIn.TOKEN)


@pytest.fixture
def story(qapp, tmp_path, monkeypatch):
    """Runs a plot at the Git page; `page.hosts` are the recorded ones, `page.opened` what the browser got."""

    def run(plot, *rows):
        made, opened = [], []
        monkeypatch.setattr(waiting, "open_address", opened.append)

        def make():
            workspace = recorded_workspace(tmp_path)
            made.append(with_accounts(workspace, *rows))
            return workspace

        async def with_hosts(page):
            page.hosts, page.opened = made[0], opened
            await plot(page)

        tell(qapp, tmp_path, Route("git"), with_hosts, make)

    return run


def test_an_account_is_named_as_people_do():
    assert STOREFRONT.label == "storefront@git.example.com"
    assert account_words(STOREFRONT) == "Storefront team · Gitea, Forgejo · signed in with a token"
    assert works_words(STOREFRONT, None) == "storefront@git.example.com works"
    assert works_words(STOREFRONT, RateLimit(4998, 5000, None)).endswith("works: 4,998 of 5,000 requests left")


def test_one_begins_with_the_best_way_that_needs_nothing_more():
    offered = (SignIn.BROWSER, SignIn.DEVICE, SignIn.TOKEN)
    assert first_way(offered, has_client_id=False) is SignIn.TOKEN
    assert first_way(offered, has_client_id=True) is SignIn.BROWSER
    assert first_way((SignIn.APP, SignIn.DEVICE, SignIn.TOKEN), has_client_id=False) is SignIn.APP


def test_a_token_signs_in_and_the_account_is_listed(story):
    async def plot(page):
        await page.press("git-sign-in")
        await page.press("git-host-gitea")
        await page.type("git-address", "git.example.com")
        assert "write:repository" in page.words()
        await page.press("git-token-page")
        assert page.opened == ["https://git.example.com/user/settings/applications"]
        await page.press("sign-in")
        assert page.dialog is not None  # there is no token yet
        await page.type("git-token", "a-token")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        await page.settle()
        assert page.is_shown("sign-out-storefront@git.example.com")
        assert "Storefront team" in page.words()
        assert "a-token" not in str(page.workspace.setting("git-accounts"))

    story(plot)


def test_a_token_that_the_host_refuses_is_told_in_the_dialog(story):
    async def plot(page):
        page.hosts.refuses = True
        await page.press("git-sign-in")
        page.find("git-way").choose("token")
        await page.type("git-token", "wrong")
        await page.press("sign-in")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("sign-in").isEnabled()
        assert page.workspace.git.accounts == ()

    story(plot)


def test_a_code_is_shown_until_it_was_typed_in_at_the_host(story):
    async def plot(page):
        await page.press("git-sign-in")
        page.find("git-way").choose("device")
        await page.type("git-client-id", "Iv1.fedcba9876543210")
        await page.press("sign-in")
        await page.until(lambda: page.is_shown("git-code"))
        assert page.find("git-code").value() == "WDJB-MJHT"
        await page.press("open-git-page")
        assert page.opened == ["https://github.com/login/device"]
        page.hosts.is_pending = False
        await page.until(lambda: page.dialog is None)
        assert [each.sign_in for each in page.workspace.git.accounts] == [SignIn.DEVICE]
        assert page.workspace.git.client_id("https://github.com") == "Iv1.fedcba9876543210"

    story(plot)


def test_waiting_for_the_browser_ends_when_a_person_says_so(story):
    async def plot(page):
        await page.press("git-sign-in")
        await page.press("git-host-gitea")
        page.find("git-way").choose("browser")
        await page.type("git-client-id", "an-application")
        await page.press("sign-in")
        await page.until(lambda: page.opened)
        assert page.opened[0].startswith("https://codeberg.org/login/oauth/authorize?")
        dialog = page.dialog
        dialog.cancel()
        await page.until(lambda: page.is_shown("git-client-id"))
        assert page.dialog is dialog
        assert page.find("sign-in").isEnabled()
        assert not page.is_shown("problem-panel")

    story(plot)


def test_the_browser_comes_back_and_the_account_is_listed(story):
    async def plot(page):
        page.hosts.is_pending = False
        await page.press("git-sign-in")
        await page.press("git-host-gitea")
        await page.type("git-address", "git.example.com")
        page.find("git-way").choose("browser")
        await page.type("git-client-id", "an-application")
        await page.press("sign-in")
        await page.until(lambda: page.opened)
        asked = dict(parse_qsl(urlsplit(page.opened[0]).query))
        back = urlsplit(asked["redirect_uri"])
        reader, writer = await asyncio.open_connection(back.hostname, back.port)
        writer.write(f"GET /?code=once&state={asked['state']} HTTP/1.1\r\nHost: {back.netloc}\r\n\r\n".encode())
        assert b"Signed in" in await reader.read()
        writer.close()
        await page.until(lambda: page.is_shown("sign-out-storefront@git.example.com"))
        assert [each.sign_in for each in page.workspace.git.accounts] == [SignIn.BROWSER]

    story(plot)


def test_an_account_whose_token_was_revoked_signs_in_again_from_where_it_was_told(story):
    async def plot(page):
        page.hosts.refuses = True
        await page.press("check-account-storefront@git.example.com")
        await page.until(lambda: page.is_shown("sign-in-again"))
        page.hosts.refuses = False
        await page.press("sign-in-again")
        assert not page.is_shown("git-address")
        await page.type("git-token", "another")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        await page.settle()
        assert not page.is_shown("problem-panel")
        await page.press("check-account-storefront@git.example.com")
        await page.until(lambda: page.shell.said)
        assert page.shell.said[-1][0].startswith("storefront@git.example.com works")
        assert len(page.workspace.git.accounts) == 1

    story(plot, OURS)


def test_signing_out_asks_first(story):
    async def plot(page):
        await page.press("sign-out-storefront-ci@github.com")
        await page.press("confirm-sign-out")
        await page.until(lambda: not page.is_shown("sign-out-storefront-ci@github.com"))
        assert [each.login for each in page.workspace.git.accounts] == ["storefront"]

    story(plot, OURS, GITHUB)
