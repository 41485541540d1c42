"""An application is connected to a database, and the database gets another password, by clicking in the window."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit

from godploy_desktop.core.server import Server as KnownServer
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import DeploymentState, Service
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import Godploy, add_server
from tests.lab.window import Person, at_the_window

ASKS_THE_DATABASE = """sh -c 'psql "$DATABASE_URL" -c "select 1" && exec sleep 3600'"""
"""An application that ends at once unless it can log in with what its variable says."""


def test_a_connection_made_by_clicks_follows_the_password(
    bootstrapped_server: Server,
    godploy: Godploy,
    lab: Lab,
    offer_images: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer_images("postgres:16")
    godploy("project", "create", "made")
    godploy("service", "create", "made/db", "--template", "postgres", "--template-version", "16")
    godploy("deploy", "made/db")
    godploy("service", "create", "made/app", "--image", "postgres:16", "--port", "none", "--command", ASKS_THE_DATABASE)
    profile = Godploy(tmp_path)
    add_server(profile, bootstrapped_server, lab)
    monkeypatch.setenv("GODPLOY_HOME", profile.environment["GODPLOY_HOME"])

    async def live(person: Person) -> None:
        await person.see(lambda: person.workspace.servers, "the server")
        server = person.workspace.servers[0]
        await person.see(lambda: server.model.is_live, "a live server", 60)

        await person.go(to(server, "app", "variables"))
        await person.click("connect-a-database")
        await person.see_text("postgresql://app:••••••••@db:5432/app")
        await person.click("connect-service")
        await person.see(lambda: text_of(person, "variable-value-DATABASE_URL") == "from db: url", "the reference")
        await person.click("deploy-button")
        await see_deployed(person, server, "app", 1)

        await person.go(to(server, "db", "overview"))
        before = await shown_url(person)
        await person.click("rotate-password")
        await person.see_text("1 service refers to it: app.")
        await person.click("confirm-rotate")
        await person.see_text("The password is changed; app is being deployed.", 120)
        await person.picture(tmp_path / "pictures" / "rotated.png")
        await person.press("Close")
        await see_deployed(person, server, "app", 2)  # it logged in with the new password
        assert await shown_url(person) != before

        await person.go(to(server, "db", "settings"))
        await person.click("delete-service")
        await person.see_text("1 service that uses it and breaks: app")
        await person.see_text("The data in the volume is deleted and cannot be brought back.")
        await person.press("Cancel")

    at_the_window(live)


def service_of(server: KnownServer, name: str) -> Service:
    return next(each for each in server.model.services.values() if each.name == name)


def to(server: KnownServer, name: str, tab: str) -> Route:
    service = service_of(server, name)
    return Route("service", server=server.id, project=service.project_id, service=service.id, tab=tab)


def text_of(person: Person, name: str) -> str:
    found = [each for each in person.window.findChildren(QLineEdit, name) if each.isVisible()]
    return found[-1].text() if found else ""


async def shown_url(person: Person) -> str:
    """Show the password in the connection, and give back what can be read then."""
    await person.see(lambda: "••••" in text_of(person, "connection-url"), "the connection without its password")
    await person.click("reveal-url")
    await person.see(lambda: "••••" not in text_of(person, "connection-url"), "the connection with its password")
    shown = text_of(person, "connection-url")
    await person.click("reveal-url")
    return shown


async def see_deployed(person: Person, server: KnownServer, name: str, number: int) -> None:
    """Wait until deployment `number` of a service ended well."""

    def ended() -> bool:
        newest = server.model.latest_deployment(service_of(server, name).id)
        return newest is not None and newest.number == number and newest.state.is_final

    await person.see(ended, f"the end of deployment {number} of {name}", 240)
    newest = server.model.latest_deployment(service_of(server, name).id)
    assert newest is not None
    assert newest.state is DeploymentState.SUCCEEDED, newest.problem
