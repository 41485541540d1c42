"""What runs and waits on each server, and what a deployment says of its source, its plan and its place."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.losses import losses, warning
from godploy_desktop.ui.models.queue import entry_facts, entry_state, queue_of, queue_words
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.widgets import Pill
from godploy_server.contract import (
    Conflict,
    DeploymentChanged,
    DeploymentId,
    DeploymentState,
    RemovalPreview,
    Trigger,
)
from tests.gui.page_story import tell
from tests.gui.recorded import databases, snapshots
from tests.gui.recorded.scenes import API, SITE, on_deployment
from tests.gui.recorded.workspace import recorded_server, recorded_workspace

DEPLOYMENTS = Route("deployments")


@pytest.fixture
def story(qapp, tmp_path):
    def run(route, plot, snapshot=None):
        def make():
            return recorded_workspace(
                tmp_path, recorded_server(1, "fra-1", snapshot or databases.server_with_databases())
            )

        tell(qapp, tmp_path, route, plot, make)

    return run


def model_with(*deployments):
    model = ServerModel()
    model.set_connection(ConnectionState.CONNECTED)
    model.apply(replace(databases.server_with_databases(), deployments=deployments))
    return model


def waiting(number, position):
    return replace(
        snapshots.WEB_QUEUED, id=DeploymentId(f"w-{number}"), number=number, queue_position=position,
        created_at=snapshots.NOW - timedelta(seconds=number),
    )  # fmt: skip


def test_the_queue_is_in_the_servers_order_with_what_runs_first():
    queue = queue_of(model_with(waiting(1, 2), waiting(2, 0), snapshots.API_RUNNING, waiting(3, 1), snapshots.WEB_12))
    assert [each.deployment.number for each in queue.running] == [31]
    assert [each.deployment.number for each in queue.waiting] == [2, 3, 1]
    assert queue_words(queue, 2) == "1 runs, 3 wait · 2 builds at a time"
    assert queue_words(queue_of(model_with()), 1) == "Nothing runs and nothing waits"


def test_an_entry_says_what_it_does_who_asked_and_since_when():
    entries = queue_of(model_with(snapshots.API_RUNNING, waiting(5, 0))).entries
    assert entries[0].place == "storefront / api"
    assert entry_state(entries[0]) == ("Build the image", "info")
    assert entry_facts(entries[0], snapshots.NOW) == "Push · push to main · for 53s"
    assert entry_state(entries[1])[0] == "Next"
    assert entry_facts(entries[1], snapshots.NOW) == "Push · push to main · waits for 5.0s"
    cancelling = replace(entries[0], deployment=replace(snapshots.API_RUNNING, is_cancelling=True))
    assert entry_state(cancelling) == ("Cancelling", "warn")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"commit_message": "Fix it"}, "Fix it"),
        ({"commit_message": "", "upload": "u-1"}, "files that were sent"),
        ({"commit_message": "", "release": 3, "trigger": Trigger.ROLLBACK}, "back to release 3"),
        ({"commit_message": "", "release": None}, "newest"),
    ],
)
def test_what_a_deployment_brings_is_one_line(changes, text):
    assert words.change_words(replace(snapshots.WEB_12, **changes)) == text


def test_a_replaced_deployment_says_by_which():
    assert words.superseded_words(databases.API_SUPERSEDED) == "replaced by #29 while it waited"
    assert words.superseded_words(snapshots.WEB_12) == ""


def test_a_service_from_a_template_is_called_after_it():
    assert words.service_kind(databases.DB) == "PostgreSQL 16"
    assert words.service_icon(replace(databases.DB, template=replace(databases.POSTGRES, icon="box"))) == "box"
    unknown = replace(databases.DB, template=replace(databases.POSTGRES, icon="no-such-icon"))
    assert words.service_icon(unknown) == "database"
    assert words.source_icon(databases.SITE) == "folder"


def test_lost_data_stands_first_and_in_strong_words():
    preview = RemovalPreview(services=("db",), volumes=("shop-db-data",), dependents=("api", "worker"))
    assert losses(preview)[:2] == (
        "1 volume and all data in it, for good: shop-db-data",
        "2 services that use it and break: api, worker",
    )
    assert warning(preview) == "The data in the volume is deleted and cannot be brought back."
    assert warning(RemovalPreview(services=("web",))) == ""


def test_the_page_of_deployments_shows_the_queue_and_cancels_from_it(story):
    async def plot(page):
        assert "1 runs, 2 wait · 1 build at a time" in page.words()
        page.agent.hold["cancel_deployment"] = asyncio.Event()
        await page.press("queue-cancel-landing-6")
        assert not page.find("queue-cancel-landing-6").isEnabled()
        page.agent.hold["cancel_deployment"].set()
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked == [("cancel_deployment", databases.SITE_QUEUED.id)]

    story(DEPLOYMENTS, plot)


def test_a_refused_cancel_says_why_and_can_be_asked_again(story):
    async def plot(page):
        page.agent.refuse["cancel_deployment"] = Conflict("It serves already", "the switch is done", "Roll back")
        await page.press("queue-cancel-api-31")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("queue-cancel-api-31").isEnabled()

    story(DEPLOYMENTS, plot)


def test_an_entry_leads_to_its_deployment(story):
    async def plot(page):
        await page.press("queue-open-landing-6")
        assert page.shell.went[-1].deployment == databases.SITE_QUEUED.id

    story(DEPLOYMENTS, plot)


def test_what_ends_leaves_the_queue_and_an_empty_one_says_so(story):
    async def plot(page):
        for each in (databases.API_PLANNED, databases.SITE_QUEUED, snapshots.WEB_QUEUED):
            ended = replace(each, state=DeploymentState.CANCELLED, queue_position=None)
            page.server.model.apply(DeploymentChanged(ended))
        await page.settle()
        assert "Nothing runs and nothing waits on any server" in page.words()
        assert not page.is_shown("queue-cancel-api-31")

    story(DEPLOYMENTS, plot)


def test_a_line_stays_the_same_while_others_come_go_and_move(story):
    async def plot(page):
        line = page.find("queue-cancel-landing-6")
        page.server.model.apply(DeploymentChanged(replace(databases.SITE_QUEUED, queue_position=0)))
        page.server.model.apply(DeploymentChanged(replace(snapshots.WEB_QUEUED, queue_position=1)))
        ended = replace(databases.API_PLANNED, state=DeploymentState.SUCCEEDED)
        page.server.model.apply(DeploymentChanged(ended))
        await page.settle()
        assert page.find("queue-cancel-landing-6") is line
        assert not page.is_shown("queue-cancel-api-31")
        above, below = page.find("queue-open-landing-6"), page.find("queue-open-web-13")
        assert above.mapTo(page.page, above.rect().topLeft()).y() < below.mapTo(page.page, below.rect().topLeft()).y()

    story(DEPLOYMENTS, plot)


def test_without_a_connection_nothing_is_cancelled(story):
    async def plot(page):
        page.server.connection.become(ConnectionState.RECONNECTING)
        await page.settle()
        assert not page.find("queue-cancel-api-31").isEnabled()

    story(DEPLOYMENTS, plot)


def test_a_server_shows_its_own_queue(story):
    async def plot(page):
        assert page.is_shown("queue-cancel-api-31")

    story(Route("server", server=1), plot)


def test_the_plan_is_kept_on_the_deployment_and_its_detail_unfolds(story):
    async def plot(page):
        assert "Built with Nixpacks" in page.words()
        assert not page.is_shown("plan-detail")
        await page.press("show-plan-detail")
        assert "npm run build" in page.find("plan-detail").toPlainText()

    story(on_deployment(API, snapshots.API_RUNNING.id), plot)


def test_a_waiting_deployment_shows_its_place_and_its_upload(story):
    async def plot(page):
        assert "waits, 1 ahead of it" in page.words()
        assert "upload u-7" in page.words()

    story(on_deployment(SITE, databases.SITE_QUEUED.id), plot)


def test_a_replaced_deployment_leads_to_the_one_that_replaced_it(story):
    async def plot(page):
        assert "replaced by #29 while it waited" in page.words()
        assert "It never began." in page.words()
        await page.press("open-newer-deployment")
        assert "Deployment #29" in page.words()

    story(on_deployment(API, databases.API_SUPERSEDED.id), plot)


def test_a_burst_of_events_is_looked_at_once(story):
    async def plot(page):
        looks = []
        queue = page.page._queues[1]
        queue.changed.connect(lambda: looks.append("queue"))
        page.page._list.changed.connect(lambda: looks.append("list"))
        for place in range(50):
            page.server.model.apply(DeploymentChanged(replace(snapshots.WEB_QUEUED, queue_position=place)))
        assert looks == []
        await page.settle()
        assert sorted(looks) == ["list", "queue"]
        assert "49 ahead of it" in [each.accessibleName() for each in page.page.findChildren(Pill)]

    story(DEPLOYMENTS, plot)
