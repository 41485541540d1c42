"""Ways through the real window, page after page, over recorded servers."""

import pytest

from godploy_desktop.core.this_computer import DockerCheck
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.home import welcome as welcome_module
from godploy_desktop.ui.widgets import Tabs
from godploy_server.contract import Leftovers, ProjectRemoved, ServiceRemoved
from tests.gui.page_story import WindowStory, tell
from tests.gui.recorded import snapshots
from tests.gui.recorded.scenes import PROJECT, SERVICE
from tests.gui.recorded.workspace import recorded_server, recorded_workspace


@pytest.fixture
def story(qapp, tmp_path):
    return lambda route, plot, workspace=None: tell(qapp, tmp_path, route, plot, workspace, WindowStory)


def test_from_no_project_to_a_deployment_under_way(story):
    async def plot(window):
        await window.press("new-project")
        await window.type("project-name", "shop")
        await window.press("create-project")
        await window.until(lambda: window.place.page == "project")
        await window.press("new-service")
        await window.type("service-url", "git@git.example.com:team/shop.git")
        await window.press("create-service")
        await window.until(lambda: window.is_shown("git-host-fingerprint"))
        await window.press("trust-git-host")
        await window.until(lambda: window.is_shown("deploy-new-service"))
        assert window.place.page == "service"
        await window.press("deploy-new-service")
        await window.until(lambda: window.dialog is None)
        assert window.find("service-tabs", Tabs).current == "deployments"
        assert "Deployment #99" in window.words()

    story(Route("projects"), plot)


def test_typed_changes_are_asked_about_before_another_page_and_then_it_is_shown(story):
    async def plot(window):
        await window.until(lambda: window.is_shown("variable-value-LOG_LEVEL"))
        await window.type("variable-value-LOG_LEVEL", "debug")
        window.page.go(Route("servers"))
        await window.settle()
        assert window.place.page == "service"
        await window.press("confirm-discard")
        assert window.place.page == "servers"

    story(SERVICE.on("variables"), plot)


def test_staying_keeps_what_was_typed(story):
    async def plot(window):
        await window.until(lambda: window.is_shown("variable-value-LOG_LEVEL"))
        await window.type("variable-value-LOG_LEVEL", "debug")
        window.page.go(Route("servers"))
        await window.settle()
        window.dialog.cancel()
        await window.settle()
        assert window.place.page == "service"
        assert window.find("variable-value-LOG_LEVEL").text() == "debug"

    story(SERVICE.on("variables"), plot)


def test_a_service_that_someone_removes_leads_back_to_its_project(story):
    async def plot(window):
        window.server.model.apply(ServiceRemoved(snapshots.WEB.id))
        await window.settle()
        assert (window.place.page, window.place.project) == ("project", "p-storefront")
        window.server.model.apply(ProjectRemoved(snapshots.WEB.project_id))
        await window.settle()
        assert window.place.page == "projects"

    story(SERVICE, plot)


def test_a_removed_server_leaves_the_list(story):
    async def plot(window):
        window.workspace.remove_server = lambda server, *, purge: _remove(window.workspace, server)
        await window.press("remove-server")
        await window.press("confirm-remove-server")
        await window.until(lambda: window.place.page == "servers")
        assert not window.is_shown("server-card-fra-1")
        assert window.is_shown("server-card-fra-2")

    story(Route("server", server=1, tab="settings"), plot)


def test_a_lost_connection_is_harmless_on_every_page(story):
    async def plot(window):
        window.server.connection.become(ConnectionState.RECONNECTING)
        pages = (Route("dashboard"), PROJECT, SERVICE, SERVICE.on("deployments"), SERVICE.on("metrics"), Route("git"))
        for route in (*pages, Route("server", server=1), Route("servers"), Route("deployments"), Route("projects")):
            window.page.go(route)
            await window.settle()
            assert window.place == route
        window.server.connection.become(ConnectionState.CONNECTED)
        window.server.model.apply(snapshots.first_server())
        window.page.go(SERVICE)
        await window.settle()
        assert not window.is_shown("connection-banner")
        assert window.find("deploy-button").isEnabled()

    story(SERVICE, plot)


def test_opening_a_workspace_without_servers_leads_to_the_welcome(story, tmp_path, monkeypatch):
    async def check_docker():
        return DockerCheck("26.1.5", None)

    monkeypatch.setattr(welcome_module, "check_docker", check_docker)

    def unopened():
        workspace = recorded_workspace(tmp_path, recorded_server(1, "fra-1", None))
        workspace.servers.clear()
        workspace.is_open = False
        return workspace

    async def plot(window):
        assert window.place.page == "dashboard"
        window.workspace.is_open = True
        window.workspace.changed.emit(window.workspace)
        await window.settle()
        assert window.place.page == "welcome"
        await window.until(lambda: "Docker 26.1.5 answers" in window.words())
        assert window.find("deploy-sample").isEnabled()

    story(Route("dashboard"), plot, unopened)


async def _remove(workspace, server):
    workspace.servers.remove(server)
    workspace.changed.emit(workspace)
    return Leftovers()
