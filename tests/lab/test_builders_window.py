"""A database from the gallery and an application from a folder of this computer, by clicking in the real window."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from godploy_desktop.core.server import Server as KnownServer
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import DeploymentState, Service, ServiceKind, ServiceState
from tests.lab.labkit.applications import FOLDER
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import Godploy, add_server, visit_page
from tests.lab.window import Person, at_the_window


def test_a_database_and_an_application_from_a_folder_are_made_by_clicks(
    bootstrapped_server: Server,
    lab: Lab,
    offer_images: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer_images("postgres:16", "nginx:1.29-alpine")
    profile = Godploy(tmp_path)
    add_server(profile, bootstrapped_server, lab)
    monkeypatch.setenv("GODPLOY_HOME", profile.environment["GODPLOY_HOME"])
    site = tmp_path / "site"
    shutil.copytree(FOLDER / "static-plain", site)
    host = bootstrapped_server.domain("site")

    def page() -> str:
        return visit_page(bootstrapped_server, host).body

    async def live(person: Person) -> None:
        await person.see(lambda: person.workspace.servers, "the server")
        server = person.workspace.servers[0]
        await person.see(lambda: server.model.is_live, "a live server", 60)
        await make_project(person)

        await person.click("new-service")
        await person.click("service-kind-database")
        await person.type("template-search", "postgresql")
        await person.click("template-postgres")
        await person.choose("template-version", "16")
        await person.type("service-name", "db")
        await person.click("create-service")
        await see_running(person, server, "db", 1)
        assert service_of(server, "db").kind is ServiceKind.DATABASE
        await person.picture(tmp_path / "pictures" / "database.png")

        await person.go(Route("project", server=server.id, project=service_of(server, "db").project_id))
        await person.click("new-service")
        await person.click("service-kind-folder")
        await person.type("service-folder", str(site))
        await person.see_text("3 files")
        await person.choose("service-builder", "static")
        await person.click("create-service")
        await see_running(person, server, "site", 1)
        await route_plainly(person, server, host)
        await person.see(lambda: "static-plain" in page(), "the page", 30)
        await person.picture(tmp_path / "pictures" / "folder.png")

        (site / "index.html").write_text("<h1>the second edition</h1>")
        await person.go(route_to(server, "overview"))
        await person.click("deploy-button")
        await see_running(person, server, "site", 2)
        assert "the second edition" in page()

    at_the_window(live)


async def make_project(person: Person) -> None:
    """Make the project that both services belong to."""
    await person.go(Route("projects"))
    await person.click("new-project" if person.shows("new-project") else "empty-new-project")
    await person.type("project-name", "made")
    await person.click("create-project")


async def route_plainly(person: Person, server: KnownServer, host: str) -> None:
    """Give the site a domain without a certificate."""
    await person.go(route_to(server, "domains"))
    await person.click("add-domain")
    await person.type("domain-host", host)
    await person.tick("domain-tls", is_checked=False)
    await person.click("create-domain")
    await person.see(lambda: service_of(server, "site").domains, "the domain")


def route_to(server: KnownServer, tab: str) -> Route:
    site = service_of(server, "site")
    return Route("service", server=server.id, project=site.project_id, service=site.id, tab=tab)


def service_of(server: KnownServer, name: str) -> Service:
    return next(each for each in server.model.services.values() if each.name == name)


async def see_running(person: Person, server: KnownServer, name: str, number: int) -> None:
    """Wait until deployment `number` of a service ended well and it runs."""

    def ended() -> bool:
        failed = [each.error for each in person.workspace.tasks.all if each.error is not None]
        assert not failed, failed
        made = [each for each in server.model.services.values() if each.name == name]
        newest = server.model.latest_deployment(made[0].id) if made else None
        return newest is not None and newest.number == number and newest.state.is_final

    await person.see(ended, f"the end of deployment {number} of {name}", 300)
    newest = server.model.latest_deployment(service_of(server, name).id)
    assert newest is not None
    assert newest.state is DeploymentState.SUCCEEDED, newest.problem
    await person.see(lambda: service_of(server, name).state is ServiceState.RUNNING, f"{name} running", 60)
