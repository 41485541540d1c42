"""Services of every kind made and deployed by clicking in the real window."""

import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from godploy_desktop.core.server import Server as KnownServer
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import Deployment, DeploymentState, Service, ServiceKind, ServiceState
from tests.lab.labkit.applications import FOLDER, application
from tests.lab.labkit.git_host import GitHost
from tests.lab.labkit.hub_images import NIXPACKS_BASE
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.private_registry import PrivateRegistry
from tests.lab.labkit.servers import Server
from tests.lab.labkit.tool_mirror import ToolMirror
from tests.lab.product import Godploy, add_server, visit_page
from tests.lab.window import Person, at_the_window

Plot = Callable[[Person, KnownServer], Awaitable[None]]


@pytest.fixture
def at_project(
    bootstrapped_server: Server, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Plot], None]:
    """Opens the window of a person who knows the server, makes a project, and goes on with what the test gives."""
    profile = Godploy(tmp_path / "person")
    add_server(profile, bootstrapped_server, lab)
    monkeypatch.setenv("GODPLOY_HOME", profile.environment["GODPLOY_HOME"])

    def run(plot: Plot) -> None:
        async def live(person: Person) -> None:
            await person.see(lambda: person.workspace.servers, "the server")
            server = person.workspace.servers[0]
            await person.see(lambda: server.model.is_live, "a live server", 60)
            await person.go(Route("projects"))
            await person.click("new-project" if person.shows("new-project") else "empty-new-project")
            await person.type("project-name", "made")
            await person.click("create-project")
            await person.see(lambda: person.shows("new-service"), "the project's page")
            await plot(person, server)

        at_the_window(live)

    return run


@pytest.fixture
def with_tools(bootstrapped_server: Server, godploy: Godploy, tool_mirror: ToolMirror) -> Iterator[None]:
    """The server takes the builders' programs from the lab, and has the base image of Nixpacks."""
    tools = tool_mirror.tools.values()
    godploy("settings", *(word for tool in tools for word in ("--tool", tool.name, tool.url, tool.sha256)))
    if NIXPACKS_BASE not in bootstrapped_server.inside("docker", "images", "--format", "{{.Repository}}:{{.Tag}}"):
        bootstrapped_server.load_image(NIXPACKS_BASE)
    yield
    godploy("settings", "--tool")


def test_a_database_from_the_gallery_runs(
    at_project: Callable[[Plot], None], offer_images: Callable[..., None], tmp_path: Path
) -> None:
    offer_images("postgres:16")

    async def plot(person: Person, server: KnownServer) -> None:
        await begin(person, "database")
        await person.type("template-search", "postgresql")
        await person.click("template-postgres")
        await person.choose("template-version", "16")
        await person.type("service-name", "db")
        await person.click("create-service")
        await see_running(person, server, "db", 1)
        assert service_of(server, "db").kind is ServiceKind.DATABASE
        await person.picture(tmp_path / "pictures" / "database.png")

    at_project(plot)


def test_a_folder_and_an_archive_of_this_computer_are_sent_and_served(
    at_project: Callable[[Plot], None],
    bootstrapped_server: Server,
    offer_images: Callable[..., None],
    tmp_path: Path,
) -> None:
    offer_images("nginx:1.29-alpine")
    site = tmp_path / "site"
    shutil.copytree(FOLDER / "static-plain", site)
    host = bootstrapped_server.domain("site")

    async def plot(person: Person, server: KnownServer) -> None:
        await begin(person, "folder")
        await person.type("service-folder", str(site))
        await person.see_text("3 files")
        await person.choose("service-builder", "static")
        await person.click("create-service")
        await see_running(person, server, "site", 1)
        await route_plainly(person, server, host)
        await person.see(lambda: "static-plain" in visit_page(bootstrapped_server, host).body, "the page", 30)

        (site / "index.html").write_text("<h1>the second edition</h1>")
        await person.go(route_to(server, "site", "overview"))
        await person.click("deploy-button")
        await see_running(person, server, "site", 2)
        assert "the second edition" in visit_page(bootstrapped_server, host).body

        await to_project(person, server)
        await begin(person, "archive")
        await person.type("service-archive", shutil.make_archive(str(tmp_path / "sent"), "zip", site))
        await person.click("create-service")
        made = await see_running(person, server, "sent", 1)
        assert made.plan is not None
        assert made.plan.builder == "static"  # found out by looking

    at_project(plot)


@pytest.mark.usefixtures("with_tools")
def test_a_repository_is_built_with_nixpacks_and_then_with_buildpacks(
    at_project: Callable[[Plot], None],
    git_host: GitHost,
    offer_images: Callable[..., None],
) -> None:
    """The base image of Nixpacks and the builder image are the lab's stand-ins; the programs are the real ones."""
    offer_images("paketobuildpacks/builder-jammy-base:latest", "paketobuildpacks/run-jammy-base:latest")
    repository = git_host.create(f"python-{secrets.token_hex(4)}", application("python"))

    async def plot(person: Person, server: KnownServer) -> None:
        await begin(person, "git")
        await person.type("service-url", repository.url)
        await person.type("service-name", "app")
        await person.choose("service-builder", "nixpacks")
        await person.click("create-service")
        await person.see_text("Deploy key")
        repository.allow(service_of(server, "app").deploy_key)
        await person.click("deploy-new-service")
        made = await see_running(person, server, "app", 1)
        assert made.plan is not None
        assert made.plan.builder == "nixpacks"

        await person.go(route_to(server, "app", "settings"))
        await person.choose("setting-builder", "buildpacks")
        await person.click("save-settings")
        await person.see(lambda: service_of(server, "app").settings.builder.kind == "buildpacks", "the saved builder")
        await person.click("deploy-button")
        made = await see_running(person, server, "app", 2)
        assert made.plan is not None
        assert made.plan.builder == "buildpacks"

    try:
        at_project(plot)
    finally:
        repository.delete()


def test_a_private_image_and_a_custom_service_with_a_volume_run(
    at_project: Callable[[Plot], None],
    bootstrapped_server: Server,
    godploy: Godploy,
    private_registry: PrivateRegistry,
    offer_images: Callable[..., None],
) -> None:
    offer_images("valkey/valkey:8")
    login = (private_registry.host, private_registry.user)
    godploy("registry", "add", *login, "--password-stdin", stdin=private_registry.password)

    def valkey(*words: str) -> str:
        named = bootstrapped_server.run("docker ps -qf name=-made-store-").split()
        return bootstrapped_server.inside("docker", "exec", named[0], "valkey-cli", *words)

    async def plot(person: Person, server: KnownServer) -> None:
        await begin(person, "image")
        await person.see_text(f"is logged in at {private_registry.host}")
        await person.type("service-image", private_registry.image.removeprefix(f"{private_registry.host}/"))
        await person.choose("service-registry", private_registry.host)
        await person.type("service-name", "private")
        await person.click("create-service")
        await see_running(person, server, "private", 1)

        await to_project(person, server)
        await begin(person, "custom")
        await person.type("service-custom-image", "valkey/valkey:8")
        await person.type("service-command", "valkey-server --dir /data --appendonly yes")
        await person.type("service-name", "store")
        await person.type("service-port", "")
        await person.click("service-mounts-add")
        await person.type("service-mounts-source-0", "data")
        await person.type("service-mounts-target-0", "/data")
        await person.type("service-health-command", "valkey-cli ping")
        await person.click("create-service")
        await see_running(person, server, "store", 1)
        valkey("set", "kept", "by the volume")
        await person.click("deploy-button")
        await see_running(person, server, "store", 2)
        assert "by the volume" in valkey("get", "kept")

    at_project(plot)


async def begin(person: Person, kind: str) -> None:
    """Open the form for a new service of a kind."""
    await person.click("new-service")
    await person.click(f"service-kind-{kind}")


async def to_project(person: Person, server: KnownServer) -> None:
    made = next(each for each in server.model.projects.values() if each.name == "made")
    await person.go(Route("project", server=server.id, project=made.id))


async def route_plainly(person: Person, server: KnownServer, host: str) -> None:
    """Give the site a domain without a certificate."""
    await person.go(route_to(server, "site", "domains"))
    await person.click("add-domain")
    await person.type("domain-host", host)
    await person.tick("domain-tls", is_checked=False)
    await person.click("create-domain")
    await person.see(lambda: service_of(server, "site").domains, "the domain")


def route_to(server: KnownServer, name: str, tab: str) -> Route:
    """A tab of a service's page."""
    found = service_of(server, name)
    return Route("service", server=server.id, project=found.project_id, service=found.id, tab=tab)


def service_of(server: KnownServer, name: str) -> Service:
    """The service as the window's model holds it."""
    return next(each for each in server.model.services.values() if each.name == name)


async def see_running(person: Person, server: KnownServer, name: str, number: int) -> Deployment:
    """Wait until deployment `number` of a service ended well and it runs; gives the deployment back."""

    def ended() -> Deployment | None:
        failed = [each.error for each in person.workspace.tasks.all if each.error is not None]
        assert not failed, failed
        made = [each for each in server.model.services.values() if each.name == name]
        newest = server.model.latest_deployment(made[0].id) if made else None
        return newest if newest is not None and newest.number == number and newest.state.is_final else None

    newest = await person.see(ended, f"the end of deployment {number} of {name}", 300)
    assert newest is not None
    assert newest.state is DeploymentState.SUCCEEDED, newest.problem
    await person.see(lambda: service_of(server, name).state is ServiceState.RUNNING, f"{name} running", 60)
    return newest
