"""From a repository to a service: choosing it, what is found in it, linking and deploying it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from godploy_desktop.git_hosting.values import Repository
from godploy_desktop.ui.models.repository_words import changed_words, found_words, repository_detail, repository_icon
from godploy_server.contract import (
    Conflict,
    Deploy,
    Detection,
    GitSource,
    HookHost,
    InfoChanged,
    LookAtRepository,
    NixpacksBuilder,
    RepositoryLook,
    SetHook,
    Unreachable,
    Variable,
)
from tests.gui.page_story import tell
from tests.gui.recorded import host_keys, pushes, snapshots
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
            page.agent.kept_host_keys = (
                host_keys.confirmed("git.example.com", host_keys.SHOWN[0], "ada", snapshots.NOW),
            )
            await page.press("new-service")
            info = replace(page.server.model.info, public_address="8.8.4.4")
            page.server.model.apply(InfoChanged(info))
            if not accounts:
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


async def choose(page, full_name="storefront/web"):
    await page.until(lambda: full_name in listed(page))
    page.find("repository-table").activated.emit(full_name)
    await page.settle()


def found(page):
    return page.find("service-repository-found").text() if page.is_shown("service-repository-found") else ""


def test_three_clicks_lead_from_the_project_to_a_deployment(story):
    """New service, the repository, Deploy."""

    async def plot(page):
        await choose(page)
        assert page.find("service-url").text() == WEB
        assert page.find("service-name").text() == "web"
        await page.until(lambda: "Dockerfile" in found(page))
        assert page.find("create-service").text() == "Deploy"
        await page.press("create-service")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        asked = {each[0]: each[1:] for each in page.agent.asked}
        settings = asked["create_service"][0].settings
        assert (settings.source, settings.port) == (GitSource(WEB, "main"), 3000)
        assert asked["set_hook"] == ("s-web", SetHook(host=HookHost.GITEA, is_on=True, shared=""))
        assert asked["deploy"] == ("s-web", Deploy())
        assert len(page.hosts.keys) == 1
        assert page.hosts.hooks[0]["config"]["secret"] == pushes.SECRET
        await page.until(lambda: page.shell.went)
        assert page.shell.went[-1].tab == "deployments"

    story(plot, OURS)


def test_who_deploys_at_once_gets_what_is_found_all_the_same(story):
    async def plot(page):
        await choose(page)
        await page.press("create-service")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[0][1].settings.port == 3000

    story(plot, OURS)


def test_a_typed_address_is_looked_into_before_it_is_made(story):
    async def plot(page):
        page.agent.repository = RepositoryLook(
            "trunk", ("trunk",), (), "trunk", "a" * 40, (), Detection(None, "nothing is there")
        )
        await page.press("repository-by-address")
        await page.type("service-url", "https://git.example.com/team/shop.git")
        await page.press("create-service")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[0][1].settings.source.branch == "trunk"

    story(plot, OURS)


def test_the_domain_is_one_that_needs_nobodys_dns_until_another_is_typed(story):
    async def plot(page):
        await choose(page)
        host = page.find("service-domain").text()
        assert host.startswith("web.storefront.")
        assert host.endswith(".sslip.io")
        await page.type("service-name", "shop")
        assert page.find("service-domain").text() == host.replace("web.", "shop.", 1)
        await page.type("service-domain", "shop.example.com")
        await page.type("service-name", "shop2")
        assert page.find("service-domain").text() == "shop.example.com"
        await page.press("create-service")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        added = next(each[2] for each in page.agent.asked if each[0] == "add_domain")
        assert (added.host, added.tls) == ("shop.example.com", True)

    story(plot, OURS)


def test_the_variables_that_a_repository_names_are_filled_in_and_those_that_look_secret_are_marked(story):
    def prepare(hosts):
        hosts.example = "# where from\nexport LOG_LEVEL='info'\nAPI_KEY=\nJWT_SECRET=x\n"

    async def plot(page):
        await choose(page)
        await page.until(lambda: page.find("service-variables").toPlainText())
        assert page.find("service-variables").toPlainText() == "LOG_LEVEL=info\nAPI_KEY=\nJWT_SECRET=x"
        assert "From .env.example" in page.words()
        assert page.find("service-secret-API_KEY").accessibleName() == "API_KEY is secret"
        await page.press("service-secret-API_KEY")
        await page.press("create-service")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[0][1].variables == (
            Variable("LOG_LEVEL", "info"),
            Variable("API_KEY", ""),
            Variable("JWT_SECRET", "x", is_secret=True),
        )

    story(plot, OURS, prepare=prepare)


def test_what_was_typed_wins_over_what_is_found(story):
    async def plot(page):
        await choose(page)
        await page.type("service-port", "9000")
        await page.type("service-variables", "A=1")
        page.hosts.example = "B=2"
        await page.type("service-branch", "develop")
        await page.until(lambda: "Dockerfile" in found(page))
        assert page.find("service-port").text() == "9000"
        assert page.find("service-variables").toPlainText() == "A=1"

    story(plot, OURS)


async def choose_in_menu(page, button, entry):
    await page.press(button)
    window = page.page.window()
    await page.until(lambda: window.findChild(QAction, entry))
    menu = window.findChild(QMenu)
    window.findChild(QAction, entry).trigger()
    menu.close()
    await page.settle()


def test_a_branch_is_chosen_from_those_that_the_repository_has(story):
    async def plot(page):
        await page.until(lambda: listed(page))
        await choose(page)
        await choose_in_menu(page, "service-choose-branch", "branch-develop")
        assert page.find("service-branch").text() == "develop"
        await page.type("service-url", "git@git.example.com:storefront/other.git")
        assert not page.is_shown("service-choose-branch")

    story(plot, OURS)


def test_a_folder_is_found_step_by_step_and_looked_into(story):
    async def plot(page):
        await choose(page)
        await page.until(lambda: page.is_shown("service-choose-root"))
        await choose_in_menu(page, "service-choose-root", "root-apps")
        await page.until(lambda: "No builder fits" in found(page))
        await choose_in_menu(page, "service-choose-root", "root-apps/web")
        assert page.find("service-root").text() == "apps/web"
        await page.press("create-service")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[0][1].settings.source.root == "apps/web"

    story(plot, OURS)


def test_where_linking_fails_it_says_what_is_done_and_goes_on_from_there(story):
    async def plot(page):
        await choose(page)
        await page.until(lambda: found(page))
        page.hosts.refuses = True
        await page.press("create-service")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("problem-panel").problem.code == "sign-in-again"
        assert "Done: Make the service web, Add the domain" in page.words()
        assert not any(each[0] == "deploy" for each in page.agent.asked)
        page.hosts.refuses = False
        await page.press("retry-task")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        assert [each[0] for each in page.agent.asked].count("create_service") == 1
        assert len(page.hosts.keys) == len(page.hosts.hooks) == 1

    story(plot, OURS)


def test_going_on_without_key_and_webhook_shows_them_for_doing_it_by_hand(story):
    async def plot(page):
        await choose(page)
        await page.until(lambda: found(page))
        await page.press("deploy-now")
        assert page.find("create-service").text() == "Create service"
        page.hosts.refuses = True
        await page.press("create-service")
        for _ in range(2):
            await page.until(lambda: page.is_shown("making-without"))
            await page.press("making-without")
        await page.until(lambda: page.is_shown("deploy-key"))
        assert not any(each[0] == "deploy" for each in page.agent.asked)

    story(plot, OURS)


def test_what_is_refused_before_anything_is_made_leads_back_to_the_form(story):
    async def plot(page):
        page.agent.refuse["create_service"] = Conflict("There is a web already", "names are unique", "Choose another")
        await choose(page)
        await page.press("create-service")
        await page.until(lambda: page.is_shown("making-back"))
        assert page.find("problem-panel").problem.next_step == "Choose another"
        await page.press("making-back")
        assert page.find("service-url").text() == WEB
        await page.type("service-name", "web2")
        await page.press("create-service")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[0][1].name == "web2"

    story(plot, OURS)


def test_cancelling_stops_between_two_steps_and_keeps_what_is_made(story):
    async def plot(page):
        page.agent.hold["add_domain"] = asyncio.Event()
        await choose(page)
        await page.press("create-service")
        await page.until(lambda: page.is_shown("cancel-task"))
        await page.press("cancel-task")
        await page.until(lambda: page.is_shown("retry-task"))
        assert "Done: Make the service web." in page.words()
        page.agent.hold.pop("add_domain").set()
        await page.press("retry-task")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        assert [each[0] for each in page.agent.asked].count("create_service") == 1

    story(plot, OURS)


def test_any_address_is_looked_into_by_the_server(story):
    url = "https://git.example.com/team/shop.git"

    async def plot(page):
        detection = Detection(NixpacksBuilder(), "there is a package.json at the top of the source (Node.js)")
        page.agent.repository = RepositoryLook(
            "trunk", ("trunk", "next"), ("v1",), "trunk", "a" * 40, ("apps/", "package.json"), detection, "LOG=info\n"
        )
        await page.press("repository-by-address")
        await page.type("service-url", url)
        await page.until(lambda: "package.json" in found(page))
        assert page.agent.looked_at[-1] == LookAtRepository(url)
        assert page.find("service-branch").text() == "trunk"
        assert page.find("service-variables").toPlainText() == "LOG=info"
        await choose_in_menu(page, "service-choose-branch", "branch-next")
        await page.until(lambda: page.agent.looked_at[-1] == LookAtRepository(url, "next"))
        await page.until(lambda: page.is_shown("deploy-now"))
        await page.press("create-service")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        assert page.hosts.keys == []

    story(plot, OURS)


def test_what_the_server_may_not_read_is_made_all_the_same(story):
    async def plot(page):
        await page.press("repository-by-address")
        await page.type("service-url", "https://git.example.com/team/secret.git")
        await page.until(lambda: "its deploy key is made with the service" in found(page))
        assert not page.is_shown("deploy-now")
        page.agent.refuse["look"] = Unreachable("git.example.com cannot be reached", "it timed out", "Check it")
        await page.press("service-repository-found-action")
        await page.until(lambda: "it timed out" in found(page))
        await page.press("create-service")
        await page.until(lambda: page.is_shown("deploy-key"))

    story(plot, OURS)


def test_while_the_server_is_away_it_says_so_and_is_looked_at_again(story):
    async def plot(page):
        page.agent.refuse["detect_builder"] = Unreachable("fra-1 does not answer", "no packet came", "Wait")
        await choose(page)
        await page.until(lambda: "fra-1 does not answer: no packet came" in found(page))
        assert page.find("service-name").text() == "web"  # the form goes on without
        await page.press("service-repository-found-action")
        await page.until(lambda: "Dockerfile" in found(page))

    story(plot, OURS)


def test_a_host_that_the_server_does_not_know_is_confirmed_before_anything_is_made(story):
    async def plot(page):
        page.agent.kept_host_keys = ()
        await choose(page)
        await page.press("create-service")
        await page.until(lambda: page.is_shown("git-host-key"))
        assert not any(each[0] == "create_service" for each in page.agent.asked)

    story(plot, OURS)


def test_another_address_than_the_chosen_one_is_not_linked(story):
    async def plot(page):
        await choose(page)
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
        await choose(page, "team/handbook")
        assert page.find("service-url").text() == "git@git.example.com:team/handbook.git"
        assert not page.is_shown("deploy-now")

    story(plot, OURS, prepare=prepare)


def test_a_public_repository_that_one_may_not_administer_is_read_without_a_key(story):
    def prepare(hosts):
        hosts.repositories = [repository("team/docs", permissions={"admin": False}, private=False)]

    async def plot(page):
        await choose(page, "team/docs")
        assert page.find("service-url").text() == "https://git.example.com/team/docs.git"
        await page.until(lambda: page.is_shown("deploy-now"))
        await page.press("create-service")
        await page.until(lambda: any(each[0] == "deploy" for each in page.agent.asked))
        assert (page.hosts.keys, page.hosts.hooks) == ([], [])

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
        assert page.workspace.git.preferred.login == "ops"

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


def test_the_keyboard_leads_from_the_search_to_the_list_and_enter_chooses(story):
    async def plot(page):
        await page.until(lambda: listed(page))
        search = page.find("repository-search")
        assert page.page.window().focusWidget() is search
        QTest.keyClick(search, Qt.Key.Key_Down)
        table = page.find("repository-table")
        assert page.page.window().focusWidget() is table
        QTest.keyClick(table, Qt.Key.Key_Down)
        QTest.keyClick(table, Qt.Key.Key_Return)
        await page.settle()
        assert page.find("service-name").text() == "api"
        reachable = [each for each in page.dialog._focusable() if each.isVisible()]
        assert [each.objectName() for each in reachable if not each.accessibleName()] == []

    story(plot, OURS)
