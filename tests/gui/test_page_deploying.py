"""Ways to deploy a service: the newest, a commit, a folder as it is now or as it was sent last; and how it is built."""

import asyncio
import types
from dataclasses import replace

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton

from godploy_desktop.ui.models.deploy_ways import (
    Way,
    button_words,
    check_commit,
    has_plan,
    known_commits,
    menu_words,
    ways,
)
from godploy_desktop.ui.widgets import Tabs
from godploy_server.contract import ArchiveSource, BadInput, Conflict, Deploy, GitSource, Trigger
from tests.gui.page_story import tell
from tests.gui.recorded import databases, snapshots
from tests.gui.recorded.scenes import API, DB, SERVICE, SITE, here
from tests.gui.recorded.workspace import recorded_server, recorded_workspace


@pytest.fixture
def story(qapp, tmp_path):
    def run(route, plot):
        def make():
            return recorded_workspace(tmp_path, recorded_server(1, "fra-1", databases.server_with_databases()))

        tell(qapp, tmp_path, route, plot, make)

    return run


@pytest.fixture
def sent(monkeypatch):
    """Takes the place of sending a folder: gives what was asked, and an event that lets it end."""
    asked = types.SimpleNamespace(services=[], goes_on=None)

    async def deploy_folder(server, service, progress, *, trigger):
        progress.plan({"look": "Look at the folder", "send": "Send what the server lacks"})
        progress.begin("send")
        asked.services.append(service.name)
        if asked.goes_on is not None:
            await asked.goes_on.wait()
        return await server.deploy(service.id, Deploy(upload="u-8", trigger=trigger))

    monkeypatch.setattr("godploy_desktop.core.uploading.deploy_folder", deploy_folder)
    return asked


def on(service, source):
    return replace(service, settings=replace(service.settings, source=source))


async def choose(page, name):
    """Open the menu of ways and choose one."""
    await page.press("deploy-menu")
    actions = page.page.window().findChildren(QAction, name)
    assert actions, f"{name} is not offered"
    actions[-1].trigger()
    actions[-1].parent().close()
    await page.settle()


def test_a_folder_is_sent_from_its_own_computer_only():
    assert ways(databases.SITE, "studio") == (Way.SEND, Way.LAST_UPLOAD)
    assert ways(databases.SITE, "elsewhere") == (Way.LAST_UPLOAD,)
    assert ways(on(snapshots.WEB, ArchiveSource("shop.zip")), "studio") == (Way.LAST_UPLOAD,)
    assert ways(snapshots.WEB, "studio") == (Way.NEWEST, Way.COMMIT)
    assert ways(snapshots.CACHE, "studio") == (Way.NEWEST,)


def test_every_way_says_what_it_does():
    assert menu_words(Way.NEWEST, snapshots.WEB) == "Deploy the newest of main"
    assert menu_words(Way.NEWEST, on(snapshots.WEB, GitSource("u", tag="v2"))) == "Deploy tag v2"
    pinned = on(snapshots.WEB, GitSource("u", commit="f3a91c2" * 5 + "aaaaa"))
    assert menu_words(Way.NEWEST, pinned) == "Deploy commit f3a91c2"
    assert menu_words(Way.NEWEST, snapshots.CACHE) == "Deploy the image"
    assert all(menu_words(way, snapshots.WEB) for way in Way)
    assert button_words(Way.SEND) == "Send and deploy"
    assert not has_plan(snapshots.CACHE)


@pytest.mark.parametrize("text", ["", "main", "f3a91", "zzzzzzz", "f" * 65])
def test_what_is_no_hash_is_refused(text):
    with pytest.raises(BadInput):
        check_commit(text)


def test_commits_that_were_deployed_are_offered_once():
    found = known_commits([snapshots.WEB_12, snapshots.WEB_12, snapshots.API_FAILED, databases.DB_DEPLOYED])
    assert list(found.values()) == ["f3a91c2  Cache product grid at the edge", "b81d07e  Pool connections per tenant"]


def test_a_commit_is_deployed_by_its_hash(story):
    async def plot(page):
        await choose(page, "deploy-commit")
        await page.type("commit-hash", "main")
        await page.press("confirm-deploy-commit")
        assert page.agent.asked == []
        await page.type("commit-hash", "F3A91C2")
        await page.press("confirm-deploy-commit")
        await page.until(lambda: page.agent.asked)
        request = page.agent.asked[-1][2]
        assert (request.commit, request.trigger) == ("f3a91c2", Trigger.MANUAL)

    story(SERVICE, plot)


def test_a_folder_of_this_computer_is_sent_and_the_deployment_shown(story, sent):
    async def plot(page):
        here(page.page, needs_deployment=True)
        await page.settle()
        assert page.find("deploy-button").text() == "Send and deploy"
        sent.goes_on = asyncio.Event()
        await page.press("deploy-button")
        assert page.is_shown("sending-steps")
        assert not page.find("deploy-button").isEnabled()
        sent.goes_on.set()
        await page.until(lambda: page.find("service-tabs", Tabs).current == "deployments")
        assert "Deployment #99" in page.words()
        assert not page.is_shown("sending-steps")
        assert page.find("deploy-button").isEnabled()
        assert sent.services == ["landing"]
        assert page.agent.asked[-1][2].trigger is Trigger.SETTINGS

    story(SITE, plot)


def test_sending_can_be_cancelled_and_begun_again(story, sent):
    async def plot(page):
        here(page.page)
        sent.goes_on = asyncio.Event()
        await page.press("deploy-button")
        await page.press("cancel-task")
        await page.until(lambda: page.is_shown("retry-task"))
        assert page.find("deploy-button").isEnabled()
        sent.goes_on.set()
        await page.press("retry-task")
        await page.until(lambda: page.agent.asked)
        assert sent.services == ["landing", "landing"]

    story(SITE, plot)


def test_what_was_sent_last_is_deployed_without_sending(story, sent):
    async def plot(page):
        here(page.page)
        await page.settle()
        page.agent.kept_releases = ()
        await choose(page, "deploy-last-upload")
        await page.until(lambda: page.agent.asked)
        assert sent.services == []
        assert page.agent.asked[-1][:2] == ("deploy", databases.SITE.id)
        assert page.agent.asked[-1][2].upload == "u-7"

    story(SITE, plot)


def test_the_plan_is_asked_for_shown_and_deployed(story):
    async def plot(page):
        page.agent.hold["plan"] = asyncio.Event()
        await choose(page, "show-plan")
        assert "Fetching the source and looking at it…" in page.words()
        assert not page.find("deploy-planned").isEnabled()
        page.agent.hold["plan"].set()
        await page.until(lambda: page.is_shown("plan-detail"))
        assert "Built with Nixpacks" in page.words()
        await page.press("deploy-planned")
        await page.until(lambda: page.agent.asked[-1][0] == "deploy")

    story(API, plot)


def test_a_plan_that_cannot_be_made_says_why_and_can_be_asked_again(story):
    async def plot(page):
        page.agent.refuse["plan"] = Conflict("The repository cannot be read", "the key is not there", "Add the key")
        await choose(page, "show-plan")
        await page.until(lambda: page.is_shown("problem-panel"))
        page.find("problem-panel").retry.click()
        await page.until(lambda: page.is_shown("plan-detail"))

    story(API, plot)


def test_closing_the_plan_ends_the_question(story):
    async def plot(page):
        page.agent.hold["plan"] = asyncio.Event()
        await choose(page, "show-plan")
        await page.press("close-plan")
        await page.until(lambda: not page.workspace.tasks.running)
        assert page.dialog is None

    story(API, plot)


def test_a_database_has_no_tab_of_domains_and_no_plan(story):
    async def plot(page):
        tabs = page.find("service-tabs", Tabs)
        shown = [each.text() for each in tabs.findChildren(QAbstractButton) if each.isVisible()]
        assert "Logs" in shown
        assert "Domains" not in shown
        assert tabs.current == "overview"
        assert not page.is_shown("deploy-menu")

    story(DB.on("domains"), plot)
