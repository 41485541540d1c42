"""The page of a database: connections, who uses it, another password, another version."""

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication

from godploy_desktop.core.templates import library
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.database_words import (
    current_words,
    hides_something,
    listed,
    public_warning,
    reach_words,
    rotated_words,
    rotation_words,
    version_options,
)
from godploy_desktop.ui.models.service_facts import health_words, running_facts, source_facts
from godploy_desktop.ui.pages.database.rotate_dialog import check_password
from godploy_server.contract import (
    ArchiveSource,
    BadInput,
    Connection,
    GitSource,
    ImageSource,
    NotReady,
    Rotated,
    RotatePassword,
    Rotation,
    TemplateUse,
    Trigger,
)
from tests.gui.page_story import tell
from tests.gui.recorded import databases, snapshots
from tests.gui.recorded.scenes import DB
from tests.gui.recorded.workspace import recorded_server, recorded_workspace

SECRET = "v7Qm2xK9tR4w"


@pytest.fixture
def story(qapp, tmp_path):
    def run(plot, of=databases.DB, route=DB):
        def make():
            return recorded_workspace(tmp_path, recorded_server(1, "fra-1", databases.server_with_databases(of)))

        tell(qapp, tmp_path, route, plot, make)

    return run


def of_template(**changes):
    return replace(databases.DB, template=replace(databases.POSTGRES, **changes))


def names(facts):
    return {each.key: each.value for each in facts}


def test_a_connection_says_from_where_it_works():
    inside, public = databases.connections(databases.PUBLIC_DB, reveal=False)[::2]
    assert reach_words(inside) == ("inside the project", "text3")
    assert reach_words(public) == ("from everywhere", "warn")
    assert reach_words(databases.connections(databases.DB, reveal=False)[2])[0] == "not available"
    assert hides_something(inside)
    assert not hides_something(Connection("host", "db", is_public=False))


def test_a_published_port_is_warned_of_by_its_number():
    assert "port 15432" in public_warning(databases.PUBLIC_DB, "fra-1")
    assert public_warning(databases.DB, "fra-1") == ""


def test_what_a_new_password_does_is_said_before_and_after():
    assert "nothing is interrupted" in rotation_words(databases.DB)
    assert "starts anew" in rotation_words(of_template(rotation=Rotation("PASSWORD")))
    assert rotated_words(Rotated()) == "The password is changed. No other service refers to it."
    assert rotated_words(Rotated(("api",), ("d1",))) == "The password is changed; api is being deployed."
    assert rotated_words(Rotated(("api", "web"))).startswith("The password is changed; api and web have the old one")
    assert listed(("a", "b", "c")) == "a, b and c"


@pytest.mark.parametrize("text", ["", "short", "with\nbreak in it"])
def test_a_password_that_is_too_short_or_breaks_lines_is_refused(text):
    with pytest.raises(BadInput):
        check_password(text)


def at_version(version, serving=""):
    image = ImageSource(f"postgres:{version}")
    return replace(
        of_template(version=version), settings=replace(databases.DB.settings, source=image), serving_image=serving
    )


def test_the_versions_of_a_template_say_what_they_do_to_the_data():
    postgres = library().get("postgres")
    options = version_options(postgres, at_version("16"))
    assert [each.version for each in options] == ["18", "17"]
    assert all(each.is_risky and each.warning and each.tone == "err" for each in options)
    back = version_options(postgres, at_version("18"))
    assert not any(each.is_possible for each in back)
    assert back[0].title == "17 · not possible"


def test_a_version_that_never_served_can_be_taken_back():
    failed = at_version("17", serving="postgres:16")
    back = {each.version: each for each in version_options(library().get("postgres"), failed)}["16"]
    assert (back.is_possible, back.is_risky, back.title) == (True, False, "16 · Runs now")
    assert current_words(failed) == "Its settings say PostgreSQL 17; what runs is postgres:16."
    assert current_words(at_version("16", serving="postgres:16")) == "It has PostgreSQL 16."
    assert names(running_facts(failed))["serving"] == "postgres:16; the settings say postgres:17"


def test_the_facts_of_a_database_are_its_volume_its_port_and_its_check():
    facts = names(running_facts(databases.PUBLIC_DB))
    assert facts["mounts"] == "volume data → /var/lib/postgresql/data"
    assert facts["published"] == "15432 → 5432/tcp"
    assert "stops the old release" in facts["strategy"]
    assert "domains" not in facts
    assert names(source_facts(databases.DB)) == {"image": "postgres:16", "health": "pg_isready -U app, within 60 s"}


def test_the_facts_of_every_kind_of_source():
    assert names(source_facts(databases.SITE))["computer"] == "studio"
    assert names(source_facts(databases.SITE))["builder"] == "Nixpacks"
    tagged = replace(snapshots.WEB, settings=replace(snapshots.WEB.settings, source=GitSource("u", tag="v2")))
    assert names(source_facts(tagged))["branch"] == "v2"
    archive = replace(snapshots.WEB, settings=replace(snapshots.WEB.settings, source=ArchiveSource("shop.zip")))
    assert names(source_facts(archive))["archive"] == "shop.zip"
    assert health_words(snapshots.WORKER.settings) == "its containers run"


def test_passwords_are_dots_until_they_are_asked_for_and_again_afterwards(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connection-url"))
        assert SECRET not in page.find("connection-url").text()
        assert page.agent.asked == []
        await page.press("reveal-url")
        await page.until(lambda: SECRET in page.find("connection-url").text())
        assert SECRET not in page.find("connection-password").text()
        assert page.agent.asked == [("reveal_connections", databases.DB.id)]
        await page.press("reveal-url")
        assert SECRET not in page.find("connection-url").text()

    story(plot)


def test_a_shown_password_is_hidden_when_the_tab_is_left(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connection-url"))
        await page.press("reveal-url")
        await page.until(lambda: SECRET in page.find("connection-url").text())
        tabs = page.find("service-tabs")
        tabs.set_current("logs")
        tabs.set_current("overview")
        await page.settle()
        assert SECRET not in page.find("connection-url").text()

    story(plot)


def test_copying_takes_the_password_without_showing_it(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("copy-url"))
        await page.press("copy-url")
        await page.until(lambda: SECRET in QGuiApplication.clipboard().text())
        assert SECRET not in page.find("connection-url").text()
        QGuiApplication.clipboard().clear()

    story(plot)


def test_a_public_connection_is_there_only_while_its_port_is_published(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connection-url"))
        assert not page.is_shown("connection-public-url")
        assert "Port 5432 is not published. Publish the port." in page.words()

    story(plot)


def test_a_published_port_is_warned_of_on_the_page(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connection-public-url"))
        assert "Everyone who reaches fra-1 can try passwords on port 15432" in page.words()

    story(plot, databases.PUBLIC_DB)


def test_connections_that_cannot_be_read_again_stay_in_sight_with_the_reason(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connection-url"))
        page.agent.refuse["connections"] = NotReady("The connections cannot be read", "the database is busy", "Wait")
        page.page._tabs.set_current("logs")
        page.page._tabs.set_current("overview")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.is_shown("connection-url")

    story(plot)


def test_who_uses_it_is_named_and_leads_there(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("dependent-api"))
        assert "2 services refer to it:" in page.words()
        await page.press("dependent-api")
        assert (page.shell.went[-1].service, page.shell.went[-1].tab) == (snapshots.API.id, "variables")

    story(plot)


def test_a_made_up_password_redeploys_who_refers_to_it(story):
    async def plot(page):
        await page.press("rotate-password")
        await page.until(lambda: page.is_shown("rotate-redeploys"))
        assert "api, worker" in page.words()
        page.agent.hold["rotate"] = asyncio.Event()
        await page.press("confirm-rotate")
        assert "Changing the password…" in page.words()
        assert page.server.model.pending == {databases.DB.id: "rotating"}
        page.agent.hold["rotate"].set()
        await page.until(lambda: "The password is changed; api and worker are being deployed." in page.words())
        assert page.agent.asked == [("rotate", databases.DB.id, RotatePassword(None, redeploys=True))]
        await page.press("confirm-rotate")
        assert page.shell.went[-1].page == "deployments"

    story(plot)


def test_ones_own_password_is_checked_and_leaving_others_behind_is_warned_of(story):
    async def plot(page):
        await page.press("rotate-password")
        await page.until(lambda: page.is_shown("rotate-redeploys"))
        page.find("rotate-how").choose("own")
        await page.settle()
        await page.type("rotate-own-password", "short")
        await page.press("confirm-rotate")
        assert page.agent.asked == []
        await page.type("rotate-own-password", "long enough")
        await page.press("rotate-redeploys")
        assert "Until api and worker are deployed again, they cannot log in." in page.words()
        await page.press("confirm-rotate")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[-1][2] == RotatePassword("long enough", redeploys=False)

    story(plot)


def test_a_refused_rotation_keeps_what_was_typed(story):
    async def plot(page):
        await page.press("rotate-password")
        page.agent.refuse["rotate"] = NotReady("db does not run", "it was stopped", "Start it")
        await page.press("confirm-rotate")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("confirm-rotate").isEnabled()
        assert page.is_shown("rotate-how")

    story(plot)


def test_a_template_without_a_way_to_rotate_says_so(story):
    async def plot(page):
        assert not page.find("rotate-password").isEnabled()
        assert page.find("rotate-password").toolTip() == "Its template does not say how"

    story(plot, of_template(rotation=None))


def test_a_risky_version_wants_the_name_typed_and_is_deployed(story):
    async def plot(page):
        await page.press("change-version")
        await page.until(lambda: page.is_shown("version-choice"))
        page.find("version-choice").choose("17")
        await page.settle()
        assert "PostgreSQL 17 cannot read the data of 16." in page.words()
        assert not page.find("confirm-version").isEnabled()
        await page.type("confirm-name", "db")
        await page.press("confirm-version")
        await page.until(lambda: len(page.agent.asked) == 2)
        change, deploy = page.agent.asked
        assert change[2].settings.source.image == "postgres:17"
        assert change[2].settings.mounts == databases.DB.settings.mounts
        assert change[2].template.version == "17"
        assert deploy[2].trigger is Trigger.SETTINGS
        await page.until(lambda: page.shell.went)
        assert page.shell.went[-1].tab == "deployments"

    story(plot)


def test_a_version_may_be_left_for_the_next_deployment(story):
    async def plot(page):
        await page.press("change-version")
        await page.until(lambda: page.is_shown("version-choice"))
        await page.press("version-deploys")
        await page.type("confirm-name", "db")
        await page.press("confirm-version")
        await page.until(lambda: page.shell.said)
        assert [each[0] for each in page.agent.asked] == ["change_service"]

    story(plot)


def test_a_template_that_is_not_here_is_named(story):
    async def plot(page):
        await page.press("change-version")
        await page.until(lambda: "The template “oracle” is not on this computer" in page.words())
        assert not page.find("confirm-version").isEnabled()

    story(plot, replace(databases.DB, template=TemplateUse("oracle", "Oracle", "1")))


def test_a_database_that_is_not_reachable_keeps_what_was_read_and_offers_nothing(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("connection-url"))
        page.server.connection.become(ConnectionState.RECONNECTING)
        await page.settle()
        assert page.is_shown("connection-url")
        assert not page.find("rotate-password").isEnabled()
        assert not page.find("change-version").isEnabled()

    story(plot)


def test_deleting_a_database_names_its_data_and_who_breaks(story):
    async def plot(page):
        await page.press("delete-service")
        await page.until(lambda: page.is_shown("confirm-delete"))
        assert "The data in the volume is deleted and cannot be brought back." in page.words()
        assert "2 services that use it and break: api, worker" in page.words()

    story(plot, route=DB.on("settings"))


def test_a_dialog_with_little_in_it_does_not_squeeze_its_title(story):
    async def plot(page):
        await page.press("rotate-password")
        page.agent.hold["rotate"] = asyncio.Event()
        await page.press("confirm-rotate")
        await asyncio.sleep(0.05)
        card = page.dialog._card
        assert card.height() >= card.body.totalMinimumSize().height()

    story(plot)
