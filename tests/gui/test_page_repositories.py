"""Choosing a repository of an account for a new service, and linking it."""

from datetime import UTC, datetime

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from godploy_desktop.git_hosting.values import Repository
from godploy_desktop.ui.models.new_service import variables_of_example
from godploy_desktop.ui.models.repository_words import changed_words, found_words, repository_detail, repository_icon
from godploy_server.contract import Deploy, GitSource, HookHost, SetHook
from tests.gui.page_story import tell
from tests.gui.recorded import pushes, snapshots
from tests.gui.recorded.git_hosts import OURS, repository, with_accounts
from tests.gui.recorded.scenes import PROJECT
from tests.gui.recorded.workspace import recorded_workspace

OPS = OURS | {"id": "a3", "address": "https://ops.example.com", "login": "ops"}
WEB = "git@git.example.com:storefront/web.git"


@pytest.fixture
def story(qapp, tmp_path):
    """Runs a plot with the list of repositories open over the form of a new service."""

    def run(plot, *accounts, prepare=lambda _hosts: None):
        made = []

        def make():
            workspace = recorded_workspace(tmp_path)
            made.append(with_accounts(workspace, *accounts))
            prepare(made[0])
            return workspace

        async def from_there(page):
            page.hosts = made[0]
            await page.press("new-service")
            await page.press("service-choose-repository")
            await plot(page)

        tell(qapp, tmp_path, PROJECT, from_there, make)

    return run


def listed(page):
    return [row.key for row in page.find("repository-table").rows]


def test_a_repository_says_what_it_is():
    shop = Repository("a/shop", "git@h:a/shop.git", "", "main", True, datetime(2026, 11, 20, 14, 30, tzinfo=UTC))
    assert repository_icon(shop) == "lock"
    assert "Only an administrator" in repository_detail(shop)
    assert changed_words(shop, snapshots.NOW) == "2m ago"


def test_how_many_are_listed_is_told():
    assert found_words(0, "", has_more=False) == "This account reaches no repository"
    assert found_words(0, "shop", has_more=False) == "No repository fits “shop”"
    assert found_words(1, "", has_more=False) == "1 repository"
    assert found_words(50, "", has_more=True) == "The first 50: search for others"


def test_a_chosen_repository_fills_the_form_and_is_linked_and_deployed_once_the_service_is_made(story):
    async def plot(page):
        await page.until(lambda: listed(page) == ["storefront/web", "storefront/api", "team/handbook"])
        page.find("repository-table").activated.emit("storefront/web")
        await page.settle()
        assert page.find("service-url").text() == WEB
        assert page.find("service-name").text() == "web"
        await page.press("create-service")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        asked = {each[0]: each[1:] for each in page.agent.asked}
        assert asked["create_service"][0].settings.source == GitSource(WEB, "main")
        assert asked["set_hook"] == ("s-web", SetHook(host=HookHost.GITEA, is_on=True))
        assert asked["deploy"] == ("s-web", Deploy())
        assert len(page.hosts.keys) == 1
        assert page.hosts.hooks[0]["config"]["secret"] == pushes.SECRET

    story(plot, OURS)


def test_the_variables_that_a_repository_names_are_filled_in(story):
    def prepare(hosts):
        hosts.example = "# where from\nexport LOG_LEVEL='info'\nGREETING=\n"

    async def plot(page):
        await page.until(lambda: listed(page))
        page.find("repository-table").activated.emit("storefront/web")
        await page.until(lambda: page.find("service-variables").toPlainText())
        assert page.find("service-variables").toPlainText() == "LOG_LEVEL=info\nGREETING="
        assert "From .env.example" in page.words()

    story(plot, OURS, prepare=prepare)


def test_a_branch_is_chosen_from_those_that_the_repository_has(story):
    async def plot(page):
        await page.until(lambda: listed(page))
        assert not page.is_shown("service-choose-branch")
        page.find("repository-table").activated.emit("storefront/web")
        await page.settle()
        await page.press("service-choose-branch")
        window = page.page.window()
        await page.until(lambda: window.findChild(QAction, "branch-develop"))
        menu = window.findChild(QMenu)
        window.findChild(QAction, "branch-develop").trigger()
        menu.close()
        assert page.find("service-branch").text() == "develop"
        await page.type("service-url", "git@git.example.com:storefront/other.git")
        assert not page.is_shown("service-choose-branch")

    story(plot, OURS)


def test_an_example_of_variables_is_read_as_shells_do():
    text = 'A=1\n # B=2\nexport C = "x y"\n2D=3\nnothing\nA=4\n'
    assert variables_of_example(text) == "A=4\nC=x y"


def test_where_linking_fails_the_deploy_key_is_shown_with_the_reason(story):
    async def plot(page):
        await page.until(lambda: listed(page))
        page.find("repository-table").activated.emit("storefront/web")
        await page.settle()
        page.hosts.refuses = True
        await page.press("create-service")
        await page.until(lambda: page.is_shown("deploy-key"))
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("problem-panel").problem.code == "sign-in-again"
        assert not any(each[0] == "deploy" for each in page.agent.asked)

    story(plot, OURS)


def test_another_address_than_the_chosen_one_is_not_linked(story):
    async def plot(page):
        await page.until(lambda: listed(page))
        page.find("repository-table").activated.emit("storefront/web")
        await page.settle()
        assert page.is_shown("deploy-now")
        await page.type("service-url", "git@git.example.com:storefront/other.git")
        assert not page.is_shown("deploy-now")
        await page.press("create-service")
        await page.until(lambda: page.is_shown("deploy-key"))
        assert page.hosts.hooks == []

    story(plot, OURS)


def test_a_repository_that_one_may_not_administer_is_filled_in_and_linked_by_hand(story):
    def prepare(hosts):
        hosts.repositories = [repository("team/handbook", permissions={"admin": False})]

    async def plot(page):
        await page.until(lambda: listed(page) == ["team/handbook"])
        page.find("repository-table").activated.emit("team/handbook")
        await page.settle()
        assert page.find("service-url").text() == "git@git.example.com:team/handbook.git"
        assert not page.is_shown("deploy-now")

    story(plot, OURS, prepare=prepare)


def test_the_host_searches_and_pages(story):
    def prepare(hosts):
        hosts.repositories = [repository(f"team/r{number:04}") for number in range(120)]

    async def plot(page):
        await page.until(lambda: len(listed(page)) == 50)
        await page.press("more-repositories")
        await page.until(lambda: len(listed(page)) == 100)
        await page.press("more-repositories")
        await page.until(lambda: len(listed(page)) == 120)
        assert not page.is_shown("more-repositories")
        searches = sum("search" in each for each in page.hosts.asked)
        await page.type("repository-search", "r0042")
        await page.until(lambda: listed(page) == ["team/r0042"])
        assert sum("search" in each for each in page.hosts.asked) < searches + 5  # not with each letter

    story(plot, OURS, prepare=prepare)


def test_with_several_accounts_one_is_chosen(story):
    async def plot(page):
        await page.until(lambda: listed(page))
        page.find("repository-account").choose("a3")
        page.hosts.repositories = [repository("ops/tools")]
        await page.until(lambda: listed(page) == ["ops/tools"])

    story(plot, OURS, OPS)


def test_without_an_account_one_signs_in_first(story):
    async def plot(page):
        assert not page.is_shown("repository-table")
        await page.press("repository-first-sign-in")
        await page.press("git-host-gitea")
        await page.type("git-address", "git.example.com")
        await page.type("git-token", "a-token")
        await page.press("sign-in")
        await page.until(lambda: page.is_shown("repository-table") and listed(page))

    story(plot)


def test_a_revoked_token_leads_to_signing_in_and_back_to_the_list(story):
    def prepare(hosts):
        hosts.refuses = True

    async def plot(page):
        await page.until(lambda: page.is_shown("sign-in-again"))
        page.hosts.refuses = False
        await page.press("sign-in-again")
        await page.type("git-token", "another")
        await page.press("sign-in")
        await page.until(lambda: page.is_shown("repository-table") and listed(page))
        assert not page.is_shown("problem-panel")

    story(plot, OURS, prepare=prepare)
