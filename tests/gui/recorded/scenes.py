"""What can be looked at: each scene is a workspace, a place, and what a person did there."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from godploy_desktop.assets import asset
from godploy_desktop.core.git.statuses import Place, Report
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.route import Route
from godploy_server.contract import (
    Cleanup,
    DeploymentChanged,
    DeploymentId,
    GodployError,
    NotAllowed,
    Problem,
    Service,
    ToolSource,
    Unreachable,
    Variable,
)
from tests.gui.recorded import databases, host_keys, pushes, snapshots, writers
from tests.gui.recorded.git_hosts import APPS, GITHUB, OURS, with_accounts
from tests.gui.recorded.workspace import recorded_server, recorded_workspace

SERVER_SETTINGS = Route("server", server=1, tab="settings")
SERVICE = Route("service", server=1, project="p-storefront", service=snapshots.WEB.id)
API = Route("service", server=1, project="p-storefront", service=snapshots.API.id)
REPORTS = Route("service", server=1, project="p-storefront", service=snapshots.REPORTS.id)
DRAFT = Route("service", server=1, project="p-storefront", service=snapshots.DRAFT.id)
EXAMPLE = "LOG_LEVEL=info\nDATABASE_URL=\nSTRIPE_API_KEY=\nPUBLIC_URL=https://shop.example.com\n"
NO_SOURCE = Unreachable(
    "The repository cannot be fetched",
    "git@git.example.com answered: Permission denied (publickey)",
    "Add the service's deploy key to the repository",
)
NO_LOGIN = NotAllowed(
    "ghcr.io does not accept this login", "it answered: 401 Unauthorized", "Check the user and the password or token"
)
DB = Route("service", server=1, project="p-storefront", service=databases.DB.id)
SITE = Route("service", server=1, project="p-storefront", service=databases.SITE.id)
PROJECT = Route("project", server=1, project="p-storefront")


@dataclass
class Scene:
    """`act` is called with the page once it is shown, and may open a dialog."""

    workspace: Workspace
    route: Route
    act: Callable[[Any], object] = field(default=lambda _: None)


Make = Callable[[Path], Scene]


def at(route: Route, act: Callable[[Any], object] = lambda _: None) -> Make:
    return lambda folder: Scene(recorded_workspace(folder), route, act)


def empty(route: Route) -> Make:
    def make(folder: Path) -> Scene:
        workspace = recorded_workspace(folder, recorded_server(1, "fra-1", None))
        workspace.servers.clear()
        return Scene(workspace, route)

    return make


def lost(route: Route) -> Make:
    def make(folder: Path) -> Scene:
        workspace = recorded_workspace(folder)
        problem = Problem("unreachable", "fra-1 does not answer", "no packet came for 10 s", "Wait, or check it")
        workspace.servers[0].model.as_of = snapshots.NOW
        workspace.servers[0].connection.become(ConnectionState.RECONNECTING, problem)
        return Scene(workspace, route)

    return make


def fresh_server(folder: Path) -> Scene:
    workspace = recorded_workspace(folder, recorded_server(1, "fra-3", None))
    workspace.servers[0].connection.become(ConnectionState.CONNECTED)
    return Scene(workspace, Route("server", server=1))


def click(name: str) -> Callable[[Any], object]:
    def act(page: Any) -> object:
        from PySide6.QtWidgets import QAbstractButton

        return page.findChild(QAbstractButton, name).click()

    return act


def with_databases(route: Route, act: Callable[[Any], object] = lambda _: None, of: Service = databases.DB) -> Make:
    def make(folder: Path) -> Scene:
        server = recorded_server(1, "fra-1", databases.server_with_databases(of))
        server.agent.kept_variables = databases.VARIABLES
        return Scene(
            recorded_workspace(folder, server, recorded_server(2, "fra-2", snapshots.second_server())), route, act
        )

    return make


def signed_in(route: Route, act: Callable[[Any], object] = lambda _: None) -> Make:
    """With accounts at two git hosts."""

    def make(folder: Path) -> Scene:
        scene = Scene(recorded_workspace(folder), route, act)
        with_accounts(scene.workspace, OURS, GITHUB)
        return scene

    return make


def pushed(act: Callable[[Any], object] = lambda _: None, *, has_hook: bool = True, shared: str = "") -> Make:
    """The Push tab of a service, with deliveries or with nothing yet; they may come by a hook that is `shared`."""

    def make(folder: Path) -> Scene:
        scene = signed_in(API.on("push"), act)(folder)
        agent = scene.workspace.servers[0].agent
        agent.kept_hook = replace(pushes.HOOK, shared=shared) if has_hook else None
        agent.kept_deliveries = pushes.DELIVERIES if has_hook else ()
        return scene

    return make


def refused_by_host(page: Any) -> None:
    """Have a git host refuse what this computer tells it of commits."""
    git, statuses = page.context.workspace.git, page.context.workspace.statuses
    git.tell_commits(git.accounts[0], is_on=True)
    statuses._show(Place(1, snapshots.API.id), Report(git.accounts[0].id, problem=writers.NO_LEAVE.problem))


def told_by_server(writer: Any) -> Callable[[Any], object]:
    """Have the server tell commit states, and look at that."""

    def act(page: Any) -> object:
        writers.tell_writer(page.context.workspace.servers[0], writer)
        return below("commit-state-remove")(page)

    return act


def choose_repository(example: str = "", *, press: str = "", refuses: bool = False) -> Callable[[Any], object]:
    """Choose a repository of an account for a new service, wait until it was looked into, and press something."""

    async def go_on(page: Any) -> None:
        hosts = page.context.workspace.git._transport.handler
        hosts.example = example
        table = await seen(page.window(), "repository-table")
        while not table.rows:  # noqa: ASYNC110  what is waited for is a widget, which sets no event
            await asyncio.sleep(0.01)
        table.activated.emit(table.rows[0].key)
        while "Dockerfile" not in (await seen(page.window(), "service-repository-found")).text():  # noqa: ASYNC110  as above
            await asyncio.sleep(0.01)
        if press:
            server = page.context.workspace.servers[0]
            server.agent.kept_host_keys = (
                host_keys.confirmed("git.example.com", host_keys.SHOWN[0], "", snapshots.NOW),
            )
            hosts.refuses = refuses
            named(page.window(), press).click()
            await asyncio.sleep(0.1)

    def act(page: Any) -> object:
        click("new-service")(page)
        return asyncio.ensure_future(go_on(page))

    return act


def sign_in_by_code(page: Any) -> object:
    """Sign in at a host that shows a code."""

    async def go_on() -> None:
        await asyncio.sleep(0.05)
        named(page.window(), "git-way").choose("device")
        named(page.window(), "sign-in").click()

    click("git-sign-in")(page)
    return asyncio.ensure_future(go_on())


def with_apps(folder: Path) -> Scene:
    """The Git page with GitHub Apps, one that tells a server of pushes and one of an organization that tells none."""
    scene = signed_in(Route("git"))(folder)
    by_app = GITHUB | {"id": "a3", "sign_in": "app", "client_id": APPS[0]["client_id"]}
    scene.workspace.set_setting("git-accounts", [OURS, by_app])
    scene.workspace.set_setting("github-apps", list(APPS))
    return scene


def own_templates(folder: Path) -> Scene:
    """The gallery with two templates of a person's own, one of them broken."""
    from godploy_desktop.assets import asset

    kept = folder / "data" / "templates"
    kept.mkdir(parents=True)
    ours = (
        asset("resources/templates/postgres.yaml")
        .read_text(encoding="utf-8")
        .replace("name: postgres\n", "name: team\n", 1)
    )
    (kept / "team.yaml").write_text(ours.replace("title: PostgreSQL", "title: Team database", 1), encoding="utf-8")
    (kept / "broken.yaml").write_text(ours.replace("versions:", "version:", 1), encoding="utf-8")
    return Scene(recorded_workspace(folder), PROJECT, new_service_of("database"))


def builder_of_settings(kind: str) -> Callable[[Any], object]:
    return lambda page: named(page, "setting-builder").choose(kind)


def wrong_settings(page: Any) -> None:
    named(page, "setting-port").setText("80 80")
    named(page, "setting-mounts-add").click()
    named(page, "setting-mounts-source-0").setText("my files")
    named(page, "save-settings").click()


def new_service_of(
    choice: str, press: tuple[str, ...] = (), choose: tuple[str, str] | None = None, folder: str = ""
) -> Callable[[Any], object]:
    """Open the form for a new service, choose what is to run, then press things, choose from a list or give one of
    our folders."""

    async def go_on(window: Any) -> None:
        from PySide6.QtWidgets import QAbstractButton

        if choice == "database":
            await seen(window, "template-search")
        if folder:
            from godploy_desktop.assets import asset

            named(window, "service-folder").setText(str(asset(folder)))
            await asyncio.sleep(0.6)  # until it was looked at
        if choose is not None:
            named(window, choose[0]).choose(choose[1])
        for name in press:
            found = await seen(window, name)
            found.click() if isinstance(found, QAbstractButton) else found.clicked.emit()

    def act(page: Any) -> object:
        click("new-service")(page)
        named(page.window(), f"service-kind-{choice}").click()
        return asyncio.ensure_future(go_on(page.window()))

    return act


async def seen(window: Any, name: str) -> Any:
    while (found := named(window, name)) is None:  # noqa: ASYNC110  what is waited for is a widget, which sets no event
        await asyncio.sleep(0.01)
    return found


def named(window: Any, name: str) -> Any:
    from PySide6.QtWidgets import QWidget

    return window.findChild(QWidget, name)


def on_deployment(route: Route, identity: str) -> Route:
    return replace(route, tab="deployments", deployment=DeploymentId(identity))


def look_at_host_key(error: GodployError, *, opens: bool = True) -> Callable[[Any], object]:
    """A deployment failed because of a git host's key; the way to look at it is pressed."""

    def act(page: Any) -> object:
        from PySide6.QtWidgets import QAbstractButton

        failed = replace(snapshots.API_FAILED, problem=error.problem)
        page.context.workspace.servers[0].model.apply(DeploymentChanged(failed))
        return page.findChild(QAbstractButton, "look-at-host-key").click() if opens else None

    return act


def below(name: str, *, presses: bool = False) -> Callable[[Any], object]:
    """Scroll down to a part of a long page, and press it."""

    async def go_on(page: Any) -> None:
        from PySide6.QtWidgets import QAbstractButton, QScrollArea

        button = page.findChild(QAbstractButton, name)
        if presses:
            button.click()
            await asyncio.sleep(0.1)
        bar = page.findChild(QScrollArea).verticalScrollBar()
        bar.setValue(button.mapTo(page, button.rect().topLeft()).y() + bar.value() - 120)

    return lambda page: asyncio.ensure_future(go_on(page))


def mirrored(folder: Path) -> Scene:
    """A server that takes the programs of builders from an address of its own."""
    base = databases.server_with_databases()
    tools = (ToolSource("nixpacks", "https://mirror.example.com/nixpacks-1.41.0.tar.gz", "0f55de78" * 8),)
    settings = replace(base.settings, tools=tools, build_memory_bytes=2048 * 1024 * 1024, builds_at_once=2)
    server = recorded_server(1, "fra-1", replace(base, settings=settings))
    return Scene(recorded_workspace(folder, server), SERVER_SETTINGS)


def held(verb: str, act: Callable[[Any], object]) -> Callable[[Any], object]:
    """The same while the server does not answer a call."""

    def do(page: Any) -> object:
        page.context.workspace.servers[0].agent.hold[verb] = asyncio.Event()
        return act(page)

    return do


def refused(verb: str, error: GodployError, act: Callable[[Any], object]) -> Callable[[Any], object]:
    """The same where the server refuses a call."""

    def do(page: Any) -> object:
        page.context.workspace.servers[0].agent.refuse[verb] = error
        return act(page)

    return do


def rotate(page: Any) -> object:
    """Change the password of a database, and wait for what comes of it."""

    async def go_on() -> None:
        await asyncio.sleep(0.05)
        named(page.window(), "confirm-rotate").click()

    click("rotate-password")(page)
    return asyncio.ensure_future(go_on())


def clean_server(page: Any) -> object:
    """Look for what can go where nothing can."""
    page.context.workspace.servers[0].agent.found = Cleanup((), 0)
    return below("see-cleanup", presses=True)(page)


def log_in(page: Any) -> object:
    """Log in at a registry that refuses it."""

    async def go_on() -> None:
        window = page.window()
        for name, text in (("host", "ghcr.io"), ("user", "deploy"), ("password", "wrong")):
            named(window, f"registry-{name}").setText(text)
        named(window, "save-registry").click()

    click("add-registry")(page)
    return asyncio.ensure_future(go_on())


def database_variables(folder: Path) -> Scene:
    scene = with_databases(DB.on("variables"))(folder)
    scene.workspace.servers[0].agent.kept_variables = (
        Variable("POSTGRES_DB", "app"),
        Variable("POSTGRES_PASSWORD", None, is_secret=True),
        Variable("POSTGRES_USER", "app"),
    )
    return scene


def lose(page: Any) -> None:
    """Lose the connection after everything was read."""
    problem = Problem("unreachable", "fra-1 does not answer", "no packet came for 10 s", "Wait, or check it")
    page.context.workspace.servers[0].connection.become(ConnectionState.RECONNECTING, problem)


def send(page: Any) -> object:
    """Send a folder of this computer; its first step is under way."""
    here(page, str(asset("resources/samples")))
    return click("deploy-button")(page)


def show_plan(page: Any) -> None:
    page.header._show_plan()


def deploy_commit(page: Any) -> None:
    from godploy_desktop.ui.models.deploy_ways import Way

    page.header._deploy_by(Way.COMMIT)


def here(page: Any, path: str = databases.SITE.settings.source.path, **changes: object) -> None:
    """Let the folder be one of this computer."""
    from godploy_desktop.core.sources import this_computer
    from tests.gui.recorded.workspace import change_service

    server = page.context.workspace.servers[0]
    source = replace(databases.SITE.settings.source, path=path, computer=this_computer())
    change_service(server, databases.SITE, settings=replace(databases.SITE.settings, source=source), **changes)


def add_server_dialog(page: Any) -> None:
    from godploy_desktop.ui.pages.servers.add_server import add_server

    add_server(page)


SCENES: dict[str, Make] = {
    "welcome": empty(Route("welcome")),
    "dashboard": at(Route("dashboard")),
    "dashboard-empty": empty(Route("dashboard")),
    "dashboard-lost": lost(Route("dashboard")),
    "projects": at(Route("projects")),
    "project": at(PROJECT),
    "project-lost": lost(PROJECT),
    "project-deployments": at(PROJECT.on("deployments")),
    "project-settings": at(PROJECT.on("settings")),
    "project-delete": at(PROJECT.on("settings"), click("delete-project")),
    "new-project": at(Route("projects"), click("new-project")),
    "new-service": at(PROJECT, click("new-service")),
    "new-service-repositories": signed_in(PROJECT, new_service_of("git")),
    "new-service-chosen": signed_in(PROJECT, choose_repository(EXAMPLE)),
    "new-service-link-failed": signed_in(PROJECT, choose_repository(press="create-service", refuses=True)),
    "new-service-no-account": at(PROJECT, new_service_of("git", press=("service-choose-repository",))),
    "new-service-builder": at(PROJECT, new_service_of("git", choose=("service-builder", "static"))),
    "new-service-folder": at(PROJECT, new_service_of("folder", folder="resources/samples/hello")),
    "new-service-archive": at(PROJECT, new_service_of("archive")),
    "new-service-image": at(PROJECT, new_service_of("image")),
    "new-service-gallery": at(PROJECT, new_service_of("database")),
    "new-service-template": at(PROJECT, new_service_of("database", press=("template-postgres",))),
    "new-service-template-public": at(
        PROJECT, new_service_of("database", press=("template-postgres", "template-public"))
    ),
    "new-service-own-templates": own_templates,
    "new-service-custom": at(PROJECT, new_service_of("custom", press=("service-mounts-add", "service-ports-add"))),
    "servers": at(Route("servers")),
    "servers-empty": empty(Route("servers")),
    "add-server": at(Route("servers"), add_server_dialog),
    "server": at(Route("server", server=1)),
    "server-fresh": fresh_server,
    "server-settings": at(Route("server", server=1, tab="settings")),
    "server-settings-mirror": mirrored,
    "server-registries": with_databases(SERVER_SETTINGS, below("add-registry")),
    "server-git-hosts": with_databases(SERVER_SETTINGS, below("shipped-git-hosts", presses=True)),
    "git-host-key": at(on_deployment(API, snapshots.API_FAILED.id), look_at_host_key(host_keys.UNKNOWN)),
    "git-host-key-changed": at(on_deployment(API, snapshots.API_FAILED.id), look_at_host_key(host_keys.CHANGED)),
    "git-host-unknown": at(
        on_deployment(API, snapshots.API_FAILED.id), look_at_host_key(host_keys.UNKNOWN, opens=False)
    ),
    "service-key-tested": at(API.on("settings"), click("settings-test-key")),
    "server-cleanup": with_databases(SERVER_SETTINGS, below("see-cleanup", presses=True)),
    "add-registry": with_databases(SERVER_SETTINGS, click("add-registry")),
    "service-overview": at(SERVICE),
    "service-folder": with_databases(SITE, here),
    "service-plan": with_databases(API, show_plan),
    "deploy-commit": with_databases(API, deploy_commit),
    "database": with_databases(DB),
    "database-public": with_databases(DB, click("reveal-url"), databases.PUBLIC_DB),
    "database-trouble": with_databases(replace(DB, service=databases.QUEUE.id)),
    "database-rotate": with_databases(DB, click("rotate-password")),
    "database-variables": database_variables,
    "database-version": with_databases(DB, click("change-version")),
    "database-rotating": with_databases(DB, held("rotate", rotate)),
    "database-rotated": with_databases(DB, rotate),
    "database-lost": with_databases(DB, lose),
    "service-plan-loading": with_databases(API, held("plan", show_plan)),
    "service-plan-failed": with_databases(API, refused("plan", NO_SOURCE, show_plan)),
    "service-sending": with_databases(SITE, held("prepare_upload", send)),
    "server-cleanup-nothing": with_databases(SERVER_SETTINGS, clean_server),
    "registry-refused": with_databases(SERVER_SETTINGS, refused("set_registry", NO_LOGIN, log_in)),
    "database-delete": with_databases(DB.on("settings"), click("delete-service")),
    "service-crashed": at(REPORTS),
    "service-undeployed": at(DRAFT),
    "service-deployments": at(SERVICE.on("deployments")),
    "deployment-succeeded": at(on_deployment(SERVICE, snapshots.WEB_12.id)),
    "deployment-running": at(on_deployment(API, snapshots.API_RUNNING.id)),
    "deployment-failed": at(on_deployment(API, snapshots.API_FAILED.id)),
    "deployment-planned": with_databases(on_deployment(API, snapshots.API_RUNNING.id), click("show-plan-detail")),
    "deployment-queued": with_databases(on_deployment(SITE, databases.SITE_QUEUED.id)),
    "deployment-superseded": with_databases(on_deployment(API, databases.API_SUPERSEDED.id)),
    "api-deployments": with_databases(API.on("deployments")),
    "roll-back": at(SERVICE.on("deployments"), click("roll-back-button")),
    "service-logs": at(SERVICE.on("logs")),
    "service-metrics": at(SERVICE.on("metrics")),
    "service-variables": at(API.on("variables")),
    "service-variables-references": with_databases(API.on("variables")),
    "connect-database": with_databases(API.on("variables"), click("connect-a-database")),
    "service-domains": at(SERVICE.on("domains")),
    "service-domains-waiting": at(REPORTS.on("domains")),
    "add-domain": at(SERVICE.on("domains"), click("add-domain")),
    "service-push": pushed(),
    "service-push-deliveries": pushed(below("redeliver-delivery-6")),
    "service-push-nothing": pushed(has_hook=False),
    "service-commit-state-nobody": pushed(below("commit-state-token")),
    "service-commit-state-server": pushed(told_by_server(writers.WRITER)),
    "service-commit-state-refused": pushed(told_by_server(writers.REFUSED_WRITER)),
    "service-commit-state-token": pushed(click("commit-state-token")),
    "service-push-lost": pushed(lose),
    "service-push-app": pushed(shared="ab" * 20),
    "service-settings": at(SERVICE.on("settings")),
    "service-settings-builder": at(SERVICE.on("settings"), builder_of_settings("dockerfile")),
    "service-settings-wrong": at(SERVICE.on("settings"), wrong_settings),
    "service-settings-folder": with_databases(SITE.on("settings"), builder_of_settings("static")),
    "service-settings-database": with_databases(DB.on("settings"), below("setting-mounts-add")),
    "service-delete": at(SERVICE.on("settings"), click("delete-service")),
    "deployments": at(Route("deployments")),
    "deployments-queue": with_databases(Route("deployments")),
    "server-queue": with_databases(Route("server", server=1)),
    "project-databases": with_databases(PROJECT),
    "git": at(Route("git")),
    "git-accounts": signed_in(Route("git")),
    "git-accounts-refused": signed_in(Route("git"), refused_by_host),
    "git-sign-in": at(Route("git"), click("git-sign-in")),
    "git-apps": with_apps,
    "git-sign-in-code": signed_in(Route("git"), sign_in_by_code),
    "settings": at(Route("settings")),
}
