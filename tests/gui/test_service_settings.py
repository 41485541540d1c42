"""The settings of services of every kind, used as a person would."""

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QFileDialog

from godploy_desktop.core.sources import this_computer
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import (
    ArchiveSource,
    DockerfileBuilder,
    FolderSource,
    ImageSource,
    Mount,
    NixpacksBuilder,
    PublishedPort,
    Strategy,
)
from tests.gui.page_story import tell
from tests.gui.recorded import databases, snapshots
from tests.gui.recorded.workspace import change_service, recorded_server, recorded_workspace


@pytest.fixture
def story(qapp, tmp_path):
    """Opens the settings of a service of the recorded server with databases."""

    def run(service, plot):
        def make():
            return recorded_workspace(tmp_path, recorded_server(1, "fra-1", databases.server_with_databases()))

        route = Route("service", server=1, project=service.project_id, service=service.id, tab="settings")
        tell(qapp, tmp_path, route, plot, make)

    return run


def saved(page):
    verb, _service, change = page.agent.asked[-1]
    assert verb == "change_service"
    return change.settings


def test_what_was_typed_for_one_builder_stays_while_another_is_looked_at(story):
    async def plot(page):
        page.find("setting-builder").choose("dockerfile")
        await page.type("setting-dockerfile", "docker/web.Dockerfile")
        page.find("setting-builder").choose("nixpacks")
        await page.settle()
        assert not page.is_shown("setting-dockerfile")
        await page.press("setting-more-of-nixpacks")
        await page.type("setting-start-command", "node server.js")
        page.find("setting-builder").choose("dockerfile")
        await page.settle()
        assert page.find("setting-dockerfile").text() == "docker/web.Dockerfile"
        await page.press("save-settings")
        assert saved(page).builder == DockerfileBuilder("docker/web.Dockerfile")

    story(snapshots.WEB, plot)


def test_what_is_typed_stays_whatever_the_server_reports_and_goes_with_discard(story):
    async def plot(page):
        page.find("setting-builder").choose("static")
        await page.type("setting-output", "dist")
        change_service(page.server, snapshots.WEB, settings=replace(snapshots.WEB.settings, replicas=9))
        await page.settle()
        assert page.find("setting-output").text() == "dist"
        await page.press("discard-settings")
        assert page.find("setting-builder").value == "auto"
        assert page.find("setting-replicas").text() == "9"
        assert not page.find("save-settings").isEnabled()

    story(snapshots.WEB, plot)


def test_what_is_wrong_is_marked_at_its_field_and_named_above(story):
    async def plot(page):
        page.find("setting-builder").choose("dockerfile")
        await page.press("setting-more-of-builder")
        page.find("setting-arguments").setPlainText("PATH=/tmp")
        await page.press("setting-more-of-builder")
        await page.press("save-settings")
        assert page.agent.asked == []
        assert page.is_shown("setting-arguments")
        assert not page.find("setting-arguments").visibleRegion().isEmpty()
        assert "PATH" in page.find("problem-panel").problem.what
        page.find("setting-arguments").setPlainText("NODE_ENV=production")
        await page.press("save-settings")
        assert saved(page).builder == DockerfileBuilder(arguments={"NODE_ENV": "production"})

    story(snapshots.WEB, plot)


def test_only_an_application_has_a_builder(story):
    async def plot(page):
        assert not page.is_shown("setting-builder")
        assert not page.is_shown("setting-url")
        assert not page.is_shown("setting-build-timeout")
        await page.type("setting-image", "postgres:16.4")
        await page.press("save-settings")
        assert saved(page).source == ImageSource("postgres:16.4")

    story(databases.DB, plot)


def test_the_storage_of_a_database_is_shown_and_changed(story):
    held = databases.DB.settings

    async def plot(page):
        assert page.find("setting-mounts-target-0").text() == held.mounts[0].target
        await page.press("setting-mounts-add")
        last = len(held.mounts)
        await page.type(f"setting-mounts-source-{last}", "scratch")
        await page.type(f"setting-mounts-target-{last}", "/scratch")
        await page.press("setting-ports-add")
        await page.type(f"setting-ports-host-{len(held.published)}", "15432")
        await page.type(f"setting-ports-container-{len(held.published)}", "5432")
        await page.press("save-settings")
        assert saved(page).mounts == (*held.mounts, Mount("scratch", "/scratch"))
        assert saved(page).published == (*held.published, PublishedPort(5432, 15432))

    story(databases.DB, plot)


def test_a_volume_wants_the_old_container_stopped_first(story):
    async def plot(page):
        await page.type("setting-replicas", "1")
        await page.press("setting-mounts-add")
        await page.type("setting-mounts-source-0", "files")
        await page.type("setting-mounts-target-0", "/files")
        await page.press("save-settings")
        assert page.agent.asked == []
        assert "Rollout" in page.find("problem-panel").problem.next_step
        page.find("setting-strategy").choose("recreate")
        await page.type("setting-stop-grace", "60")
        await page.press("save-settings")
        rollout = saved(page).rollout
        assert (rollout.strategy, rollout.stop_grace_s) == (Strategy.RECREATE, 60)

    story(snapshots.WEB, plot)


def test_a_folder_that_is_chosen_anew_belongs_to_this_computer(story, tmp_path):
    async def plot(page):
        assert page.find("setting-builder").value == NixpacksBuilder().kind
        assert databases.SITE.settings.source.computer in page.words()
        await page.press("setting-choose-folder")
        dialog = page.page.window().findChild(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path))
        dialog.done(QFileDialog.DialogCode.Accepted)
        await page.press("save-settings")
        assert saved(page).source == FolderSource(str(tmp_path), this_computer(), databases.SITE.settings.source.root)

    story(databases.SITE, plot)


def test_the_fields_follow_another_kind_of_source_and_another_archive_is_sent_in_sight(story, tmp_path, monkeypatch):
    archive = tmp_path / "shop-2.zip"
    archive.write_bytes(b"not looked at here")
    goes_on = asyncio.Event()

    async def send_archive(server, service, path, progress):
        progress.begin("send", "Send the archive", path.name)
        await goes_on.wait()
        return databases.UPLOADS[0]

    monkeypatch.setattr("godploy_desktop.core.uploading.send_archive", send_archive)
    source = ArchiveSource("shop-1.zip", "web")

    async def plot(page):
        assert page.is_shown("setting-url")
        change_service(page.server, snapshots.WEB, settings=replace(snapshots.WEB.settings, source=source))
        await page.settle()
        assert page.find("setting-archive").isReadOnly()
        await page.press("send-archive")
        dialog = page.page.window().findChild(QFileDialog)
        dialog.fileSelected.emit(str(archive))
        dialog.done(QFileDialog.DialogCode.Accepted)
        await page.until(lambda: page.is_shown("sending-steps"))
        assert not page.find("send-archive").isEnabled()
        goes_on.set()
        await page.until(lambda: page.agent.asked)
        assert saved(page).source == replace(source, name="shop-2.zip")

    story(snapshots.WEB, plot)


def test_everything_in_the_settings_has_a_name_for_those_who_cannot_see_it(story):
    async def plot(page):
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QWidget

        tab = page.find("tab-settings")
        reachable = [each for each in tab.findChildren(QWidget) if each.focusPolicy() & Qt.FocusPolicy.TabFocus]
        assert len(reachable) > 20
        assert [each.objectName() for each in reachable if not each.accessibleName()] == []

    story(databases.DB, plot)
