"""Signing in by a GitHub App of one's own, at the window. GitHub is played: see tests/unit/git_hosting/fake_github."""

import pytest
from PySide6.QtGui import QAction

from godploy_desktop.core.git.accounts import GitAccounts
from godploy_desktop.git_hosting.values import SignIn
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.git import waiting
from godploy_server.contract import HOOKS_PATH
from tests.gui.page_story import tell
from tests.gui.recorded.git_hosts import KeptSecrets
from tests.gui.recorded.workspace import recorded_workspace
from tests.unit.git_hosting.fake_github import FakeGitHub, Person


@pytest.fixture
def story(qapp, tmp_path, monkeypatch):
    """Runs a plot at the Git page; `page.person` opens what the window opens, `page.github` is where that leads."""

    def run(plot):
        made = []

        def make():
            workspace = recorded_workspace(tmp_path)
            github, secrets = FakeGitHub(), KeptSecrets()
            git = GitAccounts(secrets, workspace.setting, workspace.set_setting, github.transport)
            workspace._git = git
            made.append((github, secrets))
            return workspace

        async def with_github(page):
            page.github, page.vault = made[0]
            person = page.person = Person(page.github)
            monkeypatch.setattr(waiting, "open_address", person.visit)
            await plot(page)

        tell(qapp, tmp_path, Route("git"), with_github, make)

    return run


def test_an_app_is_the_first_way_and_one_press_makes_it(story):
    async def plot(page):
        await page.press("git-sign-in")
        assert page.find("git-way").value == "app"
        assert page.find("git-app-server").value == ""  # two servers are connected: the person says which
        page.find("git-app-server").choose("fra-1")
        await page.type("git-app-name", "Godploy at the window")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        (account,) = page.workspace.git.accounts
        assert (account.login, account.sign_in) == ("someone", SignIn.APP)
        (app,) = page.github.apps.values()
        assert app.manifest["name"] == "Godploy at the window"
        asked = [each for each in page.agent.asked if each[0] == "set_shared_hook"]
        assert [each[1].secret for each in asked] == [app.webhook_secret]
        assert app.hook["url"].endswith(HOOKS_PATH + asked[0][1].id)
        await page.settle()
        assert page.is_shown("sign-out-someone@github.com")
        assert "signed in by an app" in page.words()
        assert app.client_secret not in str(page.workspace.setting("github-apps"))

    story(plot)


def test_the_steps_are_shown_and_an_app_that_is_made_is_offered_again(story):
    async def plot(page):
        page.github.refuses = "install"
        await page.press("git-sign-in")
        await page.type("git-app-organization", "team")
        await page.press("sign-in")
        await page.until(lambda: "installations/new" in page.find("git-page").value())
        steps = page.find("git-steps").accessibleDescription()
        assert "Make the app at GitHub: done" in steps
        assert "Choose what it may reach: running" in steps
        dialog = page.dialog
        dialog.cancel()
        await page.until(lambda: page.is_shown("git-app"))
        assert page.dialog is dialog
        assert page.find("git-app").value.startswith("https://github.com/apps/")
        assert not page.is_shown("git-app-name")
        page.github.refuses = ""
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        assert len(page.github.apps) == 1
        assert [each.sign_in for each in page.workspace.git.accounts] == [SignIn.APP]

    story(plot)


def test_a_sign_in_that_is_refused_is_told_and_the_dialog_stays(story):
    async def plot(page):
        page.github.refuses = "authorize"
        await page.press("git-sign-in")
        await page.press("sign-in")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert "refused" in page.words()
        assert page.find("sign-in").isEnabled()
        assert page.workspace.git.accounts == ()

    story(plot)


def test_an_app_is_listed_moved_to_another_server_and_forgotten(story):
    async def plot(page):
        await page.press("git-sign-in")
        page.find("git-app-server").choose("fra-1")
        await page.type("git-app-name", "Godploy web")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        await page.settle()
        assert "of someone · tells" in page.words()
        await page.press("app-server-godploy-web")
        (move,) = [each for each in page.page.window().findChildren(QAction) if each.objectName() == "tell-fra-2"]
        move.trigger()
        other = page.workspace.servers[1].agent
        await page.until(lambda: other.kept_shared and page.shell.said)
        assert page.workspace.git.apps.all[0].webhook.endswith(other.kept_shared[0].path)
        await page.press("forget-app-godploy-web")
        await page.press("confirm-forget-app")
        await page.until(lambda: not page.workspace.git.apps.all)
        await page.settle()
        assert page.workspace.git.accounts == ()
        assert not page.is_shown("forget-app-godploy-web")
        assert page.person.opened[-1] == "https://github.com/settings/apps/godploy-web"
        assert not any("godploy" in name for name in page.vault.kept)

    story(plot)


def test_names_are_checked_before_a_page_opens(story):
    async def plot(page):
        await page.press("git-sign-in")
        await page.type("git-app-name", "x" * 40)
        await page.press("sign-in")
        assert page.dialog is not None
        assert page.person.opened == []

    story(plot)


def test_an_account_by_an_app_signs_in_again_by_the_same_one(story):
    async def plot(page):
        await page.press("git-sign-in")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        page.github.tokens.clear()
        page.github.refresh_tokens.clear()  # revoked at GitHub
        await page.settle()
        await page.press("check-account-someone@github.com")
        await page.until(lambda: page.is_shown("sign-in-again"))
        await page.press("sign-in-again")
        assert page.find("git-way").value == "app"
        assert not page.is_shown("git-app-name")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        assert (len(page.github.apps), len(page.workspace.git.accounts)) == (1, 1)

    story(plot)


def test_an_app_is_let_reach_more_repositories_from_where_it_is_seen(story):
    async def plot(page):
        await page.press("git-sign-in")
        await page.press("sign-in")
        await page.until(lambda: page.dialog is None)
        await page.settle()
        opened = len(page.person.opened)
        await page.press(f"app-repositories-{page.workspace.git.apps.all[0].slug}")
        assert page.person.opened[opened:] == [page.workspace.git.apps.all[0].install_page]

    story(plot)
