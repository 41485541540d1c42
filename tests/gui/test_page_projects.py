"""Dashboard, projects, making projects and services, the first run, used as a person would."""

import pytest
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from godploy_desktop.core.this_computer import DockerCheck
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages.home import welcome as welcome_module
from godploy_desktop.ui.theme import theme
from godploy_server.contract import Conflict, GitSource, ImageSource, Problem, ServiceKind, ServiceState
from tests.gui.page_story import tell
from tests.gui.recorded import snapshots
from tests.gui.recorded.scenes import PROJECT
from tests.gui.recorded.workspace import change_service, recorded_server, recorded_workspace


@pytest.fixture
def story(qapp, tmp_path):
    return lambda route, plot, workspace=None: tell(qapp, tmp_path, route, plot, workspace)


@pytest.fixture
def nobody(tmp_path):
    def make():
        workspace = recorded_workspace(tmp_path, recorded_server(1, "fra-1", None))
        workspace.servers.clear()
        return workspace

    return make


def test_the_dashboard_shows_the_projects_of_all_servers(story):
    async def plot(page):
        for name in ("storefront", "billing", "docs-site"):
            assert page.is_shown(f"project-card-{name}")
        assert "3 projects on 2 servers" in page.words()

    story(Route("dashboard"), plot)


def test_a_project_is_as_well_as_its_worst_service(story):
    async def plot(page):
        assert page.find("project-card-billing").accessibleName().endswith("Healthy")
        billing = page.workspace.servers[1]
        change_service(billing, snapshots.BILLING, state=ServiceState.CRASHED)
        await page.settle()
        assert page.find("project-card-billing").accessibleName().endswith("Crashed")

    story(Route("dashboard"), plot)


def test_remembered_projects_are_shown_while_the_server_is_away_and_marked(story):
    async def plot(page):
        page.server.connection.become(ConnectionState.LOST)
        await page.settle()
        assert page.is_shown("project-card-storefront")
        assert page.is_shown("connection-banner")
        assert "The connection to fra-1 is lost; reconnecting" in page.words()

    story(Route("dashboard"), plot)


def test_without_servers_the_dashboard_is_the_welcome(story, nobody):
    async def plot(page):
        assert "Welcome to Godploy" in page.words()

    story(Route("dashboard"), plot, nobody)


def test_the_filter_finds_projects_by_their_services(story):
    async def plot(page):
        await page.type("project-filter", "indexer")
        assert page.is_shown("project-card-docs-site")
        assert not page.is_shown("project-card-storefront")
        await page.type("project-filter", "nothing-like-it")
        assert "Nothing found" in page.words()

    story(Route("projects"), plot)


def test_a_project_is_made_on_the_chosen_server(story):
    async def plot(page):
        await page.press("new-project")
        await page.type("project-name", "Bad Name")
        await page.press("create-project")
        assert page.dialog is not None
        await page.type("project-name", "shop")
        page.find("project-server").choose("2")
        await page.press("create-project")
        second = page.workspace.servers[1]
        assert second.agent.asked[0][1].name == "shop"
        assert page.shell.went == [Route("project", server=2, project="p-shop")]

    story(Route("projects"), plot)


def test_a_name_that_is_taken_is_said_in_the_dialog(story):
    async def plot(page):
        page.agent.refuse["create_project"] = Conflict("There is a shop already", "names are unique", "Choose another")
        await page.press("new-project")
        await page.type("project-name", "shop")
        await page.press("create-project")
        assert page.find("problem-panel").problem.next_step == "Choose another"
        assert page.find("create-project").isEnabled()

    story(Route("projects"), plot)


def test_a_project_page_has_a_card_for_each_service(story):
    async def plot(page):
        assert page.find("service-card-worker").accessibleName() == "worker, Background worker, Degraded"
        page.find("service-card-web").clicked.emit()
        assert page.shell.went[-1] == Route("service", server=1, project="p-storefront", service=snapshots.WEB.id)

    story(PROJECT, plot)


def test_a_service_is_made_from_git_and_shows_its_deploy_key_before_the_first_deployment(story):
    async def plot(page):
        await page.press("new-service")
        await page.type("service-url", "git@git.example.com:team/My_Shop.git")
        assert page.find("service-name").text() == "my-shop"
        await page.type("service-port", "")
        await page.type("service-domain", "shop.example.com")
        page.find("service-variables").setPlainText("LOG_LEVEL=info\n# nothing\nEMPTY=")
        await page.press("create-service")
        await page.until(lambda: page.is_shown("git-host-fingerprint"))  # the server never spoke to this git host
        assert all(each[0] != "create_service" for each in page.agent.asked)
        await page.press("trust-git-host")
        await page.until(lambda: page.is_shown("deploy-key"))
        made, domain = page.agent.asked[-2:]
        verb, request = made
        assert verb == "create_service"
        assert request.settings.source == GitSource("git@git.example.com:team/My_Shop.git", "main")
        assert request.settings.port is None
        assert [(each.name, each.value) for each in request.variables] == [("LOG_LEVEL", "info"), ("EMPTY", "")]
        assert domain[2].host == "shop.example.com"
        assert page.find("deploy-key").value().startswith("ssh-ed25519 ")
        await page.press("deploy-new-service")
        assert page.agent.asked[-1][0] == "deploy"

    story(PROJECT, plot)


def test_a_service_is_made_from_an_image_without_a_repository(story):
    async def plot(page):
        await page.press("new-service")
        page.find("service-kind").choose(ServiceKind.IMAGE.value)
        await page.settle()
        assert not page.is_shown("service-url")
        await page.type("service-image", "nginx:1.27")
        assert page.find("service-name").text() == "nginx"
        await page.press("create-service")
        request = page.agent.asked[0][1]
        assert (request.kind, request.settings.source) == (ServiceKind.IMAGE, ImageSource("nginx:1.27"))

    story(PROJECT, plot)


def test_deleting_a_project_names_its_services(story):
    async def plot(page):
        await page.press("delete-project")
        await page.until(lambda: page.is_shown("confirm-delete"))
        assert "6 services: web, api, worker, cache, reports, preview" in page.words()
        await page.type("confirm-name", "storefront")
        await page.press("confirm-delete")
        await page.until(lambda: page.shell.went)
        assert ("delete_project", "p-storefront") in page.agent.asked

    story(PROJECT.on("settings"), plot)


def test_the_first_run_says_what_is_missing_where_docker_does_not_answer(story, nobody, monkeypatch):
    missing = Problem("docker-absent", "This computer has no Docker", "there is no docker command", "Install it")

    async def check_docker():
        return DockerCheck("", missing)

    monkeypatch.setattr(welcome_module, "check_docker", check_docker)

    async def plot(page):
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("problem-panel").problem == missing
        assert not page.is_shown("use-this-computer")
        assert not page.find("deploy-sample").isEnabled()
        assert page.find("welcome-add-server").isEnabled()

    story(Route("welcome"), plot, nobody)


def test_the_sample_is_one_press_where_a_server_is_connected(story, monkeypatch):
    deployed = []

    async def check_docker():
        return DockerCheck("", Problem("docker-absent", "This computer has no Docker", "none", "Install it"))

    async def deploy_sample(server, progress):
        progress.begin("source", "Put the sample's source on the server")
        deployed.append(server.name)
        raise Conflict("The sample was cut short", "the test ends here", "Nothing to do")

    monkeypatch.setattr(welcome_module, "check_docker", check_docker)
    monkeypatch.setattr(welcome_module, "deploy_sample", deploy_sample)

    async def plot(page):
        await page.press("deploy-sample")
        await page.until(lambda: page.is_shown("retry-task"))
        assert deployed == ["fra-1"]
        assert "Put the sample's source on the server" in [each.name for each in page.workspace.tasks.all[-1].steps]

    story(Route("welcome"), plot)


def test_deployments_are_filtered_by_how_they_stand(story):
    async def plot(page):
        table = page.find("deployment-table")
        everything = len(table.rows)
        await page.press("deployments-failed")
        assert [row.cells[1].content for row in table.rows] == ["api"]
        await page.press("deployments-all")
        assert len(table.rows) == everything
        table.activated.emit(table.rows[0].key)
        assert page.shell.went[-1].deployment == snapshots.WEB_QUEUED.id

    story(Route("deployments"), plot)


def test_the_git_page_shows_each_repository_with_its_key(story):
    async def plot(page):
        assert page.find("deploy-key-web").value() == snapshots.WEB.deploy_key
        assert not page.is_shown("deploy-key-cache")
        await page.type("repository-filter", "docs-site")
        assert not page.is_shown("deploy-key-web")
        assert page.is_shown("deploy-key-site")

    story(Route("git"), plot)


def test_the_theme_and_the_agents_stay_are_remembered(story):
    async def plot(page):
        page.find("theme-choice").choose("light")
        assert not theme().tokens.is_dark
        assert page.workspace.setting("theme") == "light"
        await page.press("keep-agent")
        assert page.workspace.setting("keep-embedded-agent") is True

    story(Route("settings"), plot)


@pytest.mark.parametrize(
    "route",
    [Route("dashboard"), Route("servers"), Route("projects"), PROJECT, Route("server", server=1), Route("git"),
     Route("settings"), Route("deployments"), Route("welcome")],
    ids=lambda route: route.page,
)  # fmt: skip
def test_every_button_has_a_name_for_screen_readers(story, route):
    async def plot(page):
        buttons = [each for each in page.page.findChildren(QAbstractButton) if each.isVisible()]
        buttons = [each for each in buttons if not isinstance(each.parent(), QLineEdit)]  # the lens in a field
        assert buttons
        assert [each for each in buttons if not each.accessibleName()] == []

    story(route, plot)
