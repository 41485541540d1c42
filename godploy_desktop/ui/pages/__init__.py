"""One file a page: widgets, layout and bindings only. `page_factories` is what the window makes pages with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from godploy_desktop.ui.models.route import PageName, Route
from godploy_server.contract import ProjectId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server
    from godploy_desktop.core.workspace import Workspace
    from godploy_desktop.ui.pages.frame.context import Context, Shell
    from godploy_desktop.ui.pages.frame.page import Page

MakePage = Callable[[Route], "Page"]


def page_factories(workspace: Workspace, shell: Shell) -> dict[PageName, MakePage]:
    """Give back what makes each page. A route to something that no longer exists gives the page above it."""
    from godploy_desktop.ui.pages.frame.context import Context

    return factories(Context(workspace, shell))


def factories(context: Context) -> dict[PageName, MakePage]:
    """The same for a context that is there already. Each page is imported when it is first asked for: the window's
    first paint waits for one of them only."""
    return {
        "welcome": lambda _: _welcome(context),
        "dashboard": lambda _: _dashboard(context),
        "servers": lambda _: _servers(context),
        "server": lambda route: _server(context, route),
        "projects": lambda _: _projects(context),
        "project": lambda route: _project(context, route),
        "service": lambda route: _service(context, route),
        "deployments": lambda _: _deployments(context),
        "git": lambda _: _git(context),
        "settings": lambda _: _settings(context),
    }


def _welcome(context: Context) -> Page:
    from godploy_desktop.ui.pages.home.welcome import WelcomePage

    return WelcomePage(context)


def _dashboard(context: Context) -> Page:
    if context.workspace.is_open and not context.workspace.servers:
        return _welcome(context)  # the first run
    from godploy_desktop.ui.pages.home.dashboard import DashboardPage

    return DashboardPage(context)


def _servers(context: Context) -> Page:
    from godploy_desktop.ui.pages.servers.servers import ServersPage

    return ServersPage(context)


def _server(context: Context, route: Route) -> Page:
    from godploy_desktop.ui.pages.servers.server import ServerPage

    server = context.server(route.server)
    return ServerPage(context, server, route.tab) if server is not None else _servers(context)


def _projects(context: Context) -> Page:
    from godploy_desktop.ui.pages.projects.projects import ProjectsPage

    return ProjectsPage(context)


def _project(context: Context, route: Route) -> Page:
    from godploy_desktop.ui.pages.projects.project import ProjectPage

    server = context.server(route.server)
    if server is None or not _may_exist(server, route.project in server.model.projects):
        return _projects(context)
    return ProjectPage(context, server, ProjectId(route.project), route.tab)


def _service(context: Context, route: Route) -> Page:
    from godploy_desktop.ui.pages.service.service import ServicePage

    server = context.server(route.server)
    if server is None:
        return _projects(context)
    if not _may_exist(server, route.service in server.model.services):
        return _project(context, route)
    return ServicePage(context, server, route)


def _deployments(context: Context) -> Page:
    from godploy_desktop.ui.pages.everywhere.deployments import DeploymentsPage

    return DeploymentsPage(context)


def _git(context: Context) -> Page:
    from godploy_desktop.ui.pages.everywhere.git import GitPage

    return GitPage(context)


def _settings(context: Context) -> Page:
    from godploy_desktop.ui.pages.everywhere.settings import SettingsPage

    return SettingsPage(context)


def _may_exist(server: Server, is_known: bool) -> bool:
    """What a server that is not live does not know may exist all the same; its page fills when it answers."""
    return is_known or not server.model.is_live
