"""Making a service of every kind in the dialog, used as a person would."""

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit

from godploy_desktop.assets import asset
from godploy_desktop.core.sources import this_computer
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import (
    ArchiveSource,
    BuildpacksBuilder,
    Conflict,
    Deploy,
    FolderSource,
    GitSource,
    ImageSource,
    Mount,
    NixpacksBuilder,
    PublishedPort,
    ServiceKind,
    StaticBuilder,
    Strategy,
)
from tests.gui.page_story import tell
from tests.gui.recorded.scenes import PROJECT


@pytest.fixture
def story(qapp, tmp_path):
    """Opens the dialog of a new service and chooses what is to run."""

    def run(choice, plot, route=PROJECT):
        async def with_dialog(page):
            await page.press("new-service")
            if choice != "git":
                await page.press(f"service-kind-{choice}")
            await plot(page)

        tell(qapp, tmp_path, route, with_dialog)

    return run


@pytest.fixture
def own_templates(tmp_path):
    """A person's own templates: a copy of one of ours under another name, and one that is broken."""
    folder = tmp_path / "data" / "templates"
    folder.mkdir(parents=True)
    ours = asset("resources/templates/postgres.yaml").read_text(encoding="utf-8")
    (folder / "team.yaml").write_text(
        ours.replace("name: postgres\n", "name: team-db\n", 1).replace("title: PostgreSQL", "title: Team database", 1)
    )
    (folder / "half.yaml").write_text(
        ours.replace("name: postgres\n", "name: half\n", 1).replace("format: 1", "form: 1")
    )
    return folder


def request_of(page):
    verb, request = page.agent.asked[0]
    assert verb == "create_service"
    return request


def focused(page):
    return page.page.window().focusWidget().objectName()


def found(page):
    return page.find("service-folder-found").text() if page.is_shown("service-folder-found") else ""


async def in_gallery(page):
    await page.until(lambda: page.is_shown("template-search"))
    await page.settle()


def test_only_the_fields_of_what_is_to_run_are_shown(story):
    wanted = {
        "folder": {"service-folder", "service-builder", "service-port", "service-domain", "deploy-now"},
        "archive": {"service-archive", "service-builder", "service-port", "service-domain", "deploy-now"},
        "image": {"service-image", "service-port", "service-domain", "service-registry", "deploy-now"},
        "custom": {"service-custom-image", "service-command", "service-mounts-add", "service-strategy", "deploy-now"},
        "git": {"service-url", "service-branch", "service-builder", "service-port", "service-domain"},
    }

    async def plot(page):
        every = set().union(*wanted.values())
        for choice, names in wanted.items():
            await page.press(f"service-kind-{choice}")
            shown = {each for each in every if page.is_shown(each)}
            missing, strange = names - shown, shown - names - {"service-port", "service-domain"}
            assert (missing, strange) == (set(), set()), choice

    story("git", plot)


def test_what_is_to_run_is_chosen_with_the_keyboard(story):
    async def plot(page):
        page.find("service-kind-git").setFocus()
        QTest.keyClick(page.find("service-kind-git"), Qt.Key.Key_Right)
        assert focused(page) == "service-kind-folder"
        assert page.is_shown("service-folder")
        QTest.keyClick(page.find("service-kind-folder"), Qt.Key.Key_End)
        assert page.is_shown("service-custom-image")

    story("git", plot)


def test_a_tag_is_built_where_a_tag_is_chosen(story):
    async def plot(page):
        await page.type("service-url", "https://git.example.com/team/shop.git")
        page.find("service-follows").choose("tag")
        assert not page.is_shown("service-branch")
        await page.press("create-service")
        assert page.agent.asked == []
        await page.type("service-tag", "v1.4.0")
        await page.type("service-root", "/apps/web/")
        await page.press("service-more-of-source")
        await page.press("service-submodules")
        await page.press("create-service")
        source = request_of(page).settings.source
        assert source == GitSource(
            "https://git.example.com/team/shop.git", "main", "apps/web", tag="v1.4.0", submodules=True
        )

    story("git", plot)


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("nixpacks", {"service-start-command": "node server.js"}, NixpacksBuilder(start_command="node server.js")),
        ("buildpacks", {"service-process": "worker"}, BuildpacksBuilder(process="worker")),
        (
            "static",
            {"service-static-command": "npm run build", "service-output": "dist"},
            StaticBuilder("npm run build", "dist"),
        ),
    ],
)
def test_a_builder_shows_its_own_fields_only(story, kind, typed, expected):
    every = {"service-dockerfile", "service-builder-image", "service-static-command", "service-more-of-nixpacks"}

    async def plot(page):
        await page.type("service-url", "https://git.example.com/team/shop.git")
        assert not any(page.is_shown(name) for name in every)
        page.find("service-builder").choose(kind)
        await page.settle()
        assert len([name for name in every if page.is_shown(name)]) == 1
        if kind == "nixpacks":
            await page.press("service-more-of-nixpacks")
        for name, text in typed.items():
            await page.type(name, text)
        await page.press("create-service")
        assert request_of(page).settings.builder == expected

    story("git", plot)


def test_what_is_wrong_in_a_fold_is_unfolded_and_marked(story):
    async def plot(page):
        await page.type("service-archive", "shop.tar.gz")
        await page.press("service-more-of-source")
        await page.type("service-root", "../elsewhere")
        await page.press("service-more-of-source")
        assert not page.is_shown("service-root")
        await page.press("create-service")
        assert page.agent.asked == []
        assert page.is_shown("service-root")
        assert "A path inside the source has no “..”" in page.words()

    story("archive", plot)


def test_a_folder_says_what_was_found_and_is_sent_before_its_page_is_there(story, tmp_path, monkeypatch):
    folder = tmp_path / "My Shop"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "index.html").write_text("hello")
    sent = []

    async def deploy_folder(server, service, progress, log=None, trigger=None):
        sent.append(service.name)
        return await server.deploy(service.id, Deploy(upload="u-1"))

    monkeypatch.setattr("godploy_desktop.core.uploading.deploy_folder", deploy_folder)

    async def plot(page):
        await page.type("service-folder", str(folder / "nowhere"))
        await page.until(lambda: "nowhere" in found(page))
        await page.type("service-folder", str(folder))
        await page.until(lambda: found(page).startswith("2 files"))
        assert "Dockerfile" in found(page)
        assert page.find("service-name").text() == "my-shop"
        await page.press("create-service")
        await page.until(lambda: sent == ["my-shop"])
        assert request_of(page).settings.source == FolderSource(str(folder), this_computer())
        assert page.shell.went[0].service == "s-my-shop"

    story("folder", plot)


def test_a_folder_that_is_not_there_is_not_made_into_a_service(story, tmp_path):
    async def plot(page):
        await page.type("service-folder", str(tmp_path / "nowhere"))
        await page.press("create-service")
        assert page.agent.asked == []
        assert page.is_shown("problem-panel")

    story("folder", plot)


def test_a_folder_can_be_chosen_without_typing(story, tmp_path):
    async def plot(page):
        await page.press("service-choose-folder")
        dialog = page.page.window().findChild(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path))
        dialog.done(QFileDialog.DialogCode.Accepted)
        assert page.find("service-folder").text() == str(tmp_path)

    story("folder", plot)


def test_an_archive_is_sent_and_deployed(story, tmp_path, monkeypatch):
    archive = tmp_path / "shop-1.4.tar.gz"
    archive.write_bytes(b"not looked at here")
    sent = []

    async def deploy_archive(server, service, path, progress):
        sent.append(path)
        return await server.deploy(service.id, Deploy(upload="u-1"))

    monkeypatch.setattr("godploy_desktop.core.uploading.deploy_archive", deploy_archive)

    async def plot(page):
        await page.type("service-archive", str(tmp_path / "shop.txt"))
        await page.press("create-service")
        assert page.agent.asked == []
        await page.type("service-archive", str(archive))
        await page.press("create-service")
        await page.until(lambda: sent == [archive])
        request = request_of(page)
        assert (request.name, request.settings.source) == ("shop", ArchiveSource("shop-1.4.tar.gz"))

    story("archive", plot)


def test_an_image_takes_the_name_of_the_registry_that_is_picked(story):
    async def plot(page):
        await page.type("service-image", "team/shop:2")
        await page.until(lambda: "registry.example.com:5000" in page.words())
        page.find("service-registry").choose("registry.example.com:5000")
        assert page.find("service-image").text() == "registry.example.com:5000/team/shop:2"
        await page.press("create-service")
        await page.until(lambda: ("deploy",) in [each[:1] for each in page.agent.asked])
        request = request_of(page)
        assert request.settings.source == ImageSource("registry.example.com:5000/team/shop:2")
        assert (request.kind, request.name) == (ServiceKind.IMAGE, "shop")
        assert page.shell.went[-1].tab == "deployments"

    story("image", plot)


def test_the_registries_are_a_press_away(story):
    async def plot(page):
        await page.press("service-open-registries")
        assert page.dialog is None
        assert page.shell.went[-1].page == "server"

    story("image", plot)


def test_a_custom_service_has_mounts_ports_and_a_health_command(story):
    async def plot(page):
        await page.type("service-custom-image", "minio/minio:latest")
        await page.type("service-command", 'server /data --console-address ":9001"')
        await page.press("service-mounts-add")
        await page.type("service-mounts-source-0", "data")
        await page.type("service-mounts-target-0", "data")
        await page.press("create-service")
        assert "Mount 1: it is seen in the container at an absolute path such as /data" in page.words()
        await page.type("service-mounts-target-0", "/data")
        await page.press("service-ports-add")
        await page.type("service-ports-host-0", "9001")
        await page.type("service-health-command", "mc ready local")
        await page.type("service-port", "9000")
        await page.press("deploy-now")
        await page.press("create-service")
        settings = request_of(page).settings
        assert settings.command == ("server", "/data", "--console-address", ":9001")
        assert settings.mounts == (Mount("data", "/data"),)
        assert settings.published == (PublishedPort(9001, 9001),)
        assert settings.health.command == ("mc", "ready", "local")
        assert (settings.rollout.strategy, settings.port) == (Strategy.RECREATE, 9000)
        assert [each[0] for each in page.agent.asked] == ["create_service"]

    story("custom", plot)


def test_a_row_of_mounts_can_be_taken_away_again(story):
    async def plot(page):
        await page.type("service-custom-image", "nginx")
        await page.press("service-mounts-add")
        await page.type("service-mounts-source-0", "wrong name")
        await page.press("service-mounts-remove-0")
        await page.press("create-service")
        assert request_of(page).settings.mounts == ()

    story("custom", plot)


def test_a_database_is_made_from_the_gallery_with_the_keyboard_alone(story):
    async def plot(page):
        await in_gallery(page)
        assert not page.is_shown("create-service")
        search = page.find("template-search")
        assert focused(page) == "template-search"
        QTest.keyClicks(search, "relational pg")
        await page.settle()
        assert page.is_shown("template-postgres")
        assert not page.is_shown("template-redis")
        QTest.keyClick(search, Qt.Key.Key_Return)
        await page.settle()
        assert page.find("service-name").text() == "postgres"
        await page.type("service-name", "db")
        await page.press("create-service")
        await page.until(lambda: len(page.agent.asked) == 2)
        request = request_of(page)
        assert (request.kind, request.template.name, request.name) == (ServiceKind.DATABASE, "postgres", "db")
        password = next(each for each in request.variables if each.name == "POSTGRES_PASSWORD")
        assert password.is_secret
        assert len(password.value) == 32
        assert request.settings.published == ()
        assert page.agent.asked[1][0] == "deploy"

    story("database", plot)


def test_arrows_go_between_the_cards_and_back_to_the_search(story):
    async def plot(page):
        await in_gallery(page)
        QTest.keyClick(page.find("template-search"), Qt.Key.Key_Down)
        assert focused(page) == "template-clickhouse"
        QTest.keyClick(page.find("template-clickhouse"), Qt.Key.Key_Right)
        assert focused(page) == "template-mariadb"
        QTest.keyClick(page.find("template-mariadb"), Qt.Key.Key_Up)
        assert focused(page) == "template-search"

    story("database", plot)


def test_a_search_that_finds_nothing_says_so_and_enter_makes_nothing(story):
    async def plot(page):
        await in_gallery(page)
        await page.type("template-search", "spreadsheet")
        assert "spreadsheet" in page.find("template-none").text()
        QTest.keyClick(page.find("template-search"), Qt.Key.Key_Return)
        assert page.dialog is not None
        assert page.agent.asked == []

    story("database", plot)


def test_own_templates_are_marked_and_broken_ones_say_what_is_wrong(story, own_templates):
    async def plot(page):
        await in_gallery(page)
        assert page.find("template-team-db").accessibleDescription() == f"your own, from {own_templates / 'team.yaml'}"
        broken = page.find("broken-template-half")
        assert "form: should be one of format" in broken.accessibleName()
        assert f"half.yaml in {own_templates}" in page.words()
        shutil.rmtree(own_templates)

    story("database", plot)


def test_a_generated_password_can_be_read_and_made_anew(story):
    async def plot(page):
        await in_gallery(page)
        page.find("template-postgres").clicked.emit()
        await page.settle()
        password = page.find("template-param-password")
        assert password.echoMode() is QLineEdit.EchoMode.Password
        first = password.text()
        await page.press("template-reveal-password")
        assert password.echoMode() is QLineEdit.EchoMode.Normal
        await page.press("template-generate-password")
        assert len(password.text()) == len(first)
        assert password.text() != first

    story("database", plot)


def test_a_parameter_that_cannot_be_used_is_marked_at_its_field(story):
    async def plot(page):
        await in_gallery(page)
        page.find("template-postgres").clicked.emit()
        await page.settle()
        await page.type("template-param-database", "1-2-3")
        await page.press("create-service")
        assert page.agent.asked == []
        assert "letters, digits and underscores" in page.words()

    story("database", plot)


def test_reachable_from_outside_warns_and_publishes_the_port(story):
    async def plot(page):
        await in_gallery(page)
        page.find("template-postgres").clicked.emit()
        await page.settle()
        assert not page.is_shown("template-public-port")
        await page.press("template-public")
        await page.type("template-public-port", "15432")
        page.find("template-version").choose("16")
        await page.settle()
        assert "2028" in page.words()
        await page.press("create-service")
        request = request_of(page)
        assert [(each.container_port, each.host_port) for each in request.settings.published] == [(5432, 15432)]
        assert request.settings.source == ImageSource("postgres:16")

    story("database", plot)


def test_from_a_template_one_comes_back_to_the_gallery(story):
    async def plot(page):
        await in_gallery(page)
        page.find("template-redis").clicked.emit()
        await page.settle()
        assert page.is_shown("create-service")
        await page.press("template-back")
        await in_gallery(page)
        assert not page.is_shown("create-service")

    story("database", plot)


def test_a_refusal_stays_in_the_dialog_with_all_that_was_typed(story):
    async def plot(page):
        page.agent.refuse["create_service"] = Conflict("There is a db already", "names are unique", "Choose another")
        await in_gallery(page)
        page.find("template-redis").clicked.emit()
        await page.settle()
        await page.type("service-name", "db")
        await page.press("create-service")
        assert page.find("problem-panel").problem.next_step == "Choose another"
        assert page.find("service-name").text() == "db"
        assert page.find("create-service").isEnabled()

    story("database", plot)


def test_a_domain_that_is_refused_does_not_undo_the_service(story):
    async def plot(page):
        page.agent.refuse["add_domain"] = Conflict("It is taken", "shop/web has shop.example.com", "Choose another")
        assert focused(page) == "service-url"
        await page.type("service-url", "https://git.example.com/team/shop.git")
        await page.type("service-domain", "shop.example.com")
        await page.press("create-service")
        await page.until(lambda: page.is_shown("making-without"))
        assert page.find("problem-panel").problem.why == "shop/web has shop.example.com"
        assert "Done: Make the service shop. Not done: Add the domain shop.example.com." in page.words()
        await page.press("making-without")
        await page.until(lambda: page.is_shown("deploy-new-service"))
        assert [each[0] for each in page.agent.asked] == ["create_service"]

    story("git", plot)


def test_everything_in_the_dialog_has_a_name_for_those_who_cannot_see_it(story):
    async def plot(page):
        for choice in ("git", "folder", "archive", "image", "custom"):
            await page.press(f"service-kind-{choice}")
            reachable = [each for each in page.dialog._focusable() if each.isVisible()]
            assert reachable
            assert [each.objectName() for each in reachable if not each.accessibleName()] == []

    story("git", plot)


def test_the_route_of_a_new_service_is_its_page(story):
    async def plot(page):
        await page.type("service-url", "https://git.example.com/team/shop.git")
        await page.press("create-service")
        await page.until(lambda: page.shell.went)
        assert page.shell.went == [Route("service", server=1, project="p-storefront", service="s-shop")]

    story("git", plot)
